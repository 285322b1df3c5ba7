"""What the laws are checked on: an attention under test, and a sample of tensors."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from heedful import attention
from heedful.attention import ScoreLike
from heedful.attention.problem import AttentionSpec
from heedful.choice import Choice, Gumbel, Hard
from heedful.region import Intersection, Padding, Predicted, Region, Window
from heedful.testing import exact


class LawBroken(AssertionError):
    """An attention broke a law. The message names the law, the attention and what was found."""


@dataclass(frozen=True)
class Sample:
    """Queries, keys, values and keep to check a law on.

    >>> from heedful.testing import Sample
    >>> Sample.draw(query_dim=4, key_dim=3).key.shape
    torch.Size([3, 7, 3])
    """

    query: Tensor
    key: Tensor
    value: Tensor
    keep: Tensor | None = None

    @staticmethod
    def draw(
        query_dim: int,
        key_dim: int,
        *,
        batch: tuple[int, ...] = (3,),
        queries: int = 5,
        keys: int = 7,
        seed: int = 0,
        keep: bool = False,
    ) -> "Sample":
        """A random sample in float64; with `keep`, about a third of the keys are masked, and one whole batch row."""
        generator = torch.Generator().manual_seed(seed)

        def normal(*shape: int) -> Tensor:
            return torch.randn(*batch, *shape, generator=generator, dtype=torch.float64)

        kept = torch.rand(*batch, keys, generator=generator) > 1 / 3
        if batch and batch[0] > 1:
            kept[-1] = False
        sample = Sample(normal(queries, query_dim), normal(keys, key_dim), normal(keys, 2))
        return replace(sample, keep=kept) if keep else sample

    def to(self, dtype: torch.dtype) -> "Sample":
        """The same in another precision."""
        return replace(self, query=self.query.to(dtype), key=self.key.to(dtype), value=self.value.to(dtype))

    def row(self, index: int) -> "Sample":
        """Row `index` of the first batch axis, as a batch of one."""
        pick = slice(index, index + 1)
        keep = None if self.keep is None else self.keep[pick]
        return Sample(query=self.query[pick], key=self.key[pick], value=self.value[pick], keep=keep)


@dataclass(frozen=True)
class Mechanism:
    """An attention under test. `attend` and `align` are heedful's, or replacements with the same arguments.

    >>> from heedful import Dot, Everywhere, Soft
    >>> from heedful.testing import Mechanism, Sample
    >>> from heedful.testing.laws import rows_sum_to_one_or_zero
    >>> rows_sum_to_one_or_zero(Mechanism(Dot(), Everywhere(), Soft()), Sample.draw(4, 4, keep=True))
    """

    score: ScoreLike
    region: Region
    choice: Choice
    engine: str = "auto"
    attend: Callable[..., Tensor] = attention.attend
    align: Callable[..., Tensor] = attention.align

    def context(self, sample: Sample) -> Tensor:
        """The context: ``[*B, T, V]``."""
        return self.attend(
            sample.query, sample.key, sample.value, keep=sample.keep, engine=self.engine, **self._options()
        )

    def weights(self, sample: Sample) -> Tensor:
        """The weights: ``[*B, T, S]``."""
        return self.align(sample.query, sample.key, keep=sample.keep, **self._options())

    def spec(self, sample: Sample) -> AttentionSpec:
        """The attention as the oracle takes it."""
        return AttentionSpec(self.score, self.region, self.choice, sample.keep)

    def visible(self, sample: Sample) -> Tensor:
        """Which pairs may be weighed, by the oracle: ``[*B, T, S]``."""
        return torch.from_numpy(exact.visible_and_gate(sample.query, sample.key, self.spec(sample))[0])

    @property
    def random(self) -> bool:
        """Whether it samples keys; the sample then depends on the shape of the batch."""
        return isinstance(self.choice, Hard) and isinstance(self.choice.draw, Gumbel)

    @property
    def gated(self) -> bool:
        """Whether the region gates the weights."""
        return any(isinstance(part, Predicted) for part in exact.intersected(self.region))

    @property
    def parameters(self) -> list[Tensor]:
        """The parameters of score and region."""
        modules = (part for part in (self.score, self.region) if isinstance(part, nn.Module))
        return [parameter for module in modules for parameter in module.parameters()]

    def row(self, index: int) -> "Mechanism":
        """The same for row `index` of the first batch axis."""
        return replace(self, region=row_of(self.region, index))

    def expect(self, holds: bool, law: str, found: object) -> None:
        """Check a law.

        Raises: LawBroken, when `holds` is false; it names the law and the attention.
        """
        if not holds:
            raise LawBroken(
                f"law broken: {law}\n  by score={self.score}, region={self.region}, choice={self.choice}\n  {found}"
            )

    def _options(self) -> dict[str, Any]:
        return {"score": self.score, "region": self.region, "choice": self.choice}


def run(
    mechanism: Mechanism, sample: Sample, *, upstream: Tensor | None = None, anomaly: bool = False
) -> tuple[Tensor, list[Tensor]]:
    """The context, and gradients of ``(context * upstream).sum()``: query, key, value, every parameter.

    Zeros where no gradient flows. With `anomaly`, torch raises at the first step of the backward pass that makes a NaN,
    even one masked later.
    """
    inputs = [tensor.detach().clone().requires_grad_() for tensor in (sample.query, sample.key, sample.value)]
    query, key, value = inputs
    context = mechanism.context(Sample(query, key, value, sample.keep))
    leaves = [*inputs, *mechanism.parameters]
    if not context.requires_grad:
        return context, [torch.zeros_like(leaf) for leaf in leaves]
    total = (context if upstream is None else context * upstream.to(context.dtype)).sum()
    before = torch.is_anomaly_enabled()
    torch.autograd.set_detect_anomaly(anomaly)
    try:
        found = torch.autograd.grad(total, leaves, allow_unused=True, materialize_grads=True)
        return context.detach(), list(found)
    finally:
        torch.autograd.set_detect_anomaly(before)


def row_of(region: Region, index: int) -> Region:
    """The region of one row of the first batch axis: only lengths and centres differ by row."""
    pick = slice(index, index + 1)
    match region:
        case Intersection():
            return row_of(region.first, index) & row_of(region.second, index)
        case Padding() if region.row_lengths.ndim > 0:
            return Padding(region.row_lengths[pick])
        case Window(centre=Tensor() as centre) if centre.ndim > 1:
            return Window(region.radius, centre[pick])
        case _:
            return region
