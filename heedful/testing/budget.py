"""Law 7: every engine is as exact as plain torch at the same precision, in its output and in every gradient."""

import copy
from dataclasses import replace

import torch
from torch import Tensor, nn

from heedful.attention.problem import AttentionSpec
from heedful.testing import naive
from heedful.testing.mechanism import Mechanism, Sample, run
from heedful.testing.tolerance import error, within_budget


def check_engine(mechanism: Mechanism, sample: Sample, *, gradient: bool = True) -> None:
    """Check output and gradients of `mechanism.engine` against float64, with the budget that plain torch sets.

    Score, region and sample share one dtype. The choice has to be deterministic. In half precision rounding moves
    the best key, and the support of a sparse choice: check those without `gradient`, or not at all.
    All gradients share one budget: where terms cancel, as for a scalar, a reference may be right by luck.

    Raises: OverBudget, naming what is wrong and by how much.
    """
    plain, exact = by_hand(mechanism), in_float64(by_hand(mechanism))
    shape = (*mechanism.visible(sample).shape[:-1], sample.value.shape[-1])
    upstream = torch.randn(shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64).to(
        sample.value.dtype
    )
    context, found = run(mechanism, sample, upstream=upstream)
    nearly, reference = run(plain, sample, upstream=upstream)
    truly, truth = run(exact, sample.to(torch.float64), upstream=upstream.double())
    within_budget(context, nearly, truly, name="context")
    if not gradient:
        return
    errors = [error(one, true) for one, true in zip(found, truth, strict=True)]
    worst = max(zip(errors, names(mechanism), strict=True))[1]
    within_budget(_joined(found), _joined(reference), _joined(truth), name=f"gradient of {worst}")


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
    learned = [f"{name}.{own}" for name, module in modules.items() for own, _ in module.named_parameters()]
    return ["query", "key", "value", *learned]


def _joined(tensors: list[Tensor]) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors])
