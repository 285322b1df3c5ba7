"""The Weighted Transformer: its names, its parameters, and the rate of kappa and alpha."""

from typing import Any

import pytest
import torch

from heedful.errors import UserError
from heedful.layer.branched import BranchedAttention
from heedful.model.transformer import Transformer, TransformerConfig
from heedful.model.weighted_transformer import (
    DECODERS,
    BranchPace,
    WeightedTransformerConfig,
    weighted_transformer,
)
from heedful.structure import MultiHead, Simplex, Weighted
from heedful.watch import attentions, record

SHAPE: dict[str, Any] = {"width": 12, "heads": 3, "encoder_layers": 2, "decoder_layers": 1, "feedforward": 18}


def build(**settings: Any) -> Transformer:
    return weighted_transformer(WeightedTransformerConfig(**(SHAPE | settings)), 11, 11).eval()


@pytest.mark.parametrize("branched", DECODERS)
def test_what_looks_is_named_by_its_place_and_branched_where_the_settings_say(branched: str) -> None:
    kinds = {name: type(one) for name, one in attentions(build(branched=branched)).items()}
    own = branched in ("self", "both")
    source = branched in ("source", "both")
    assert kinds == {
        "encoder.0.self.weighted": Weighted,
        "encoder.1.self.weighted": Weighted,
        "decoder.0.self" + ".weighted" * own: Weighted if own else MultiHead,
        "decoder.0.source" + ".weighted" * source: Weighted if source else MultiHead,
    }


def test_every_branch_is_recorded_and_changes_no_bit() -> None:
    model, source, lengths = build(), torch.randint(4, 11, (2, 5)), torch.tensor([5, 3])
    target = torch.randint(4, 11, (2, 4))
    before = model.logits(source, lengths, target)
    with record(model, "decoder.*.source*") as seen:
        assert torch.equal(model.logits(source, lengths, target), before)
    weights = seen.maps["decoder.0.source.weighted"]
    assert weights.shape == (2, 3, 4, 5)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 4))
    assert not weights[1, :, :, 3:].any()


@pytest.mark.parametrize("branched", DECODERS)
def test_it_has_the_parameters_of_the_transformer_but_for_a_norm_a_layer_and_two_a_branch(branched: str) -> None:
    counts = [
        sum(one.numel() for one in model.parameters())
        for model in (build(branched=branched), Transformer.for_texts(TransformerConfig(**SHAPE), 11, 11))
    ]
    places = 4 if branched == "both" else 3
    shared_bias = 12 * (places - 3)  # of the second, narrower feed-forward layer
    assert counts[0] - counts[1] == places * 2 * 3 - 3 * 2 * 12 + shared_bias


def test_the_recipes_sizes_agree_within_a_hundredth() -> None:
    sizes: dict[str, Any] = {"width": 256, "heads": 4, "encoder_layers": 3, "decoder_layers": 3, "feedforward": 1024}
    with torch.device("meta"):
        one = weighted_transformer(WeightedTransformerConfig(**sizes), 8000, 8000)
        other = Transformer.for_texts(TransformerConfig(**sizes), 8000, 8000)
    counts = [sum(parameter.numel() for parameter in model.parameters()) for model in (one, other)]
    assert counts == [7_573_296, 7_576_320]
    assert counts[0] == pytest.approx(counts[1], rel=0.01)


def test_the_rate_of_kappa_and_alpha_is_the_papers() -> None:
    pace = BranchPace(width=512, layers=6, scale=1.0, warmup=400, until=0.9)
    for step in (1, 7, 400, 401, 10_000):
        assert pace(step - 1, None) == pytest.approx((512 / 6) ** -0.5 * min(step**-0.5, step * 400**-1.5))
    assert max(pace(step, None) for step in range(2000)) == pace(399, None)


def test_kappa_and_alpha_stand_still_when_most_of_training_is_over() -> None:
    pace = BranchPace(width=512, layers=6, scale=1.0, warmup=4, until=0.75)
    assert [pace(step, 8) > 0.0 for step in range(8)] == [True] * 6 + [False] * 2
    assert pace(10**6, None) > 0.0, "nobody knows how much is left"


def test_every_kappa_and_alpha_has_the_pace_of_its_stack() -> None:
    model = build(branched="both", branch_rate=0.5, branch_warmup=7, branch_until=0.6)
    found = {name: one.pace for name, one in model.named_modules() if isinstance(one, Simplex)}
    assert len(found) == 2 * 4
    for name, pace in found.items():
        layers = 2 if name.startswith("encoder") else 1
        assert pace == BranchPace(width=12, layers=layers, scale=0.5, warmup=7, until=0.6)


@pytest.mark.parametrize("around", [False, True])
@pytest.mark.parametrize("sees", [False, True])
def test_all_branches_are_built_alike_inside(sees: bool, around: bool) -> None:
    model = build(branched="both", branch_sees_word=sees, branch_residual=around)
    found = [(one.sees_query, one.residual) for one in model.modules() if isinstance(one, BranchedAttention)]
    assert found == [(sees, around)] * 4


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"branched": "sorce"}, "did you mean 'source'"),
        ({"feedforward": 20}, "feedforward 20 is no multiple of 3"),
        ({"feedforward": 21, "branched": "both"}, "feedforward 21 is no multiple of 6"),
        ({"norm": "pree"}, "did you mean 'pre'"),
        ({"heads": 5}, "no multiple of heads"),
    ],
)
def test_configs_that_cannot_be(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        WeightedTransformerConfig(**(SHAPE | settings))
