"""A callable as score: what it may return, what it hides by minus infinity, and that it sees blocks of queries."""

from collections.abc import Callable, Iterator

import jaxtyping
import pytest
import torch
from torch import Tensor

from heedful import (
    Causal,
    Entmax15,
    Gumbel,
    Hard,
    Padding,
    Predicted,
    ShapeError,
    Soft,
    Sparse,
    StatsRequest,
    TopK,
    Window,
    align,
    align_blocks,
    attend,
    select,
    survey,
)
from heedful.kernel import Plain, dispatch

CHOICES = [Soft(), Soft(0.5), Hard(), Hard(Gumbel(1)), Sparse(), Sparse(Entmax15()), Sparse(TopK(2)), Sparse(TopK(9))]


@pytest.fixture(autouse=True)
def as_users_have_it() -> Iterator[None]:
    """Without the annotations' run-time checks: the errors that a user meets."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def draw(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "score",
    [
        lambda query, key: query.sum(-1),  # T = S would let this pass for a row of scores
        lambda query, key: (query @ key.mT).sum(-1),
        lambda query, key: query @ key.mT[..., :-1],
        lambda query, key: (query @ key.mT).mT[..., :2, :],
        lambda query, key: (query @ key.mT).unsqueeze(1),
        lambda query, key: (query @ key.mT)[:1].expand(3, -1, -1),
        lambda query, key: query @ key.mT > 0,
    ],
)
@pytest.mark.parametrize("function", [attend, align, select, survey, lambda *a, **w: list(align_blocks(*a, **w))])
def test_scores_of_another_shape_are_refused(score: Callable, function: Callable) -> None:
    states = draw(2, 6, 4)
    with pytest.raises(ShapeError, match=r"the score returns .*query float32\[2, 6, 4\].*\[\*B, T, S\] = \[2, 6, 6\]"):
        function(states, states, score=score)


def test_what_is_no_tensor_is_refused() -> None:
    with pytest.raises(TypeError, match="what the score returns is a float"):
        attend(draw(2, 3, 4), draw(2, 5, 4), score=lambda query, key: 1.0)


def test_scores_that_are_the_same_for_every_row_may_leave_out_the_batch() -> None:
    query, key, bias = draw(2, 3, 4), draw(2, 5, 4), draw(3, 5)
    for scores in (bias, bias[None]):
        found = align(query, key, score=lambda query, key: scores)  # noqa: B023
        torch.testing.assert_close(found, torch.softmax(bias, -1).expand(2, 3, 5))
        torch.testing.assert_close(attend(query, key, score=lambda query, key: scores), found @ key)  # noqa: B023


# Minus infinity -------------------------------------------------------------------------------------------------------


def hidden(query: Tensor, key: Tensor) -> Tensor:
    """Scores of minus infinity in the first row, and in the first key of the second."""
    scores = (query @ key.mT).clone()
    scores[..., 0, :] = -torch.inf
    scores[..., 1, 0] = -torch.inf
    return scores


@pytest.mark.parametrize("choice", CHOICES, ids=str)
@pytest.mark.parametrize("keep", [None, torch.tensor([[True, True, True, False]])], ids=["all", "keep"])
@pytest.mark.parametrize(
    "region", [None, Predicted(4, 3, 9.0), Padding(torch.tensor([3]))], ids=lambda each: str(each)[:7]
)
def test_a_row_of_minus_infinity_is_zero_as_under_keep(choice, keep, region) -> None:
    query, key = draw(1, 3, 4).requires_grad_(), draw(1, 4, 4, seed=2).requires_grad_()
    words = {"choice": choice, "keep": keep, **({} if region is None else {"region": region})}
    weights = align(query, key, score=hidden, **words)
    mask = torch.ones(1, 3, 4).bool()
    mask[:, 0], mask[:, 1, 0] = False, False
    words["keep"] = mask if keep is None else mask & keep[:, None]
    torch.testing.assert_close(weights, align(query, key, score=lambda query, key: query @ key.mT, **words))
    assert bool((weights[:, 0] == 0).all())
    context = attend(query, key, score=hidden, **{**words, "keep": keep})
    assert bool((context[:, 0] == 0).all())
    slopes = torch.autograd.grad(context.square().sum() + 0 * query.sum(), (query, key), materialize_grads=True)
    assert all(bool(slope.isfinite().all()) for slope in slopes)
    assert bool((slopes[0][:, 0] == 0).all())


def test_selections_and_surveys_of_such_rows_are_empty_too() -> None:
    query, key = draw(1, 3, 4), draw(1, 4, 4, seed=2)
    chosen = select(query, key, score=hidden)
    assert chosen.index[0, 0] == -1
    assert chosen.log_probability[0, 0] == chosen.entropy[0, 0] == 0
    found = survey(query, key, score=hidden, request=StatsRequest((1, 1), best=1))
    assert found.index[0, 0, 0] == -1
    torch.testing.assert_close(found.mass, torch.full((1, 1, 1), 2 / 3))


def test_a_nan_still_shows() -> None:
    weights = align(draw(1, 3, 4), draw(1, 4, 4), score=lambda query, key: torch.full((1, 3, 4), torch.nan))
    assert bool(weights.isnan().all())


# Blocks ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [129, 250, 480])
def test_a_bias_of_all_pairs_does_in_evaluation_what_it_does_in_training(length: int) -> None:
    """Blocks do not depend on whether a callable learns: it fails in both, with a reason, or in none."""
    bias, states = draw(length, length), draw(1, length, 8)

    def run() -> Tensor | str:
        try:
            return attend(states, states, score=lambda query, key: query @ key.mT + bias)
        except ShapeError as refusal:
            return str(refusal)

    learning = run()
    with torch.no_grad():
        evaluating = run()
    if isinstance(learning, str):
        assert evaluating == learning
        assert "blocks of queries" in learning
        assert f"of {length}" in learning
        assert "own-score.md" in learning
    else:
        torch.testing.assert_close(evaluating, learning)
        torch.testing.assert_close(learning, torch.softmax(states @ states.mT + bias, -1) @ states)
    assert isinstance(learning, str) == (length > 400)


@pytest.mark.parametrize("region", [Causal(), Window(2)], ids=str)
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_in_blocks_of_any_size_a_bias_of_all_pairs_is_refused_and_not_broadcast(monkeypatch, rows: int, region) -> None:
    tiny = Plain(block_floats=6 * 64 * rows)
    monkeypatch.setattr(dispatch, "_PLAIN", tiny)
    bias, states = draw(6, 6), draw(1, 6, 4)
    with pytest.raises(ShapeError, match="the score failed on queries 0 to"):
        attend(states, states, region=region, score=lambda query, key: query @ key.mT + bias)


def test_a_position_that_comes_with_the_query_works_in_blocks(monkeypatch) -> None:
    """As the documentation tells to do it."""
    bias, states = draw(6, 6), draw(1, 6, 4)
    rows = torch.arange(6.0).view(1, 6, 1)

    def biased(query: Tensor, key: Tensor) -> Tensor:
        row = query[0, :, -1].long()
        return query[..., :-1] @ key.mT + bias[row]

    numbered = torch.cat([states, rows], -1)
    expected = torch.softmax(states @ states.mT + bias, -1) @ states
    for block_floats in (1 << 20, 6 * 64 * 2):
        monkeypatch.setattr(dispatch, "_PLAIN", Plain(block_floats))
        torch.testing.assert_close(attend(numbered, states, score=biased), expected)
