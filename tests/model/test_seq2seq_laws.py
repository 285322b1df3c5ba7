"""Laws of every decoder family: steps agree with the whole run, rows with themselves alone, padding is not read."""

from typing import NamedTuple

import pytest
import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from heedful.decode import beam, greedy
from heedful.errors import UserError
from heedful.model.attention_config import CHOICES, REGIONS, SCORES, AttentionConfig
from heedful.model.seq2seq import DECODERS, SeqToSeq, SeqToSeqConfig
from heedful.shapes import BOS, EOS, PAD, take_rows
from heedful.watch import record

SOURCES, TARGETS = 11, 13
SMALL = SeqToSeqConfig(embed=5, hidden=6, merge="sum")
LOOKING = ("static", "bahdanau", "luong", "luong-feeding", "grammar", "guided", "show-attend-tell", "adaptive")
DYNAMIC = ("bahdanau", "luong", "luong-feeding", "grammar", "guided", "show-attend-tell")
WITHOUT_POSITIONS = ("adaptive",)  # its sentinel has no position


class Batch(NamedTuple):
    """Three pairs of unequal lengths, longest neither first nor last."""

    source: Tensor
    source_lengths: Tensor
    target_in: Tensor
    target_out: Tensor


def make_batch() -> Batch:
    draw = torch.Generator().manual_seed(7)
    source = torch.randint(3, SOURCES, (3, 7), generator=draw)
    words = torch.randint(3, TARGETS, (3, 4), generator=draw)
    lengths, target_lengths = torch.tensor([3, 7, 1]), [4, 2, 5]
    target_out = torch.full((3, 5), PAD)
    for row, length in enumerate(target_lengths):
        source[row, lengths[row] :] = PAD
        target_out[row, : length - 1] = words[row, : length - 1]
        target_out[row, length - 1] = EOS
    target_in = torch.cat([torch.full((3, 1), BOS), target_out[:, :-1]], dim=1)
    return Batch(source, lengths, target_in, target_out)


def make_model(config: SeqToSeqConfig, seed: int = 3) -> SeqToSeq:
    """A model in float64 with every parameter drawn, biases too, and larger than at first: so that all matters."""
    torch.manual_seed(seed)
    model = SeqToSeq.for_texts(config, SOURCES, TARGETS).double().eval()
    for parameter in model.parameters():
        parameter.data = 0.7 * torch.randn_like(parameter)
    return model


def changed(**changes: object) -> SeqToSeqConfig:
    return SMALL.model_copy(update=changes)


def step_by_step(model: SeqToSeq, batch: Batch) -> tuple[Tensor, Tensor | None]:
    """Logits [B, T, V] and attention [B, T, S] of teacher forcing, one step at a time."""
    memory = model.encode(batch.source, batch.source_lengths)
    state, logits, maps = model.start(memory), [], []
    for token in batch.target_in.unbind(1):
        step = model.step(token, state, memory)
        state = step.state
        logits.append(step.logits)
        maps.append(None if step.attention is None else step.attention())
    return torch.stack(logits, dim=1), None if maps[0] is None else torch.stack(maps, dim=1)


def everywhere(model: SeqToSeq, batch: Batch) -> Tensor:
    return model.logits(batch.source, batch.source_lengths, batch.target_in)


FAMILIES = pytest.mark.parametrize("decoder", DECODERS)
SHAPES = pytest.mark.parametrize(
    "shape",
    [
        {},
        {"cell": "lstm", "layers": 2},
        {"layers": 3, "merge": "concat", "start": "zero"},
        {"cell": "lstm", "bidirectional": False, "start": "final"},
    ],
    ids=["gru", "lstm2", "gru3-concat-zero", "lstm-oneway-final"],
)


