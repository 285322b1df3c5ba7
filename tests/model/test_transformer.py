"""The Transformer's laws, whatever its layers: causal, step by step, padding, batches, order, ties, precision."""

import itertools
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import cross_entropy

from heedful.errors import UserError
from heedful.layer.embedding import TokenEmbedding
from heedful.model.transformer import NORMS, POSITIONS, Transformer, TransformerConfig, TransformerTextEncoder
from heedful.model.weighted_transformer import DECODERS, WeightedTransformerConfig, weighted_transformer
from heedful.shapes import PAD, take_rows
from heedful.structure import MultiHead

VARIANTS = list(itertools.product(NORMS, POSITIONS))
WEIGHTED = [("pre", "sinusoidal", "source"), ("post", "rotary", "self"), ("pre", "learned", "both")]
SOURCE_WORDS, TARGET_WORDS = 13, 11


def build(norm: str = "pre", position: str = "sinusoidal", **settings: Any) -> Transformer:
    torch.manual_seed(0)
    shape = {"width": 12, "heads": 3, "encoder_layers": 2, "decoder_layers": 2, "feedforward": 17, "tie": "target"}
    config = TransformerConfig(**(shape | settings), norm=norm, position=position)
    return Transformer.for_texts(config, SOURCE_WORDS, TARGET_WORDS).eval()


def texts(rows: int = 3, source_length: int = 7, target_length: int = 5) -> tuple[Tensor, Tensor, Tensor]:
    """Sources padded with garbage, their lengths, and targets."""
    generator = torch.Generator().manual_seed(rows)
    source = torch.randint(1, SOURCE_WORDS, (rows, source_length), generator=generator)
    lengths = torch.randint(1, source_length + 1, (rows,), generator=generator)
    lengths[0] = source_length
    return source, lengths, torch.randint(1, TARGET_WORDS, (rows, target_length), generator=generator)


def build_weighted(norm: str, position: str, branched: str) -> Transformer:
    torch.manual_seed(0)
    shape = {"width": 12, "heads": 3, "encoder_layers": 2, "decoder_layers": 2, "feedforward": 18, "tie": "target"}
    config = WeightedTransformerConfig(**shape, norm=norm, position=position, branched=branched)
    return weighted_transformer(config, SOURCE_WORDS, TARGET_WORDS).eval()


@pytest.fixture(params=[*VARIANTS, *WEIGHTED], ids="-".join)
def model(request: pytest.FixtureRequest) -> Transformer:
    return (build if len(request.param) == 2 else build_weighted)(*request.param)


def test_every_branched_decoder_is_among_the_variants() -> None:
    assert {branched for _, _, branched in WEIGHTED} == set(DECODERS)


def test_the_past_does_not_know_the_future_to_the_last_bit(model: Transformer) -> None:
    source, lengths, target = texts()
    before = model.logits(source, lengths, target)
    for changed in range(target.shape[1]):
        other = target.clone()
        other[:, changed:] = (target[:, changed:] + 3) % TARGET_WORDS
        after = model.logits(source, lengths, other)
        assert torch.equal(before[:, :changed], after[:, :changed])
        assert not torch.equal(before[:, changed], after[:, changed])


def test_one_step_at_a_time_equals_all_at_once(model: Transformer) -> None:
    source, lengths, target = texts()
    expected = model.logits(source, lengths, target)
    memory = model.encode(source, lengths)
    state = model.start(memory)
    for t in range(target.shape[1]):
        logits, state, attention = model.step(target[:, t], state, memory)
        torch.testing.assert_close(logits, expected[:, t], atol=1e-5, rtol=1e-5)
        assert attention is not None
        attention = attention()
        torch.testing.assert_close(attention.sum(-1), torch.ones(3))
        real = torch.arange(source.shape[1]) < lengths.unsqueeze(1)
        assert (attention[~real] == 0).all()


def test_padding_and_company_change_nothing(model: Transformer) -> None:
    source, lengths, target = texts()
    together = model.logits(source, lengths, target)
    for row, length in enumerate(lengths.tolist()):
        one = slice(row, row + 1)
        alone = model.logits(source[one, :length], lengths[one], target[one])
        torch.testing.assert_close(alone[0], together[row], atol=1e-5, rtol=1e-5)
    other = torch.where(torch.arange(source.shape[1]) < lengths.unsqueeze(1), source, PAD)
    assert torch.equal(model.logits(other, lengths, target), together)


def test_order_of_the_batch_is_the_order_of_the_outputs(model: Transformer) -> None:
    source, lengths, target = texts(rows=5)
    order = torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(
        model.logits(source[order], lengths[order], target[order]), model.logits(source, lengths, target)[order]
    )


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("norm", NORMS)
def test_the_encoder_knows_order_by_its_positions_alone(norm: str, position: str) -> None:
    model = build(norm, position)
    source = torch.tensor([[3, 4, 5, 6, 7]])
    order = torch.tensor([4, 2, 0, 3, 1])
    lengths = torch.tensor([5])
    straight, mixed = (model.encode(one, lengths).layers[-1].key for one in (source, source[:, order]))
    equivariant = torch.allclose(straight[:, :, order], mixed, atol=1e-5)
    assert equivariant == (position == "none")


