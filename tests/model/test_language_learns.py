"""Language models learn to look back: recall and sorting, which models that cannot look far enough do not learn.

Two kinds of recall, "A B ... A -> B". Among noise: one A, its B told in the first third of 60 random tokens and asked
for at the end. Pairs: eight As with a B each, drawn anew for every text, asked for in another order; a layer must
find the A before, and another what stood after it, so that one layer is not enough.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from heedful.decode import greedy
from heedful.model.attention_config import AttentionConfig
from heedful.model.language import (
    CausalTransformer,
    CausalTransformerConfig,
    LanguageModel,
    RecurrentLanguage,
    RecurrentLanguageConfig,
)
from heedful.shapes import EOS, PAD
from heedful.watch import record

FIRST, KINDS, ASKED = 4, 8, 12
pytestmark = pytest.mark.usefixtures("unchecked_shapes")

SIZE = FIRST + 2 * KINDS + 1
Batches = Callable[[int, torch.Generator], SimpleNamespace]


def among_noise(rows: int, generator: torch.Generator) -> SimpleNamespace:
    text = torch.randint(FIRST, FIRST + KINDS, (rows, 60), generator=generator)
    place = torch.randint(0, 20, (rows, 1), generator=generator)
    text.scatter_(1, place, ASKED)
    text[:, -2] = ASKED
    text[:, -1:] = text.gather(1, place + 1)
    targets = torch.full_like(text, PAD)
    targets[:, -2] = text[:, -1]
    return SimpleNamespace(inputs=text, targets=targets, told=place.squeeze(1) + 1)


def pairs(rows: int, generator: torch.Generator) -> SimpleNamespace:
    def drawn() -> Tensor:
        return torch.rand(rows, KINDS, generator=generator).argsort(1)

    keys, order = drawn(), drawn()
    values = torch.randint(KINDS, (rows, KINDS), generator=generator)
    told = torch.stack([FIRST + keys, FIRST + KINDS + values], dim=2).flatten(1)
    asked = torch.stack([FIRST + keys.gather(1, order), FIRST + KINDS + values.gather(1, order)], dim=2).flatten(1)
    text = torch.cat([told, torch.full((rows, 16), SIZE - 1), asked], dim=1)
    targets = torch.full_like(text, PAD)
    targets[:, -2 * KINDS :: 2] = text[:, -2 * KINDS + 1 :: 2]
    return SimpleNamespace(inputs=text, targets=targets)


def sorting(rows: int, generator: torch.Generator) -> SimpleNamespace:
    """Six digits of three kinds, then the same sorted, then the end."""
    digits = torch.randint(FIRST, FIRST + 3, (rows, 6), generator=generator)
    text = torch.cat([digits, digits.sort(1).values, torch.full((rows, 1), EOS)], dim=1)
    targets = text[:, 1:].clone()
    targets[:, :5] = PAD
    return SimpleNamespace(inputs=text[:, :-1], targets=targets)


def learn(model: LanguageModel, task: Batches, *, steps: int, rate: float) -> LanguageModel:
    optimiser = torch.optim.Adam(model.parameters(), betas=(0.9, 0.98))
    generator = torch.Generator().manual_seed(0)
    for step in range(1, steps + 1):
        optimiser.param_groups[0]["lr"] = rate * min(1.0, step / 30, 2 * (steps - step + 1) / steps)
        loss = model.loss(task(64, generator))
        optimiser.zero_grad()
        (loss.total / loss.tokens).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    return model.eval()


def recalled(model: LanguageModel, task: Batches) -> float:
    """How many of the tokens that new texts ask for are right."""
    given = task(200, torch.Generator().manual_seed(1))
    asked = given.targets != PAD
    return float((model.logits(given.inputs).argmax(-1) == given.targets)[asked].float().mean())


def recurrent(attention: AttentionConfig | None) -> RecurrentLanguage:
    torch.manual_seed(0)
    return RecurrentLanguage(RecurrentLanguageConfig(embed=32, hidden=32, attention=attention), SIZE)


def transformer(**settings: Any) -> CausalTransformer:
    torch.manual_seed(0)
    small = {"width": 32, "heads": 2, "layers": 2, "feedforward": 64}
    return CausalTransformer(CausalTransformerConfig(**(small | settings)), SIZE)


NOISE: dict[str, Any] = {"steps": 220, "rate": 5e-3}
PAIRS: dict[str, Any] = {"steps": 250, "rate": 4e-3}


@pytest.mark.parametrize("score", [pytest.param("additive", marks=pytest.mark.slow), "general"])
def test_an_lstm_that_looks_back_recalls_across_noise_and_looks_where_it_was_told(score: str) -> None:
    model = learn(recurrent(AttentionConfig(score=score)), among_noise, **NOISE)
    assert recalled(model, among_noise) >= 0.95
    given = among_noise(200, torch.Generator().manual_seed(1))
    with record(model) as seen:
        model.logits(given.inputs)
    (weights,) = seen.maps.values()
    when_asked = weights[:, 0, -2]  # rows begin with the second token's
    assert (when_asked.argmax(-1) == given.told).float().mean() >= 0.9


def test_the_same_lstm_without_a_look_back_does_not() -> None:
    assert recalled(learn(recurrent(None), among_noise, **NOISE), among_noise) < 0.3


@pytest.mark.slow
def test_two_layers_recall_pairs() -> None:
    assert recalled(learn(transformer(), pairs, **PAIRS), pairs) >= 0.98


@pytest.mark.slow
@pytest.mark.parametrize("blind", [{"layers": 1}, {"reach": 8}])
def test_one_layer_or_a_short_reach_does_not_recall_pairs(blind: dict[str, Any]) -> None:
    assert recalled(learn(transformer(**blind), pairs, **PAIRS), pairs) < 0.6


@pytest.mark.slow
def test_a_small_lstm_does_not_recall_pairs() -> None:
    assert recalled(learn(recurrent(None), pairs, **PAIRS), pairs) < 0.6


def sorted_right(model: LanguageModel) -> float:
    """How many of 500 new texts are sorted without a fault."""
    digits = torch.randint(FIRST, FIRST + 3, (500, 6), generator=torch.Generator().manual_seed(1))
    found = greedy(model, model.encode(digits, torch.full((500,), 6)), max_length=7)
    expected = digits.sort(1).values.tolist()
    return sum(one.tokens == right for one, right in zip(found, expected, strict=True)) / 500


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_sorts_six_digits_and_not_those_out_of_reach() -> None:
    """MinGPT's demonstration: a decoder alone sorts what it was given."""
    shape = {"width": 48, "heads": 3, "layers": 3, "feedforward": 192}
    assert sorted_right(learn(transformer(**shape), sorting, steps=1000, rate=2e-3)) >= 0.99
    assert sorted_right(learn(transformer(**shape, reach=2), sorting, steps=1000, rate=2e-3)) < 0.5
