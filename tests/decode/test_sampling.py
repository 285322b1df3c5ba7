"""Sampling: the model's own distribution, or what is left of it."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heedful.decode import Hypothesis, SharedNoise, greedy, sample
from heedful.decode.sampling import nucleus
from heedful.shapes import BOS, EOS, PAD


def tokens(found: list[Hypothesis]) -> list[list[int]]:
    return [one.tokens for one in found]


@pytest.mark.parametrize("settings", [{"top_k": 1}, {"top_p": 1e-6}, {"temperature": 1e-4}])
def test_the_sharpest_is_greedy(kit: Any, model: Any, settings: dict[str, Any]) -> None:
    source, lengths = kit.sentences(1, rows=7)
    drawn = sample(model, model.encode(source, lengths), max_length=11, **settings)
    best = greedy(model, model.encode(source, lengths), max_length=11)
    assert tokens(drawn) == tokens(best)
    assert [one.log_probability for one in drawn] == pytest.approx([one.log_probability for one in best], abs=1e-5)


def first_token(model: Any, source: torch.Tensor, temperature: float) -> torch.Tensor:
    """The distribution of the first token, by one step."""
    with torch.no_grad():
        logits = model.logits(source[None], torch.tensor([len(source)]), torch.tensor([[BOS]]))[0, 0]
    logits[[PAD, BOS]] = -torch.inf
    return (logits / temperature).softmax(-1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_frequencies_are_the_probabilities(kit: Any, temperature: float) -> None:
    model, draws = kit.translator(2), 4000
    source = torch.tensor([5, 7, 3])
    generator = torch.Generator().manual_seed(1)
    drawn = sample(
        model,
        model.encode(source.expand(draws, -1), torch.full((draws,), 3)),
        temperature=temperature,
        generator=generator,
        max_length=1,
    )
    firsts = torch.tensor([one.tokens[0] if one.tokens else EOS for one in drawn])
    expected = first_token(model, source, temperature)
    counts = torch.bincount(firsts, minlength=len(expected))
    assert counts[expected == 0].sum() == 0
    likely = expected > 0
    statistic = ((counts - draws * expected) ** 2 / (draws * expected))[likely].sum().item()
    assert statistic < 18.5  # chi-square of 4 degrees of freedom, 0.1 %


@pytest.mark.parametrize("settings", [{"top_k": 2}, {"top_p": 0.5}, {"top_k": 3, "top_p": 0.9}])
def test_only_what_is_left_is_drawn(kit: Any, settings: dict[str, Any]) -> None:
    model, draws = kit.translator(2), 500
    source = torch.tensor([5, 7, 3])
    drawn = sample(model, model.encode(source.expand(draws, -1), torch.full((draws,), 3)), max_length=1, **settings)
    ranked, order = first_token(model, source, 1.0).sort(descending=True)
    kept = ranked[: settings.get("top_k", len(ranked))]
    kept = nucleus((kept / kept.sum()).unsqueeze(0), settings.get("top_p", 1.0))[0] > 0
    assert {one.tokens[0] if one.tokens else EOS for one in drawn} == set(order[: len(kept)][kept].tolist())


@given(weights=st.lists(st.floats(0.01, 1.0), min_size=1, max_size=13), top_p=st.floats(0.01, 1.0))
def test_the_nucleus_is_the_smallest_set_that_reaches_p(weights: list[float], top_p: float) -> None:
    ranked = torch.tensor(sorted(weights, reverse=True), dtype=torch.float64)
    ranked /= ranked.sum()
    left = nucleus(ranked.unsqueeze(0), top_p)[0]
    size = int((left > 0).sum())
    assert torch.equal(left[:size], ranked[:size])
    assert left[:size].sum().item() >= top_p - 1e-9
    assert left[: size - 1].sum().item() < top_p


def test_the_generator_decides(kit: Any, model: Any) -> None:
    source, lengths = kit.sentences(3, rows=7)
    drawn = [
        tokens(
            sample(model, model.encode(source, lengths), generator=torch.Generator().manual_seed(seed), max_length=11)
        )
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_the_log_probability_is_the_models_own(kit: Any) -> None:
    model, (source, lengths) = kit.translator(4), kit.sentences(4)
    for row, one in enumerate(sample(model, model.encode(source, lengths), temperature=3.0, top_k=4, max_length=9)):
        heard = [*one.tokens, EOS] if len(one.tokens) < 9 else one.tokens
        (again,) = kit.replay(model, source[row], int(lengths[row]), [heard])
        assert one.log_probability == pytest.approx(again.log_probability, abs=1e-4)


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"temperature": 0.0}, "temperature is 0"),
        ({"top_k": 0}, "top_k is 0"),
        ({"top_p": 0.0}, "top_p is 0"),
        ({"top_p": 1.5}, "top_p is 1"),
        ({"max_length": 0}, "max_length is 0"),
    ],
)
def test_impossible_numbers_are_refused(kit: Any, settings: dict[str, Any], word: str) -> None:
    model, (source, lengths) = kit.translator(1), kit.sentences(1)
    with pytest.raises(ValueError, match=word):
        sample(model, model.encode(source, lengths), **{"max_length": 5} | settings)


@pytest.mark.parametrize("settings", [{}, {"temperature": 1.7}, {"top_k": 3}, {"top_p": 0.8}])
def test_noise_that_is_alike_draws_each_sentence_as_it_is_drawn_alone(
    kit: Any, model: Any, settings: dict[str, Any]
) -> None:
    source, lengths = kit.sentences(3, rows=7)
    together = sample(
        model,
        model.encode(source, lengths),
        generator=SharedNoise(torch.Generator().manual_seed(5)),
        max_length=13,
        **settings,
    )
    alone = [
        sample(
            model,
            model.encode(source[row : row + 1, :length], lengths[row : row + 1]),
            generator=torch.Generator().manual_seed(5),
            max_length=13,
            **settings,
        )[0]
        for row, length in enumerate(lengths.tolist())
    ]
    assert tokens(together) == tokens(alone)
    assert len({tuple(one) for one in tokens(alone)}) > 1