def test_rows_may_share_a_memory(model: Transformer) -> None:
    source, lengths, _ = texts()
    memory = model.encode(source, lengths)
    repeated = take_rows(memory, torch.arange(3).repeat_interleave(2))
    shared_state, repeated_state = model.start(memory), model.start(repeated)
    for tokens in ([1, 1, 1, 1, 1, 1], [3, 4, 5, 6, 7, 3], [4, 3, 3, 7, 6, 5]):
        shared = model.step(torch.tensor(tokens), shared_state, model.share(memory, 2))
        apart = model.step(torch.tensor(tokens), repeated_state, repeated)
        torch.testing.assert_close(shared.logits, apart.logits)
        torch.testing.assert_close(shared.attention(), apart.attention())
        shared_state, repeated_state = shared.state, apart.state


def test_attention_of_a_step_is_the_last_layers_mean_over_heads() -> None:
    model = build()
    source, lengths, target = texts()
    seen: list[Tensor] = []

    def look(module: MultiHead, given: Any) -> None:
        seen.append(module.align(*given))

    last: Any = model.decoder[-1]
    last.source.register_forward_pre_hook(look)
    memory = model.encode(source, lengths)
    step = model.step(target[:, 0], model.start(memory), memory)
    torch.testing.assert_close(step.attention(), seen[0].mean(1).squeeze(1))


def batch(source: Tensor, lengths: Tensor, target: Tensor) -> SimpleNamespace:
    target = target.clone()
    target[1, 3:] = target[2, 1:] = PAD
    shifted = torch.cat([torch.ones_like(target[:, :1]), target[:, :-1]], dim=1)
    return SimpleNamespace(source=source, source_lengths=lengths, target_in=shifted, target_out=target)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_cross_entropy_without_padding(smoothing: float) -> None:
    model, given = build(smoothing=smoothing), batch(*texts())
    loss = model.loss(given)
    logits = model.logits(given.source, given.source_lengths, given.target_in).flatten(0, 1)
    settings: dict[str, Any] = {"ignore_index": PAD, "reduction": "sum"}
    target = given.target_out.flatten()
    # torch leaves the padding out of the sum, and smooths over the whole vocabulary, as we do
    torch.testing.assert_close(loss.total, cross_entropy(logits, target, label_smoothing=smoothing, **settings))
    torch.testing.assert_close(loss.nll, cross_entropy(logits, target, **settings).detach())
    assert loss.tokens == 9


def test_padding_after_the_target_changes_no_gradient() -> None:
    model, given = build(), batch(*texts())
    model.loss(given).total.backward()
    before = {name: parameter.grad for name, parameter in model.named_parameters()}
    model.zero_grad()
    pad = torch.zeros(3, 4, dtype=torch.long)
    for name in ("target_in", "target_out"):
        setattr(given, name, torch.cat([getattr(given, name), pad], dim=1))
    given.source = torch.cat([given.source, pad + 5], dim=1)
    model.loss(given).total.backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.grad, before[name], atol=1e-5, rtol=1e-4)


def test_every_parameter_learns(model: Transformer) -> None:
    model.loss(batch(*texts())).total.backward()
    still = [name for name, parameter in model.named_parameters() if parameter.grad is None or not parameter.grad.any()]
    assert still == []


def test_ties() -> None:
    config = TransformerConfig(width=12, heads=3, encoder_layers=1, decoder_layers=1, feedforward=5, tie="all")
    every = Transformer.for_texts(config, 11, 11)
    assert every.encoder.embedding.weight is every.target_embedding.weight is every.output.weight
    target = Transformer.for_texts(config.model_copy(update={"tie": "target"}), 13, 11)
    assert target.encoder.embedding.weight is not target.target_embedding.weight
    assert target.target_embedding.weight is target.output.weight
    none = Transformer.for_texts(config.model_copy(update={"tie": "none"}), 13, 11)
    assert none.target_embedding.weight is not none.output.weight
    counts = [sum(parameter.numel() for parameter in model.parameters()) for model in (every, target, none)]
    assert counts[1] - counts[0] == 13 * 12
    assert counts[2] - counts[1] == 11 * 12
    with pytest.raises(UserError, match="13 source and 11 target"):
        Transformer.for_texts(config, 13, 11)


def test_names_are_those_that_a_recorder_lists() -> None:
    names = {name for name, module in build().named_modules() if isinstance(module, MultiHead)}
    assert names == {
        f"{place}.{layer}.{what}"
        for layer in (0, 1)
        for place, what in (("encoder", "self"), ("decoder", "self"), ("decoder", "source"))
    }
    assert not [name for name in build().state_dict() if "key_projection.bias" in name]


def test_only_pre_normalised_streams_end_with_a_norm() -> None:
    endings = {norm: [type(build(norm).encoder.end), type(build(norm).decoder_end)] for norm in NORMS}
    assert endings == {"pre": [torch.nn.LayerNorm] * 2, "post": [torch.nn.Identity] * 2}


