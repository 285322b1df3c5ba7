"""The laws of attention, each a function that raises `LawBroken` when an attention breaks it.

`check_score` checks a score of your own against every law, with every kind of region and choice. The laws take a
`Mechanism` and a `Sample`, so that a test can pass in a broken attention and see each law fail.
"""

import math
from dataclasses import replace

import torch
from torch import Tensor, nn

from heedful.attention import Memory, ScoreLike
from heedful.choice import Choice, Hard, Soft, Sparse
from heedful.region import Causal, Everywhere, Padding, Predicted, Region, Window
from heedful.testing import exact
from heedful.testing.mechanism import LawBroken, Mechanism, Sample, run

TINY = 1e-9
"""Rounding in float64 at the sizes that laws are checked on; what breaks a law differs by far more."""
POISONS = ((math.nan,), (math.inf, 1e30, -math.inf))
"""What memory that no query sees may hold: all NaN, or infinities and a large number in turn."""


def rows_sum_to_one_or_zero(mechanism: Mechanism, sample: Sample) -> None:
    """Weights are not negative, 0 where nothing may be seen, and a row sums to 1 (or less, if gated) or to 0."""
    weights, visible = mechanism.weights(sample), mechanism.visible(sample)
    mechanism.expect(bool((weights >= 0).all()), "weights are not negative", weights)
    mechanism.expect(bool((weights[~visible] == 0).all()), "what may not be seen has weight 0", weights)
    total = weights.sum(-1)
    expected = visible.any(-1).to(total.dtype)
    right = total <= expected + TINY if mechanism.gated else (total - expected).abs() <= TINY
    mechanism.expect(bool(right.all()), "a row sums to 1, or to 0 where nothing may be seen", total)


def empty_rows_give_nothing(mechanism: Mechanism, sample: Sample) -> None:
    """A query that may see nothing gets zeros and changes no gradient, and no backward step makes NaN."""
    empty = ~mechanism.visible(sample).any(-1)
    context, gradients = run(mechanism, sample, anomaly=True)
    mechanism.expect(bool((context[empty] == 0).all()), "a query that may see nothing gets zeros", context)
    # Gradients of a loss that reads the empty rows alone.
    _, from_empty = run(mechanism, sample, upstream=empty.unsqueeze(-1))
    mechanism.expect(all(bool(each.isfinite().all()) for each in gradients), "gradients are finite", gradients)
    grad_query = gradients[0][empty]
    mechanism.expect(bool((grad_query == 0).all()), "a query that may see nothing has gradient 0", grad_query)
    zero = all(bool((each == 0).all()) for each in from_empty)
    mechanism.expect(zero, "a query that may see nothing changes no gradient", from_empty)


def empty_queries_are_inert(mechanism: Mechanism, sample: Sample) -> None:
    """A query that may see nothing may hold NaN: no output and no gradient changes. For regions that do not gate."""
    empty = ~mechanism.visible(sample).any(-1).unsqueeze(-1)
    context, gradients = run(mechanism, sample)
    after, found = run(mechanism, replace(sample, query=sample.query.masked_fill(empty, math.nan)))
    for before, now in zip([context, *gradients], [after, *found], strict=True):
        mechanism.expect(torch.equal(before, now), "a query that may see nothing is inert", now - before)


def unseen_memory_is_inert(mechanism: Mechanism, sample: Sample) -> None:
    """What no query may see changes no bit of any output or gradient, whatever it holds."""
    unseen = ~mechanism.visible(sample).any(-2).unsqueeze(-1)
    context, gradients = run(mechanism, sample)
    outputs = [mechanism.weights(sample), context, *gradients]
    for poison in POISONS:
        key, value = _poisoned(sample.key, unseen, poison), _poisoned(sample.value, unseen, poison)
        poisoned = replace(sample, key=key, value=value)
        context, gradients = run(mechanism, poisoned)
        found = [mechanism.weights(poisoned), context, *gradients]
        for before, after in zip(outputs, found, strict=True):
            mechanism.expect(torch.equal(before, after), f"unseen memory that holds {poison} is inert", after - before)


def order_changes_nothing(mechanism: Mechanism, sample: Sample) -> None:
    """Permuting the memory, with its keep, changes no context. For scores and regions that read no positions."""
    order = torch.randperm(sample.key.shape[-2], generator=torch.Generator().manual_seed(1))
    keep = None if sample.keep is None else sample.keep[..., order]
    shuffled = Sample(sample.query, sample.key[..., order, :], sample.value[..., order, :], keep)
    _same(mechanism, mechanism.context(sample), mechanism.context(shuffled), "the order of the memory changes nothing")
    permuted = mechanism.weights(sample)[..., order]
    _same(mechanism, permuted, mechanism.weights(shuffled), "weights move with their keys")


