"""Attentions by name: the closed tables that turn a config's names into scores, regions and choices.

Names are looked up only here. The error for an unknown name suggests the most similar known one.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator

from heedful.choice import Choice, Entmax15, Gumbel, Hard, Soft, Sparse, Sparsemax, StraightThrough, TopK
from heedful.errors import UserError
from heedful.model.names import known
from heedful.region import Causal, Everywhere, Predicted, Region, Window
from heedful.score import Additive, Concat, Cosine, Dot, General, Location, Score
from heedful.structure import Attention


class AttentionConfig(BaseModel):
    """Which attention: a score, a region and a choice by name, and their numeric settings.

    `region` may combine several names with ``&``, as in "window & causal". `in_use` names the settings that the named
    parts use. Models ignore the others; training refuses them (see `heedful.task.attention`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    _build_score: Callable[[int, int], Any] | None = PrivateAttr(default=None)

    score: str = Field(default="additive", description="how well a key matches a query")
    region: str = Field(default="everywhere", description="keys that a query may attend to; & intersects several")
    choice: str = Field(default="soft", description="how scores become weights")
    width: int | None = Field(
        default=None, ge=1, description="hidden width of additive, concat and predicted; null: the query's"
    )
    radius: int = Field(default=10, ge=1, description="positions to each side, for window and predicted")
    temperature: float = Field(default=1.0, gt=0, description="of soft, hard and gumbel; below 1 sharpens")
    best: int = Field(default=4, ge=1, description="how many keys topk keeps")
    max_length: int = Field(default=512, ge=1, description="number of positions that location has weights for")

    @classmethod
    def choices(cls) -> dict[str, Iterable[str]]:
        """The names that settings may have."""
        return {"score": SCORES, "region": REGIONS, "choice": CHOICES}

    @field_validator("score")
    @classmethod
    def _known_score(cls, name: str) -> str:
        return name if name == CUSTOM_SCORE else known(name, SCORES, what="score")

    @field_validator("choice")
    @classmethod
    def _known_choice(cls, name: str) -> str:
        return known(name, CHOICES, what="choice")

    @field_validator("region")
    @classmethod
    def _known_regions(cls, names: str) -> str:
        return " & ".join(known(name.strip(), REGIONS, what="region") for name in names.split("&"))

    @property
    def in_use(self) -> frozenset[str]:
        """The names of the settings that change this attention."""
        regions = self.region.split(" & ")
        used = {
            "width": self.score in ("additive", "concat") or "predicted" in regions,
            "radius": "window" in regions or "predicted" in regions,
            "temperature": self.choice in ("soft", "hard", "gumbel"),
            "best": self.choice == "topk",
            "max_length": self.score == "location",
        }
        return frozenset({"score", "region", "choice"} | {name for name, is_used in used.items() if is_used})

    @property
    def longest(self) -> int | None:
        """The largest number of keys; None: no limit."""
        return self.max_length if self.score == "location" else None

    def with_score(self, build: Callable[[int, int], Any]) -> "AttentionConfig":
        """A copy whose score is ``build(query_dim, key_dim)``, a function of the user.

        The function is not part of the settings: a saved config holds the score name "custom".
        """
        changed = self.model_copy(update={"score": CUSTOM_SCORE})
        changed._build_score = build
        return changed

    def build(self, query_dim: int, key_dim: int) -> Attention:
        """The attention for queries and keys of these widths.

        Raises: UserError, when the score has no parameters and the two widths differ.
        """
        # Regions are built before the score: "predicted" has weights, and a seed draws them in this order.
        region, *more_regions = (REGIONS[name](self, query_dim) for name in self.region.split(" & "))
        for next_region in more_regions:
            region = region & next_region
        if self.score == CUSTOM_SCORE:
            score = (self._build_score or _needs_code)(query_dim, key_dim)
        else:
            score = SCORES[self.score](self, query_dim, key_dim)
        return Attention(score, region=region, choice=CHOICES[self.choice](self))


CUSTOM_SCORE = "custom"
"""The name of a score that code of the user builds: see `AttentionConfig.with_score`."""


def under(section: str, attentions: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The attentions of a section of settings, by their full path.

    >>> under("text", {"attention.self": frozenset({"score"})})
    {'text.attention.self': frozenset({'score'})}
    """
    return {f"{section}.{path}": in_use for path, in_use in attentions.items()}


def smallest(*limits: int | None) -> int | None:
    """The smallest of some limits, of which None means no limit."""
    return min((limit for limit in limits if limit is not None), default=None)


def _equal(score: Score, name: str, query_dim: int, key_dim: int) -> Score:
    """Checks the widths for a score without a weight between query and key: both must be equal."""
    if query_dim != key_dim:
        raise UserError(
            f"score {name!r} needs queries and keys of one width, but the decoder's are {query_dim} wide and the "
            f"source's {key_dim}",
            hint="set merge to 'sum' or bidirectional to false, or choose score 'general'",
        )
    return score


def _needs_code(query_dim: int, key_dim: int) -> Score:
    raise UserError(
        "the score 'custom' is the user's own code",
        hint="pass the function in Python: heedful.fit(..., score=build) or heedful.load(folder, score=build)",
    )


SCORES: dict[str, Callable[[AttentionConfig, int, int], Score]] = {
    "dot": lambda config, query, key: _equal(Dot(scale=1.0), "dot", query, key),
    "scaled-dot": lambda config, query, key: _equal(Dot(), "scaled-dot", query, key),
    "cosine": lambda config, query, key: _equal(Cosine(), "cosine", query, key),
    "general": lambda config, query, key: General(query, key),
    "additive": lambda config, query, key: Additive(query, key, config.width or query),
    "concat": lambda config, query, key: Additive(query, key, config.width or query),
    "linear-concat": lambda config, query, key: Concat(query, key),
    "location": lambda config, query, key: Location(query, config.max_length),
}
"""Score names.

"concat" is Luong's ``v^T tanh(W [q; k])``, which equals "additive". "linear-concat" has no tanh: the query's term is
the same for every key and cancels in the softmax, so that its weights do not depend on the query.
"""

REGIONS: dict[str, Callable[[AttentionConfig, int], Region]] = {
    "everywhere": lambda config, query: Everywhere(),
    "causal": lambda config, query: Causal(),
    "window": lambda config, query: Window(config.radius),
    "predicted": lambda config, query: Predicted(query, config.width or query, float(config.radius)),
}
"""Region names: "window" is local-m and "predicted" local-p of Luong et al. 2015, section 3.2."""

CHOICES: dict[str, Callable[[AttentionConfig], Choice]] = {
    "soft": lambda config: Soft(config.temperature),
    "hard": lambda config: Hard(gradient=StraightThrough(config.temperature)),
    "gumbel": lambda config: Hard(Gumbel(), gradient=StraightThrough(config.temperature)),
    "sparsemax": lambda config: Sparse(Sparsemax()),
    "entmax15": lambda config: Sparse(Entmax15()),
    "topk": lambda config: Sparse(TopK(config.best)),
}
"""Choice names: "hard" takes the best key, "gumbel" samples one; both have straight-through gradients."""