@FAMILIES
@SHAPES
def test_one_step_at_a_time_is_all_at_once(decoder: str, shape: dict[str, object]) -> None:
    model, batch = make_model(changed(decoder=decoder, **shape)), make_batch()
    steps, maps = step_by_step(model, batch)
    torch.testing.assert_close(steps, everywhere(model, batch))
    assert (maps is not None) == (decoder in LOOKING)


def check_attention(decoder: str, attention: AttentionConfig) -> None:
    model, batch = make_model(changed(decoder=decoder, attention=attention)), make_batch()
    steps, maps = step_by_step(model, batch)
    torch.testing.assert_close(steps, everywhere(model, batch))
    assert maps is not None
    total = maps.sum(-1)
    if "predicted" in attention.region or decoder == "adaptive":  # a gate or a sentinel takes the rest
        assert (total < 1).any() or decoder == "adaptive"  # a hard choice may leave the sentinel out
        assert (total <= 1 + 1e-9).all()
    else:
        torch.testing.assert_close(total, torch.ones_like(total))
    assert maps.ge(0).all()
    assert maps[2, :, 1:].eq(0).all()  # the row of length 1


STEADY = [name for name in CHOICES if name != "gumbel"]
AREAS = [*REGIONS, "window & causal"]


@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("region", AREAS)
def test_any_score_region_and_choice_go_together(score: str, region: str) -> None:
    for choice in STEADY:
        check_attention("bahdanau", AttentionConfig(score=score, region=region, choice=choice, radius=2, best=2))


@pytest.mark.parametrize("decoder", LOOKING)
def test_every_looking_decoder_takes_any_attention(decoder: str) -> None:
    for score in SCORES:
        if decoder not in WITHOUT_POSITIONS or score != "location":
            check_attention(decoder, AttentionConfig(score=score))
    for region in () if decoder in WITHOUT_POSITIONS else AREAS:
        check_attention(decoder, AttentionConfig(region=region, radius=2))
    for choice in STEADY:
        check_attention(decoder, AttentionConfig(choice=choice, best=2))


def test_an_adaptive_decoder_refuses_what_goes_by_positions() -> None:
    for attention in (AttentionConfig(region="window"), AttentionConfig(score="location")):
        with pytest.raises(UserError, match="its sentinel has no position"):
            make_model(changed(decoder="adaptive", attention=attention))


def test_a_sampled_attention_takes_one_source_word() -> None:
    model, batch = make_model(changed(attention=AttentionConfig(choice="gumbel"))), make_batch()
    _, maps = step_by_step(model, batch)
    assert maps is not None
    assert sorted(maps.unique().tolist()) == [0.0, 1.0]
    assert everywhere(model, batch).isfinite().all()


@FAMILIES
def test_a_row_does_not_know_its_neighbours(decoder: str) -> None:
    model, batch = make_model(changed(decoder=decoder)), make_batch()
    together = everywhere(model, batch)
    for row, length in enumerate(batch.source_lengths.tolist()):
        rows = slice(row, row + 1)
        alone = model.logits(batch.source[rows, :length], batch.source_lengths[rows], batch.target_in[rows])
        torch.testing.assert_close(alone, together[rows])


@FAMILIES
def test_permuting_the_batch_permutes_the_result(decoder: str) -> None:
    model, batch = make_model(changed(decoder=decoder)), make_batch()
    order = torch.tensor([2, 0, 1])
    turned = Batch(*(tensor[order] for tensor in batch))
    torch.testing.assert_close(everywhere(model, turned), everywhere(model, batch)[order])


@FAMILIES
def test_what_is_in_the_padding_does_not_matter(decoder: str) -> None:
    model, batch = make_model(changed(decoder=decoder)), make_batch()
    padding = torch.arange(batch.source.shape[1]) >= batch.source_lengths[:, None]
    other = batch._replace(source=torch.where(padding, SOURCES - 1, batch.source))
    assert not torch.equal(other.source, batch.source)
    assert torch.equal(everywhere(model, other), everywhere(model, batch))


