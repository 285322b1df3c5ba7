"""Laws of every language model: causal, step by step, padding, batches, windows, precision, recording."""

import itertools
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from heedful.decode import greedy, sample
from heedful.errors import UserError
from heedful.model.attention_config import SCORES, AttentionConfig
from heedful.model.language import (
    CausalTransformer,
    CausalTransformerConfig,
    LanguageModel,
    RecurrentLanguage,
    RecurrentLanguageConfig,
)
from heedful.model.transformer import NORMS, POSITIONS
from heedful.shapes import EOS, PAD, ShapeError, take_rows
from heedful.watch import attentions, record

WORDS = 13


def transformer(**settings: Any) -> CausalTransformer:
    torch.manual_seed(0)
    shape = {"width": 12, "heads": 3, "layers": 2, "feedforward": 17}
    return CausalTransformer(CausalTransformerConfig(**(shape | settings)), WORDS).eval()


def recurrent(attention: AttentionConfig | None, **settings: Any) -> RecurrentLanguage:
    torch.manual_seed(0)
    config = RecurrentLanguageConfig(attention=attention, **({"embed": 7, "hidden": 8} | settings))
    return RecurrentLanguage(config, WORDS).eval()


REGIONS = ("everywhere", "causal", "window", "predicted", "window & predicted")
LOOKS: list[AttentionConfig | None] = [None]
LOOKS += [AttentionConfig(score=score, radius=2) for score in SCORES]
LOOKS += [AttentionConfig(score="general", region=region, radius=2) for region in REGIONS]
LOOKS += [AttentionConfig(score="dot", choice=choice, best=2) for choice in ("sparsemax", "topk", "hard")]

STACKS = [(norm, position, None) for norm, position in itertools.product(NORMS, POSITIONS)]
STACKS += [("pre", "rotary", 1), ("pre", "rotary", 3), ("post", "sinusoidal", 3)]

MODELS = {
    **{
        f"transformer-{norm}-{position}-{reach}": partial(transformer, norm=norm, position=position, reach=reach)
        for norm, position, reach in STACKS
    },
    **{
        "recurrent-" + (f"{look.score}-{look.region}-{look.choice}" if look else "plain"): partial(recurrent, look)
        for look in LOOKS
    },
    "recurrent-gru-2": lambda: recurrent(AttentionConfig(), cell="gru", layers=2),
}


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> LanguageModel:
    return MODELS[request.param]()


def tokens(rows: int = 3, length: int = 11) -> Tensor:
    return torch.randint(3, WORDS, (rows, length), generator=torch.Generator().manual_seed(rows))


def batch(inputs: Tensor, targets: Tensor) -> SimpleNamespace:
    return SimpleNamespace(inputs=inputs, targets=targets)


def test_the_past_does_not_know_the_future_to_the_last_bit(model: LanguageModel) -> None:
    given = tokens()
    before = model.logits(given)
    for changed in range(given.shape[1]):
        other = given.clone()
        other[:, changed:] = (given[:, changed:] + 3) % WORDS
        after = model.logits(other)
        assert torch.equal(before[:, :changed], after[:, :changed])
        assert not torch.equal(before[:, changed], after[:, changed])


