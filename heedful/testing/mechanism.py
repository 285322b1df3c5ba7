"""What the laws are checked on: an attention as three words, and a sample of tensors to look with."""

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
    """An attention broke a law; the message names the law, the attention and what was found."""


@dataclass(frozen=True)
class Sample:
    """Queries, keys, values and keep to check a law on."""

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
        """A random sample in float64; with `keep`, about a third of the keys are masked, and one whole row."""
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
    """An attention under test. `attend` and `align` are heedful's own, or replacements with the same arguments."""

    score: ScoreLike
    region: Region
    choice: Choice
    engine: str = "auto"
    attend: Callable[..., Tensor] = attention.attend
    align: Callable[..., Tensor] = attention.align

    def context(self, sample: Sample) -> Tensor:
        """What it answers: ``[*B, T, V]``."""
        return self.attend(
            sample.query, sample.key, sample.value, keep=sample.keep, engine=self.engine, **self._options()
        )

    def weights(self, sample: Sample) -> Tensor:
        """Where it looks: ``[*B, T, S]``."""
        return self.align(sample.query, sample.key, keep=sample.keep, **self._options())

    def spec(self, sample: Sample) -> AttentionSpec:
        """The same for the oracle."""
        return AttentionSpec(self.score, self.region, self.choice, sample.keep)

    def visible(self, sample: Sample) -> Tensor:
        """Which pairs may be looked at, by the oracle: ``[*B, T, S]``."""
        return torch.from_numpy(exact.visible_and_gate(sample.query, sample.key, self.spec(sample))[0])

    @property
    def random(self) -> bool:
        """Whether it samples: what it draws then depends on the shape of the batch."""
        return isinstance(self.choice, Hard) and isinstance(self.choice.draw, Gumbel)

    @property
    def gated(self) -> bool:
        """Whether the region shrinks weights."""
        return any(isinstance(part, Predicted) for part in exact.intersected(self.region))

    @property
    def parameters(self) -> list[Tensor]:
        """What it learns."""
        modules = (part for part in (self.score, self.region) if isinstance(part, nn.Module))
        return [parameter for module in modules for parameter in module.parameters()]

    def row(self, index: int) -> "Mechanism":
        """The same for row `index` of the first batch axis."""
        return replace(self, region=row_of(self.region, index))

    def expect(self, holds: bool, law: str, found: object) -> None:
        """Say which law was broken by which attention.

        Raises: LawBroken, when `holds` is false.
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
        case Padding() if region.real.ndim > 0:
            return Padding(region.real[pick])
        case Window(centre=Tensor() as centre) if centre.ndim > 1:
            return Window(region.radius, centre[pick])
        case _:
            return region