def shift_changes_nothing(mechanism: Mechanism, sample: Sample) -> None:
    """Adding one number to all scores of a row changes nothing."""

    def shifted(query: Tensor, key: Tensor) -> Tensor:
        return mechanism.score(query, key) + 10 * query.sum(-1, keepdim=True)

    # A callable score is for the plain engine, whichever one is under test.
    moved = replace(mechanism, score=shifted, engine="auto")
    _same(mechanism, mechanism.context(sample), moved.context(sample), "a shift of all scores of a row changes nothing")


def attend_is_align_times_value(mechanism: Mechanism, sample: Sample) -> None:
    """The map shown is the map used: ``attend(...) == align(...) @ value``."""
    unseen = ~mechanism.visible(sample).any(-2).unsqueeze(-1)
    product = mechanism.weights(sample) @ sample.value.masked_fill(unseen, 0.0)
    _same(mechanism, product, mechanism.context(sample), "attend equals align @ value")


def batch_of_one_is_its_row(mechanism: Mechanism, sample: Sample) -> None:
    """A row computed alone equals the row in its batch."""
    together = mechanism.context(sample)
    for index in range(sample.query.shape[0]):
        alone = mechanism.row(index).context(sample.row(index))
        _same(mechanism, together[index : index + 1], alone, "a batch of one equals its row in the batch")


def padding_changes_nothing(mechanism: Mechanism, sample: Sample) -> None:
    """Seven more keys of garbage, not kept, change nothing. For regions that do not count from the end."""
    key, value = (nn.functional.pad(tensor, (0, 0, 0, 7), value=math.nan) for tensor in (sample.key, sample.value))
    keep = sample.key.new_ones(sample.key.shape[:-1], dtype=torch.bool) if sample.keep is None else sample.keep
    padded = Sample(sample.query, key, value, nn.functional.pad(keep, (0, 7), value=False))
    _same(mechanism, mechanism.context(sample), mechanism.context(padded), "padding that is not kept changes nothing")


def one_step_at_a_time_is_all_at_once(mechanism: Mechanism, sample: Sample) -> None:
    """Decoding with a growing memory equals the full run: for causal regions, whose queries are the last keys."""
    full = mechanism.context(sample)
    first = sample.key.shape[-2] - sample.query.shape[-2]
    memory = _memory(mechanism, sample, slice(0, first))
    steps = []
    for t in range(sample.query.shape[-2]):
        memory = memory.extend(_memory(mechanism, sample, slice(first + t, first + t + 1)))
        options = {"score": mechanism.score, "region": mechanism.region, "choice": mechanism.choice}
        steps.append(mechanism.attend(sample.query[..., t : t + 1, :], memory, engine=mechanism.engine, **options))
    _same(mechanism, full, torch.cat(steps, dim=-2), "one step at a time equals all at once")


def later_keys_change_nothing(mechanism: Mechanism, sample: Sample) -> None:
    """Causal: the first queries with the first keys give the first rows of the full run."""
    full = mechanism.context(sample)
    for cut in range(1, min(sample.query.shape[-2], sample.key.shape[-2]) + 1):
        keys = sample.key.shape[-2] - cut
        keep = None if sample.keep is None else sample.keep[..., :keys]
        prefix = Sample(sample.query[..., :-cut, :], sample.key[..., :keys, :], sample.value[..., :keys, :], keep)
        _same(mechanism, full[..., :-cut, :], mechanism.context(prefix), "a causal prefix equals the full run")


def queries_are_alone(mechanism: Mechanism, sample: Sample) -> None:
    """A row of scores depends on that row's query alone: the plain engine computes scores by blocks of queries."""
    together = mechanism.score(sample.query, sample.key)
    shape = (*sample.query.shape[:-1], sample.key.shape[-2])
    mechanism.expect(together.shape == shape, f"a score is [*B, T, S], here {list(shape)}", list(together.shape))
    for t in range(sample.query.shape[-2]):
        alone = mechanism.score(sample.query[..., t : t + 1, :], sample.key)
        _same(mechanism, together[..., t : t + 1, :], alone, "a row of scores depends on its own query alone")


def gradients_are_right(mechanism: Mechanism, sample: Sample) -> None:
    """Gradients equal finite differences, in float64: for choices that are differentiable."""
    inputs = [tensor.detach().clone().requires_grad_() for tensor in (sample.query, sample.key, sample.value)]
    leaves = (*inputs, *mechanism.parameters)

    def context(query: Tensor, key: Tensor, value: Tensor, *_: Tensor) -> Tensor:
        return mechanism.context(Sample(query, key, value, sample.keep))

    try:
        torch.autograd.gradcheck(context, leaves, eps=1e-6, atol=1e-6, rtol=1e-5, fast_mode=True)
    except RuntimeError as error:
        mechanism.expect(False, "gradients equal finite differences", error)