def test_one_step_at_a_time_equals_all_at_once(model: LanguageModel) -> None:
    given = tokens()
    expected = model.logits(given)
    state = None
    for t in range(given.shape[1]):
        features, state = model.forward_step(given[:, t : t + 1], state)
        torch.testing.assert_close(model.output(model.pre_logits(features[:, 0])), expected[:, t], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("sizes", [(4, 7), (1, 2, 8), (10, 1)])
def test_any_piece_at_a_time_equals_all_at_once(model: LanguageModel, sizes: tuple[int, ...]) -> None:
    given, state = tokens(), None
    pieces: list[Tensor] = []
    for piece in given.split(sizes, dim=1):
        features, state = model.forward_step(piece, state)
        pieces.append(features)
    torch.testing.assert_close(torch.cat(pieces, dim=1), model.forward_step(given, None)[0], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("length", [1, 2, 5])
def test_search_goes_on_from_a_text_of_any_length(model: LanguageModel, length: int) -> None:
    """Greedy search says what the likeliest tokens after the text are, each followed by the next."""
    given = tokens(2, length)
    with torch.no_grad():
        model.output.weight[EOS] *= 0.0
    found = greedy(model, model.encode(given, torch.full((2,), length)), max_length=4)
    for row, one in enumerate(found):
        text = given[row : row + 1]
        for said in [*one.tokens, EOS][:4]:
            logits = model.logits(text)[0, -1]
            logits[:2] = -torch.inf
            assert logits[said] >= logits.max() - 1e-5
            text = torch.cat([text, torch.tensor([[said]])], dim=1)


def test_a_batch_of_one_equals_its_row_and_padding_behind_changes_nothing(model: LanguageModel) -> None:
    given = tokens()
    padded = torch.cat([given, torch.full((3, 4), PAD)], dim=1)
    together = model.logits(padded)
    for row in range(3):
        alone = model.logits(given[row : row + 1])
        torch.testing.assert_close(alone[0], together[row, : given.shape[1]], atol=1e-5, rtol=1e-5)


def test_rows_of_a_state_are_rows_of_the_text(model: LanguageModel) -> None:
    given, order = tokens(5), torch.tensor([3, 0, 0, 4])
    _, state = model.forward_step(given[:, :-1], None)
    expected, _ = model.forward_step(given[order, -1:], model.forward_step(given[order, :-1], None)[1])
    found, _ = model.forward_step(given[order, -1:], take_rows(state, order))
    torch.testing.assert_close(found, expected)


def test_the_loss_is_cross_entropy_of_what_is_asked_for(model: LanguageModel) -> None:
    inputs, targets = tokens(), tokens().roll(1, 1)
    targets[1, 3:] = targets[2, :4] = PAD
    loss = model.loss(batch(inputs, targets))
    expected = cross_entropy(model.logits(inputs).flatten(0, 1), targets.flatten(), ignore_index=PAD, reduction="sum")
    torch.testing.assert_close(loss.total, expected)
    assert loss.tokens == 11 + 3 + 7


def test_a_batch_without_targets_costs_nothing(model: LanguageModel) -> None:
    loss = model.loss(batch(tokens(1, 1), torch.full((1, 1), PAD)))
    assert loss.tokens == 0
    assert float(loss.total.detach()) == 0.0


def test_every_parameter_learns(model: LanguageModel) -> None:
    model.loss(batch(tokens(5, 11), tokens(5, 11).roll(1, 1))).total.backward()
    still = {name for name, one in model.named_parameters() if one.grad is None or not one.grad.any()}
    blind = {name for name in still if _cannot_look(model, name)}
    assert still == blind


def _cannot_look(model: LanguageModel, name: str) -> bool:
    """Whether nothing can be learnt about where to look: one key, or a choice of the single best by its value alone."""
    alone = isinstance(model, CausalTransformer) and model.config.reach == 1
    return alone and ("query_projection" in name or "key_projection" in name)


def test_recording_changes_no_bit_and_sees_no_future(model: LanguageModel) -> None:
    given = tokens()
    expected = model.logits(given)
    if not attentions(model):
        return
    with record(model) as seen:
        assert torch.equal(model.logits(given), expected)
    for weights in seen.maps.values():
        queries, keys = weights.shape[-2:]
        assert (weights.triu(keys - queries + 1) == 0).all()
        assert queries == (11 if isinstance(model, CausalTransformer) else 10)


@pytest.mark.parametrize(("region", "reach"), [("everywhere", 99), ("window", 2)])
def test_a_state_looks_at_strictly_earlier_ones_as_the_equations_say(region: str, reach: int) -> None:
    """Worked step by step; a window of radius 2 is centred at the state before, and ends there."""
    model, given = recurrent(AttentionConfig(score="dot", region=region, radius=2)), tokens()
    states, _ = model.recurrent(model.embedding(given))
    found = model.logits(given)
    for t in range(given.shape[1]):
        past = states[:, max(0, t - 1 - reach) : t]
        weights = torch.softmax(past @ states[:, t].unsqueeze(-1), dim=1)
        context = (weights * past).sum(1)  # zero where there is no past
        read = torch.tanh(model.readout.projection(torch.cat([context, states[:, t]], dim=-1)))
        torch.testing.assert_close(found[:, t], model.output(read), atol=1e-5, rtol=1e-5)


def test_half_precision_stays_near(model: LanguageModel) -> None:
    exact = model.logits(tokens())
    with torch.autocast("cpu", torch.bfloat16):
        rough = model.logits(tokens())
        model.loss(batch(tokens(), tokens())).total.backward()
    assert rough.isfinite().all()
    if not isinstance(model, RecurrentLanguage) or _is_smooth(model):
        assert (rough - exact).abs().max() < 0.1 * exact.abs().max()


def _is_smooth(model: RecurrentLanguage) -> bool:
    look = model.config.attention
    return look is None or (look.choice == "soft" and "predicted" not in look.region)


def test_texts_of_different_lengths_are_refused() -> None:
    with pytest.raises(ShapeError, match="lengths \\[2, 5\\]"):
        transformer().encode(tokens(2, 5), torch.tensor([5, 2]))
    with pytest.raises(ShapeError, match="at least 1"):
        transformer().encode(tokens(2, 0), torch.tensor([0, 0]))


def test_sampling_repeats_with_its_seed_and_follows_its_settings() -> None:
    model, given = transformer(), tokens(3, 4)
    draw = {"max_length": 9, "temperature": 1.3}

    def drawn(seed: int, **settings: Any) -> list[list[int]]:
        generator = torch.Generator().manual_seed(seed)
        found = sample(model, model.encode(given, torch.full((3,), 4)), generator=generator, **(draw | settings))
        return [one.tokens for one in found]

    assert drawn(1) == drawn(1) != drawn(2)
    likeliest = [one.tokens for one in greedy(model, model.encode(given, torch.full((3,), 4)), max_length=9)]
    assert drawn(1, top_k=1) == drawn(2, top_p=1e-6) == likeliest


def test_the_memory_of_a_text_without_end_stays_the_same() -> None:
    model = transformer(reach=3)
    _, state = model.forward_step(tokens(1, 50), None)
    assert {memory.key.shape[-2] for memory in state.past} == {2}
    assert state.position == 50


def test_what_is_out_of_reach_of_every_layer_changes_nothing() -> None:
    """Two layers that reach 3 tokens each know 5."""
    model, given = transformer(reach=3), tokens(1, 12)
    other = given.clone()
    other[:, :7] = (given[:, :7] + 1) % WORDS
    after, before = model.logits(other), model.logits(given)
    torch.testing.assert_close(after[:, 11], before[:, 11])
    assert not torch.allclose(after[:, 10], before[:, 10], atol=1e-5)


def test_learned_positions_and_locations_end() -> None:
    with pytest.raises(UserError, match="too long for the 6 positions"):
        transformer(position="learned", max_length=6).logits(tokens())
    assert transformer(position="learned", max_length=6).config.longest == 6
    assert transformer().config.longest is None
    look = AttentionConfig(score="location", max_length=9)
    assert recurrent(look).config.longest == 9
    assert recurrent(None).config.longest is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"norm": "pree"}, "did you mean 'pre'"),
        ({"position": "rotari"}, "did you mean 'rotary'"),
        ({"width": 13, "heads": 2}, "no multiple of heads"),
        ({"width": 9, "heads": 3}, "pairs of columns"),
    ],
)
def test_configs_that_cannot_be(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        CausalTransformerConfig(**settings)


def test_an_unknown_cell_is_refused() -> None:
    with pytest.raises(UserError, match="did you mean 'lstm'"):
        RecurrentLanguageConfig(cell="lsmt")


def test_the_default_transformer_has_eight_tenths_of_a_million_parameters() -> None:
    model = CausalTransformer(CausalTransformerConfig(), 69)
    assert sum(one.numel() for one in model.parameters()) == 801_664
    assert model.output.weight is model.embedding.weight
