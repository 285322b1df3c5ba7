"""One attention as a module: score, region and choice together, so that it can be trained and recorded."""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from heedful.attention import Memory, ScoreLike, align, attend
from heedful.choice import Choice, Soft
from heedful.region import Everywhere, Region
from heedful.score import Dot


class Attention(nn.Module):
    """`heedful.attend` as a module, with its score, region and choice.

    Models attend through this module or `MultiHead`, where `heedful.record` observes them. The default is scaled dot
    product, everywhere, softmax.

        >>> import torch
        >>> from heedful import Additive, Attention
        >>> attention = Attention(Additive(8, 16, 32))
        >>> attention(torch.randn(2, 3, 8), torch.randn(2, 5, 16)).shape
        torch.Size([2, 3, 16])
        >>> memory = attention.project(torch.randn(2, 5, 16))  # projects the keys once, for many calls
        >>> attention.align(torch.randn(2, 1, 8), memory).shape
        torch.Size([2, 1, 5])
    """

    def __init__(
        self,
        score: ScoreLike | None = None,
        *,
        region: Region | None = None,
        choice: Choice | None = None,
        engine: str = "auto",
    ) -> None:
        super().__init__()
        self.score = Dot() if score is None else score
        self.region = Everywhere() if region is None else region
        self.choice = Soft() if choice is None else choice
        self.engine = engine

    def project(
        self,
        key: Float[Tensor, "... S K"],
        value: Float[Tensor, "... _ V"] | None = None,
        keep: Bool[Tensor, "..."] | None = None,
    ) -> Memory:
        """A memory whose keys are projected once, for many calls; `value` None means that the keys are the values."""
        return Memory(key, key if value is None else value, keep).project(self.score)

    def forward(
        self,
        query: Float[Tensor, "... T Q"],
        memory: Memory | Float[Tensor, "... S K"],
        value: Float[Tensor, "... _ V"] | None = None,
        *,
        keep: Bool[Tensor, "..."] | None = None,
        region: Region | None = None,
    ) -> Float[Tensor, "... T V"]:
        """The context of each query ``[*B, T, V]``; `region` replaces the module's for one call."""
        region = self.region if region is None else region
        return attend(
            query, memory, value, score=self.score, region=region, choice=self.choice, keep=keep, engine=self.engine
        )

    def align(
        self,
        query: Float[Tensor, "... T Q"],
        memory: Memory | Float[Tensor, "... S K"],
        value: Float[Tensor, "... _ V"] | None = None,
        *,
        keep: Bool[Tensor, "..."] | None = None,
        region: Region | None = None,
    ) -> Float[Tensor, "... T S"]:
        """The weights ``[*B, T, S]`` of the same call to `forward`; `value` is accepted and not read."""
        region = self.region if region is None else region
        return align(query, memory, score=self.score, region=region, choice=self.choice, keep=keep, engine=self.engine)

    def extra_repr(self) -> str:
        """What the parts below it do not show: a score or region that is no module, and an engine that is forced."""
        parts = {"score": self.score, "region": self.region}
        shown = [f"{name}={_short_repr(part)}" for name, part in parts.items() if not isinstance(part, nn.Module)]
        shown += [] if self.engine == "auto" else [f"engine={self.engine!r}"]
        return ", ".join(shown)


def _short_repr(part: object) -> str:
    """A function by its name, without the address that Python prints."""
    name = getattr(part, "__qualname__", None)
    return repr(part) if name is None else name.rpartition("<locals>.")[2]