@pytest.mark.parametrize("norm", NORMS)
def test_half_precision_stays_near_and_the_stream_stays_whole(norm: str) -> None:
    model, (source, lengths, target) = build(norm), texts()
    streams: list[torch.dtype] = []
    for layer in (*model.encoder.layers, *model.decoder):
        layer.register_forward_hook(lambda module, given, stream: streams.append(stream.dtype))
    exact = model.logits(source, lengths, target)
    streams.clear()
    with torch.autocast("cpu", torch.bfloat16):
        rough = model.logits(source, lengths, target)
        memory = model.encode(source, lengths)
        step = model.step(target[:, 0], model.start(memory), memory)
        model.loss(batch(source, lengths, target)).total.backward()
    assert set(streams) == {torch.float32}
    assert rough.dtype == memory.layers[0].key.dtype == torch.bfloat16
    assert (rough - exact).abs().max() < 0.1 * exact.abs().max()
    torch.testing.assert_close(step.logits, rough[:, 0], atol=0.05, rtol=0.05)


def test_dropout_takes_part_in_training_only() -> None:
    model, (source, lengths, target) = build(dropout=0.5), texts()
    assert torch.equal(model.logits(source, lengths, target), model.logits(source, lengths, target))
    model.train()
    assert not torch.equal(model.logits(source, lengths, target), model.logits(source, lengths, target))


@given(rows=st.integers(1, 3), source_length=st.integers(1, 5), target_length=st.integers(1, 5))
def test_any_size_goes(rows: int, source_length: int, target_length: int) -> None:
    logits = build().logits(*texts(rows, source_length, target_length))
    assert logits.shape == (rows, target_length, TARGET_WORDS)
    assert logits.isfinite().all()


def test_learned_positions_end() -> None:
    model, (source, lengths, target) = build(position="learned", max_length=6), texts()
    with pytest.raises(UserError, match="too long for the 6 positions"):
        model.logits(source, lengths, target)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"norm": "pree"}, "did you mean 'pre'"),
        ({"position": "sinusoid"}, "did you mean 'sinusoidal'"),
        ({"tie": "al"}, "did you mean 'all'"),
        ({"width": 13, "heads": 2}, "no multiple of heads"),
        ({"width": 9, "heads": 3, "position": "rotary"}, "pairs of columns"),
    ],
)
def test_configs_that_cannot_be(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        TransformerConfig(**settings)


def test_configs_refuse_what_they_do_not_know() -> None:
    with pytest.raises(ValueError, match="depth"):
        TransformerConfig(depth=3)  # pyright: ignore[reportCallIssue]
    with pytest.raises(ValueError, match="frozen"):
        TransformerConfig().width = 5  # pyright: ignore[reportAttributeAccessIssue]


def test_words_are_told_the_place_of_the_next_source_word() -> None:
    """Steps agree with the whole run, rows may be picked, and what moves matters."""
    torch.manual_seed(0)
    config = TransformerConfig(width=12, heads=3, encoder_layers=1, decoder_layers=2, feedforward=17, tie="none")
    moves = torch.arange(TARGET_WORDS) % 3 == 0
    model = Transformer.for_texts(config, SOURCE_WORDS, TARGET_WORDS, advances=moves).eval()
    source, lengths, target = texts()
    expected = model.logits(source, lengths, target)
    memory = model.encode(source, lengths)
    state = model.start(memory)
    for t in range(target.shape[1]):
        logits, state, _ = model.step(target[:, t], state, memory)
        torch.testing.assert_close(logits, expected[:, t], atol=1e-5, rtol=1e-5)
        rows = torch.tensor([2, 0, 1])
        state, memory, target, expected = take_rows((state, memory, target, expected), rows)
    plain = Transformer.for_texts(config, SOURCE_WORDS, TARGET_WORDS).eval()
    plain.load_state_dict(model.state_dict())
    assert not torch.allclose(plain.logits(source, lengths, target), model.logits(source, lengths, target))
    still = Transformer.for_texts(
        config, SOURCE_WORDS, TARGET_WORDS, advances=torch.zeros(TARGET_WORDS, dtype=torch.bool)
    ).eval()
    still.load_state_dict(model.state_dict())
    assert not torch.allclose(still.logits(source, lengths, target), model.logits(source, lengths, target))


def test_source_words_may_be_made_otherwise() -> None:
    class Same(torch.nn.Module):
        def forward(self, words: Tensor) -> Tensor:
            return torch.ones(*words.shape, 12)

    config = TransformerConfig(width=12, heads=3, encoder_layers=1, decoder_layers=1, feedforward=17, position="none")
    model = Transformer(config, TransformerTextEncoder(config, Same()), TokenEmbedding(TARGET_WORDS, 12)).eval()
    source, lengths, target = texts()
    torch.testing.assert_close(model.logits(source, lengths, target), model.logits(source + 1, lengths, target))