def check_attention(
    score: ScoreLike,
    *,
    region: Region | None = None,
    choice: Choice | None = None,
    sample: Sample,
    engine: str = "auto",
) -> None:
    """Check every law that holds for this attention, on a sample of at least one batch axis in float64.

    Which laws hold follows from score, region and choice: the order of the memory is free where nothing reads
    positions, and step by step equals all at once where the region is causal.

    Raises: LawBroken, naming the law and the attention.

        >>> from heedful import Causal, Cosine
        >>> from heedful.testing import Sample, check_attention
        >>> check_attention(Cosine().double(), region=Causal(), sample=Sample.draw(4, 4, keys=5))
    """
    region, choice = Everywhere() if region is None else region, Soft() if choice is None else choice
    mechanism = Mechanism(score, region, choice, engine)
    for law in (
        rows_sum_to_one_or_zero,
        empty_rows_give_nothing,
        unseen_memory_is_inert,
        attend_is_align_times_value,
        shift_changes_nothing,
    ):
        law(mechanism, sample)
    if not mechanism.gated and bool((~mechanism.visible(sample).any(-1)).any()):
        empty_queries_are_inert(mechanism, sample)
    if mechanism.random:
        return
    batch_of_one_is_its_row(mechanism, sample)
    parts = exact.intersected(region)
    if all(isinstance(part, (Everywhere, Padding, Predicted)) for part in parts):
        padding_changes_nothing(mechanism, sample)
    if all(isinstance(part, Causal) for part in parts) and sample.query.shape[-2] > 0:
        later_keys_change_nothing(mechanism, sample)
        if sample.query.shape[-2] <= sample.key.shape[-2]:
            one_step_at_a_time_is_all_at_once(mechanism, sample)


def check_score(score: ScoreLike, query_dim: int, key_dim: int, *, reads_positions: bool = False) -> None:
    """Check a score of your own against every law; its parameters, if any, must be in float64.

    A score is any callable ``(query [*B, T, query_dim], key [*B, S, key_dim]) -> [*B, T, S]``. `reads_positions` says
    that it depends on where a key stands, so that the order of the memory matters to it.

    Raises: LawBroken, naming the law that does not hold.

        >>> from heedful.testing import check_score
        >>> def negative_distance(query, key):
        ...     return -(query.unsqueeze(-2) - key.unsqueeze(-3)).square().sum(-1)
        >>> check_score(negative_distance, query_dim=3, key_dim=3)
    """
    # Sizes at the edges first: no batch axis, a single pair, no query, no key.
    for batch, queries, keys in (((), 5, 7), ((2, 3), 2, 3), ((2,), 1, 1), ((2,), 0, 3), ((2,), 3, 0)):
        plain = Sample.draw(query_dim, key_dim, batch=batch, queries=queries, keys=keys)
        queries_are_alone(Mechanism(score, Everywhere(), Soft()), plain)
    sample, square = (Sample.draw(query_dim, key_dim, queries=5, keys=keys, keep=True) for keys in (7, 5))
    for region in (Everywhere(), Padding(torch.tensor([7, 3, 0])), Window(1)):
        for choice in (Soft(), Hard(), Sparse()):
            check_attention(score, region=region, choice=choice, sample=sample)
    check_attention(score, region=Causal(), sample=square)
    if not reads_positions:
        order_changes_nothing(Mechanism(score, Everywhere(), Soft()), sample)
    gradients_are_right(
        Mechanism(score, Everywhere(), Soft()), Sample.draw(query_dim, key_dim, batch=(2,), queries=2, keys=3)
    )


def _memory(mechanism: Mechanism, sample: Sample, keys: slice) -> Memory:
    keep = None if sample.keep is None else sample.keep[..., keys]
    return Memory(sample.key[..., keys, :], sample.value[..., keys, :], keep).project(mechanism.score)


def _poisoned(memory: Tensor, unseen: Tensor, poison: tuple[float, ...]) -> Tensor:
    turns = torch.arange(memory.numel()).reshape(memory.shape) % len(poison)
    return torch.where(unseen, torch.tensor(poison, dtype=memory.dtype)[turns], memory)


def _same(mechanism: Mechanism, expected: Tensor, found: Tensor, law: str) -> None:
    """Equal but for rounding in float64."""
    # Compared by hand and not by torch.testing.assert_close, whose message would not name the law.
    if expected.shape != found.shape:
        raise LawBroken(f"law broken: {law}\n  shapes {list(expected.shape)} and {list(found.shape)}")
    difference = (expected - found).abs().max().item() if expected.numel() > 0 else 0.0
    size = 1.0 + (expected.abs().max().item() if expected.numel() > 0 else 0.0)
    mechanism.expect(difference <= TINY * size, law, f"largest difference {difference:.3g}")