@FAMILIES
def test_search_may_reorder_and_drop_rows(decoder: str) -> None:
    model, batch = make_model(changed(decoder=decoder, layers=2, cell="lstm")), make_batch()
    memory = model.encode(batch.source, batch.source_lengths)
    state = model.step(batch.target_in[:, 0], model.start(memory), memory).state
    chosen = torch.tensor([1, 1, 2])
    step = model.step(batch.target_in[chosen, 1], take_rows(state, chosen), take_rows(memory, chosen))
    torch.testing.assert_close(step.logits, everywhere(model, batch)[chosen, 1])


@pytest.mark.parametrize("decoder", DYNAMIC)
def test_the_recorder_sees_what_a_step_reports(decoder: str) -> None:
    model, batch = make_model(changed(decoder=decoder)), make_batch()
    with record(model) as seen:
        recorded = everywhere(model, batch)
    assert torch.equal(recorded, everywhere(model, batch))
    maps = seen.maps["decoder.look.attention"]
    assert len(seen.maps) == (2 if decoder == "guided" else 1)
    torch.testing.assert_close(maps.squeeze(1), step_by_step(model, batch)[1])


@FAMILIES
def test_search_finds_the_likeliest_words(decoder: str) -> None:
    model, batch = make_model(changed(decoder=decoder)), make_batch()
    searched = greedy(model, model.encode(batch.source, batch.source_lengths), max_length=6)
    narrow = beam(model, model.encode(batch.source, batch.source_lengths), size=1, max_length=6)
    assert [found.tokens for found in searched] == [found[0].tokens for found in narrow]
    words = torch.full((3, 6), PAD)
    for row, found in enumerate(searched):
        words[row, : len(found.tokens)] = torch.tensor(found.tokens)
    said = torch.cat([torch.full((3, 1), BOS), words], dim=1)
    logits = model.logits(batch.source, batch.source_lengths, said)
    logits[..., [PAD, BOS]] = -torch.inf
    likeliest = logits.argmax(-1)
    for row, found in enumerate(searched):
        assert likeliest[row, : len(found.tokens)].tolist() == found.tokens


@FAMILIES
def test_several_rows_may_share_a_sentence(decoder: str) -> None:
    """As beams do: k rows in a run look at one sentence, whose memory is not repeated."""
    region = "everywhere" if decoder in WITHOUT_POSITIONS else "window & predicted"
    attention = AttentionConfig(region=region, radius=2)
    model, batch = make_model(changed(decoder=decoder, attention=attention)), make_batch()
    memory = model.encode(batch.source, batch.source_lengths)
    twice = torch.tensor([0, 0, 1, 1, 2, 2])
    state, apart = take_rows(model.start(memory), twice), take_rows(model.start(memory), twice)
    for token in (torch.tensor([4, 5, 6, 7, 8, 9]), torch.tensor([9, 3, 4, 8, 3, 6])):
        step = model.step(token, state, model.share(memory, 2))
        alone = model.step(token, apart, take_rows(memory, twice))
        state, apart = step.state, alone.state
        torch.testing.assert_close(step.logits, alone.logits)
        assert (step.attention is None) == (alone.attention is None) == (decoder not in LOOKING)
        if step.attention is not None:
            torch.testing.assert_close(step.attention(), alone.attention())


@FAMILIES
def test_the_loss_is_cross_entropy_over_real_words(decoder: str) -> None:
    batch = make_batch()
    for smoothing in (0.0, 0.3):
        model = make_model(changed(decoder=decoder, smoothing=smoothing))
        loss = model.loss(batch)
        logits, target = everywhere(model, batch).flatten(0, 1), batch.target_out.flatten()
        expected = cross_entropy(logits, target, ignore_index=PAD, label_smoothing=smoothing, reduction="sum")
        torch.testing.assert_close(loss.total, expected)
        torch.testing.assert_close(loss.nll, cross_entropy(logits, target, ignore_index=PAD, reduction="sum"))
        assert loss.tokens == 4 + 2 + 5


