"""The keys of every fused engine: the best, a few of the best, one drawn; as plain torch's, with their probabilities.

The test files of an engine import these tests, and say by fixtures which `engine` it is, how many `draws` of how many
keys it can do, and how many queries and keys are `many`.
"""

import pytest
import torch

from heedful import Additive, Dot, Gumbel, Hard, Soft, Sparse, TopK, align, attend, select
from heedful.attention.problem import AttentionSpec
from heedful.testing import naive
from heedful.testing.tolerance import within_budget
from tests.laws.test_engines import build


def draw(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def check_selection(engine: str, score: str, region: str, choice: Hard, lengths: tuple[int, int]) -> None:
    """All that a selection finds, and all that learns from it, is within the budget of plain torch."""
    found = []
    for name, dtype in ((engine, torch.float32), ("plain", torch.float32), ("plain", torch.float64)):
        mechanism, sample = build(score, region, "argmax", name, dtype, lengths)
        inputs = [each.requires_grad_() for each in (sample.query, sample.key, sample.value)]
        words = {"score": mechanism.score, "region": mechanism.region, "choice": choice, "keep": sample.keep}
        chosen, context = select(*inputs, engine=name, **words), attend(*inputs, engine=name, **words)
        outputs = (context, chosen.context, chosen.log_probability.unsqueeze(-1), chosen.entropy.unsqueeze(-1))
        weighed = [each * draw(*each.shape, seed=seed).to(dtype) for seed, each in enumerate(outputs, start=4)]
        # The loss of each query, all batches together.
        losses = sum(each.sum(-1).flatten(0, -2).sum(0) for each in weighed)
        leaves = [*inputs, *mechanism.parameters]
        found.append((chosen, gradients(losses.sum(), leaves)))
    (own, own_slopes), (plain, plain_slopes), (exact, exact_slopes) = found
    assert torch.equal(own.index, exact.index)
    for name in ("context", "log_probability", "entropy"):
        within_budget(getattr(own, name), getattr(plain, name), getattr(exact, name), name=name)
    # What pairs of query and key add to a gradient may cancel: the sum may then be wrong by a rounding of its terms.
    terms = sum(gradients(loss, leaves).abs() for loss in losses)
    terms = terms + score_terms(mechanism, sample, exact, leaves)
    within_budget(own_slopes, plain_slopes, exact_slopes, terms=terms, name="gradients")


def score_terms(mechanism, sample, exact, leaves: list[torch.Tensor]) -> torch.Tensor:
    """The size of the terms of gradients through the scores, with nothing cancelled among the keys of a query.

    The log-probability of key k gives score s the gradient [s = k] - w_s, the entropy H gives -w_s (log w_s + H).
    """
    spec = AttentionSpec(mechanism.score, mechanism.region, Soft(), sample.keep)
    scores = naive.scores_of(sample.query, sample.key, mechanism.score)
    weights = naive.weights_of(scores, sample.query, sample.key, spec=spec).detach()
    upstream = [draw(*exact.index.shape, seed=seed).double().abs().unsqueeze(-1) for seed in (6, 7)]
    surprise = -torch.where(weights > 0, weights, 1.0).log()
    chosen = torch.nn.functional.one_hot(exact.index.clamp_min(0), weights.shape[-1])
    sizes = upstream[0] * (chosen + weights) + upstream[1] * weights * (surprise + exact.entropy.detach().unsqueeze(-1))
    sizes = sizes.sum_to_size(scores.shape)
    rows = range(scores[..., 0].numel())
    masks = (torch.zeros_like(scores[..., 0]).flatten().index_fill(0, torch.tensor(row), 1.0) for row in rows)
    losses = ((scores * sizes * mask.view(scores.shape[:-1]).unsqueeze(-1)).sum() for mask in masks)
    return sum(gradients(loss, leaves).abs() for loss in losses)


def gradients(loss: torch.Tensor, leaves: list[torch.Tensor]) -> torch.Tensor:
    """The gradients of a loss in one row."""
    found = torch.autograd.grad(loss, leaves, retain_graph=True, allow_unused=True, materialize_grads=True)
    return torch.cat([gradient.flatten() for gradient in found])


@pytest.mark.parametrize("score", [Dot(), Additive(8, 8, 8)], ids=["dot", "additive"])
def test_keys_are_drawn_as_often_as_their_weights_say(engine, draws, score):
    """Pearson's statistic of many draws over 30 groups of keys, several tiles long; 1 in 10,000 lies above 65."""
    often, keys = draws
    query, key = draw(1, 8).expand(often, 8), draw(keys, 8, seed=2)
    weights = align(query[:1], key, score=score)[0].detach()
    drawn = select(query, key, score=score, choice=Hard(Gumbel(7)), engine=engine)
    torch.testing.assert_close(drawn.log_probability, weights[drawn.index].log(), rtol=1e-4, atol=1e-5)
    group = torch.arange(keys) * 30 // keys
    expected = torch.zeros(30).index_add_(0, group, weights) * often
    counts = torch.zeros(30).index_add_(0, group, torch.bincount(drawn.index, minlength=keys).float())
    assert float(((counts - expected) ** 2 / expected).sum()) < 65
    shifted = expected.roll(1)
    assert float(((counts - shifted) ** 2 / shifted).sum()) > 65


def test_a_seed_draws_the_same_keys_whoever_asks_and_in_however_many_threads(engine, many):
    query, key = draw(3, many[0], 8), draw(3, many[1], 8, seed=2)
    score, choice = Additive(8, 8, 8), Hard(Gumbel(5))

    def ask() -> torch.Tensor:
        with torch.no_grad():
            return select(query, key, score=score, choice=choice, engine=engine).index

    first = ask()
    weights = align(query, key, score=score, choice=choice, engine=engine)
    assert torch.equal(weights.argmax(-1), first)
    context = attend(query, key, score=score, choice=choice, engine=engine)
    torch.testing.assert_close(context, key.gather(1, first.unsqueeze(-1).expand(-1, -1, 8)))
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1 if before > 1 else 2)
        assert torch.equal(ask(), first)
    finally:
        torch.set_num_threads(before)
    generator = torch.Generator().manual_seed(3)
    one, two = (select(query, key, score=score, choice=Hard(Gumbel(generator)), engine=engine).index for _ in range(2))
    generator.manual_seed(3)
    assert not torch.equal(one, two)
    assert torch.equal(select(query, key, score=score, choice=Hard(Gumbel(generator)), engine=engine).index, one)


