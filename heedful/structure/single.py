"""One attention as a module: a score, a region and a choice under one name, so that it can be trained and recorded."""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from heedful.attention import Memory, ScoreLike, align, attend
from heedful.choice import Choice, Soft
from heedful.region import Everywhere, Region
from heedful.score import Dot


class Attention(nn.Module):
    """``attend`` with its score, region and choice chosen once.

    Wherever a model looks it does so through this module or `MultiHead`, which is how `heedful.record` sees it.
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
        """A memory whose keys are projected once, for many queries; `value` None means the keys themselves."""
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
        """The context of each query; `region` replaces this module's own for one call."""
        where = self.region if region is None else region
        return attend(
            query, memory, value, score=self.score, region=where, choice=self.choice, keep=keep, engine=self.engine
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
        """The weights behind the same call to `forward`."""
        where = self.region if region is None else region
        return align(query, memory, score=self.score, region=where, choice=self.choice, keep=keep, engine=self.engine)