@FAMILIES
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_gradients_are_right(decoder: str, cell: str) -> None:
    config = changed(decoder=decoder, cell=cell, embed=2, hidden=2, merge="concat")
    model, batch = make_model(config), make_batch()
    names, values = zip(*model.named_parameters(), strict=True)

    class Total(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self) -> Tensor:
            return self.model.loss(batch).total

    def of(*parameters: Tensor) -> Tensor:
        return functional_call(Total(), {f"model.{name}": p for name, p in zip(names, parameters, strict=True)}, ())

    inputs = tuple(value.detach().requires_grad_() for value in values)
    assert torch.autograd.gradcheck(of, inputs, fast_mode=True)


@pytest.mark.parametrize("decoder", [name for name in DECODERS if name != "simple"])
def test_every_parameter_learns(decoder: str) -> None:
    model, batch = make_model(changed(decoder=decoder, layers=2)), make_batch()
    model.loss(batch).total.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@FAMILIES
@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("start", ["first-word", "final", "zero"])
def test_half_precision_is_near(decoder: str, cell: str, start: str) -> None:
    batch = make_batch()
    model = SeqToSeq.for_texts(changed(decoder=decoder, cell=cell, start=start, dropout=0.0), SOURCES, TARGETS)
    exact = model.loss(batch).total
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = model.loss(batch).total
        steps, _ = step_by_step(model, batch)
    loss.backward()
    assert steps.isfinite().all()
    torch.testing.assert_close(loss.float(), exact, rtol=0.01, atol=0.1)
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters() if parameter.grad is not None)


# ------------------------------------------------------------------------------------- where a decoder stands


def moving(*tokens: int) -> Tensor:
    """After which target tokens one stands at the next source word."""
    return torch.tensor([token in tokens for token in range(TARGETS)])


@pytest.mark.parametrize("decoder", [name for name in LOOKING if name not in WITHOUT_POSITIONS])
def test_a_decoder_stands_where_as_many_words_were_said(decoder: str) -> None:
    """Steps agree with the whole run whichever tokens move, and a window of one follows them."""
    torch.manual_seed(0)
    attention = AttentionConfig(region="window", radius=1)
    model = SeqToSeq.for_texts(
        changed(decoder=decoder, attention=attention), SOURCES, TARGETS, advances=moving(5, 6)
    ).double()
    model.eval()
    batch = make_batch()
    target = torch.tensor([[BOS, 5, 4, 6, 5]] * 3)
    batch = batch._replace(target_in=target)
    steps, maps = step_by_step(model, batch)
    torch.testing.assert_close(steps, everywhere(model, batch))
    assert maps is not None
    if decoder in ("static", "guided"):
        return  # one looks once, the other everywhere
    places = [0, 1, 1, 2, 3]
    for place, row in zip(places, maps[1], strict=True):  # a source of 7 words
        assert row.gt(0).nonzero().squeeze(1).tolist() == [p for p in range(place - 1, place + 2) if p >= 0]


def test_a_guided_decoder_reads_what_is_near_alone() -> None:
    """The near look sees one word to each side of where it stands; the far one sees all."""
    torch.manual_seed(0)
    model = SeqToSeq.for_texts(changed(decoder="guided"), SOURCES, TARGETS, advances=moving(5, 6)).double().eval()
    with record(model) as seen:
        model.logits(torch.tensor([[4, 5, 6, 7, 8, 2]]), torch.tensor([6]), torch.tensor([[BOS, 5, 4, 6]]))
    near, far = (seen.maps[f"decoder.{name}.attention"][0, 0].gt(0) for name in ("near", "look"))
    assert near.int().tolist() == [[1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0], [1, 1, 1, 0, 0, 0], [0, 1, 1, 1, 0, 0]]
    assert far.all()