def test_the_first_of_equals_is_the_best_as_in_the_plain_engine(engine):
    query, key = torch.zeros(40, 4), torch.zeros(600, 4)
    for name in ("plain", engine):
        assert bool((select(query, key, engine=name).index == 0).all())
    best = attend(query, key, torch.arange(600.0).unsqueeze(-1), choice=Sparse(TopK(3)), engine=engine)
    torch.testing.assert_close(best, torch.ones(40, 1))


def test_more_of_the_best_than_there_are_keys(engine):
    query, key = draw(5, 4), draw(3, 4, seed=2)
    context = attend(query, key, choice=Sparse(TopK(9)), engine=engine)
    torch.testing.assert_close(context, attend(query, key))


@pytest.mark.parametrize("choice", [Hard(), Hard(Gumbel(1)), Sparse(TopK(2))], ids=str)
def test_a_query_that_is_not_a_number_is_told_from_one_that_sees_nothing(engine, choice):
    """NaN is higher than no score, so no key is found for it; that must not look like zeros of a row without keys."""
    query, key = draw(1, 20, 8), draw(1, 30, 8, seed=2)
    clean = attend(query, key, choice=choice, engine=engine)
    query[0, 3, 1] = torch.nan
    found = attend(query, key, choice=choice, engine=engine)
    others = [t for t in range(20) if t != 3]
    assert bool(found[0, 3].isnan().all())
    torch.testing.assert_close(found[0, others], clean[0, others])
    assert bool(align(query, key, choice=choice, engine=engine)[0, 3].isnan().all())
    if isinstance(choice, Hard):
        selection = select(query, key, choice=choice, engine=engine)
        assert [bool(each[0, 3].isnan().all()) for each in (selection.context, selection.log_probability)] == [True] * 2
        assert bool(selection.entropy[0, 3].isnan())
        assert bool(selection.log_probability[0, others].isfinite().all())
