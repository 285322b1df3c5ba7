"""Law 7: every engine is as exact as plain torch at the same precision, in its output and in every gradient."""

import copy
from bisect import bisect
from dataclasses import replace
from itertools import accumulate

import torch
from torch import Tensor, nn

from heedful.attention.problem import AttentionSpec
from heedful.choice import Choice
from heedful.testing import naive
from heedful.testing.mechanism import Mechanism, Sample, run
from heedful.testing.tolerance import within_budget

_DRAWS = 8
"""Of signs, to sum rows with: the size of a sum is then known to a quarter or so."""


def check_engine(mechanism: Mechanism, sample: Sample, *, gradient: bool = True) -> None:
    """Check output and gradients of `mechanism.engine` against float64, with the budget that plain torch sets.

    Score, region and sample share one dtype. The choice has to be deterministic. In half precision rounding moves
    the best key, and the support of a sparse choice: check those without `gradient`, or not at all.
    All gradients share the error of their references, since one may be right by luck. A gradient whose terms cancel may
    be wrong by a rounding of its terms: that of `Concat.query_weight`, say, which a softmax removes, is exactly zero.

    Raises: OverBudget, naming what is wrong and by how much.
    """
    plain, exact = by_hand(mechanism), in_float64(mechanism)
    shape = (*mechanism.visible(sample).shape[:-1], sample.value.shape[-1])
    upstream = torch.randn(shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64).to(
        sample.value.dtype
    )
    context, found = run(mechanism, sample, upstream=upstream)
    nearly, reference = run(plain, sample, upstream=upstream)
    truly, truth, terms = exactly(exact, sample.to(torch.float64), upstream.double())
    within_budget(context, nearly, truly, name="context")
    if not gradient:
        return
    ends = list(accumulate(each.numel() for each in truth))

    def name(index: int) -> str:
        return f"gradient of {names(mechanism)[bisect(ends, index)]}"

    within_budget(_joined(found), _joined(reference), _joined(truth), terms=_joined(terms), name=name)


def exactly(mechanism: Mechanism, sample: Sample, upstream: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """The context in plain torch, the gradients of `run`, and for each the size of the terms that it is a sum of.

    A gradient is a sum over rows and keys of ``dL/dscore`` times what moves the score. For its terms ``dL/dscore`` is
    replaced by the size of its own terms, so that nothing cancels in a row. Rows are summed with signs drawn at random,
    a few times: the root of the mean square is that of the sum of the rows' squares, and no row hides another.
    """
    spec = mechanism.spec(sample)
    query, key, value = (
        tensor.detach().clone().requires_grad_() for tensor in (sample.query, sample.key, sample.value)
    )
    leaves = [query, key, value, *mechanism.parameters]
    scores = naive.scores_of(query, key, spec.score)
    weights = naive.weights_of(scores, query, key, spec=spec)
    context = weights @ value
    gradients = torch.autograd.grad(
        context, [*leaves, scores], upstream, retain_graph=True, allow_unused=True, materialize_grads=True
    )
    slopes = _slope_terms(spec.choice, weights.detach(), upstream.abs() @ value.detach().abs().mT)
    slopes = slopes.sum_to_size(scores.shape).maximum(gradients[-1].abs())
    terms = [torch.zeros_like(leaf) for leaf in leaves]
    if slopes.numel() > 0:
        signs = torch.randint(0, 2, (_DRAWS, *slopes.shape[:-1], 1), generator=torch.Generator().manual_seed(7)) * 2 - 1
        drawn = torch.autograd.grad(
            scores, leaves, signs * slopes, is_grads_batched=True, allow_unused=True, materialize_grads=True
        )
        # A leaf that scores do not depend on gets a single gradient of zeros instead of one per draw.
        terms = [
            each.expand(_DRAWS, *leaf.shape).square().mean(0).sqrt() for each, leaf in zip(drawn, leaves, strict=True)
        ]
    return context.detach(), list(gradients[:-1]), terms


def _slope_terms(choice: Choice, weights: Tensor, above: Tensor) -> Tensor:
    """The size of both terms of ``dL/dscore = w (above - sum w above)``, as a softmax has it."""
    down = weights * above
    return (down + weights * down.sum(-1, keepdim=True)) / (choice.softmax_temperature or 1.0)


def by_hand(mechanism: Mechanism) -> Mechanism:
    """The same in plain torch, everything materialised."""

    def attend(
        query: Tensor, key: Tensor, value: Tensor, *, keep: Tensor | None, engine: str, **options: object
    ) -> Tensor:
        return naive.attend(query, key, value, spec=AttentionSpec(**options, keep=keep))  # pyright: ignore[reportArgumentType]

    return replace(mechanism, attend=attend)


def in_float64(mechanism: Mechanism) -> Mechanism:
    """The same with parameters in float64, of the very same numbers."""
    score, region = copy.deepcopy(mechanism.score), copy.deepcopy(mechanism.region)
    for part in (score, region):
        if isinstance(part, nn.Module):
            part.double()
    return replace(mechanism, score=score, region=region)


def names(mechanism: Mechanism) -> list[str]:
    """What the gradients of `run` are of."""
    parts = {"score": mechanism.score, "region": mechanism.region}
    modules = {name: part for name, part in parts.items() if isinstance(part, nn.Module)}
    learned = [f"{name}.{parameter}" for name, module in modules.items() for parameter, _ in module.named_parameters()]
    return ["query", "key", "value", *learned]


def _joined(tensors: list[Tensor]) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors])
