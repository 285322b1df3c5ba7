"""Hard attention: one key a query, the best or a sampled one, and how to learn through it."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor

from heedful.choice.base import Choice
from heedful.choice.soft import Soft
from heedful.kernel import Pick, mask_scores, masked_softmax, upcast


@dataclass(frozen=True)
class Argmax:
    """Take the key with the highest score; the first of equals."""

    def index(self, scores: Float[Tensor, "... T S"]) -> Int[Tensor, "... T"]:
        """Which key each query takes."""
        return scores.argmax(dim=-1)

    def pick(self, through: Soft | None) -> Pick:
        """The best one."""
        return Pick(through=through)

    def seeded(self, block: int) -> "Argmax":
        """Itself: nothing is random here."""
        return self


@dataclass(frozen=True)
class Gumbel:
    """Sample a key from the softmax of the scores, by the largest of scores plus Gumbel noise.

    `generator` makes samples repeatable: a ``torch.Generator`` is drawn from; an integer seeds a fresh one at each
    call, so that every call gives the same sample; None takes torch's global one. The engines draw from the same
    distribution, and not the same numbers; `attend`, `align` and `select` of one problem take one engine.
    Source: Gumbel 1954, section 5; Maddison et al. 2014, section 2 (arXiv:1411.0030).
    """

    generator: Generator | int | None = None

    def index(self, scores: Float[Tensor, "... T S"]) -> Int[Tensor, "... T"]:
        """Which key each query takes."""
        generator = self.generator
        if isinstance(generator, int):
            generator = Generator(scores.device).manual_seed(generator)
        waiting = torch.empty_like(scores).exponential_(generator=generator)
        return (scores - waiting.clamp_min(torch.finfo(scores.dtype).tiny).log()).argmax(dim=-1)

    def pick(self, through: Soft | None) -> Pick:
        """One drawn."""
        return Pick(draw=self.seed, through=through)

    def seed(self) -> int:
        """The seed given, or one drawn from the generator."""
        if isinstance(self.generator, int):
            return self.generator
        device = "cpu" if self.generator is None else self.generator.device
        return int(torch.randint(2**62, (), dtype=torch.long, generator=self.generator, device=device).item())

    def seeded(self, block: int) -> "Gumbel":
        """The same draw with the seed fixed, so that a block computed twice samples the same keys.

        A given seed moves on by `block`: blocks with one seed would all draw the same noise.
        """
        return Gumbel(self.seed() + block if isinstance(self.generator, int) else self.seed())


@dataclass(frozen=True)
class StopGradient:
    """No gradient reaches the scores through the choice: learn them by `reinforce`."""

    @property
    def through(self) -> None:
        """No weighing whose gradient it takes."""

    def attach(self, one_hot: Tensor, scores: Tensor, visible: Tensor | None) -> Tensor:
        """The choice as it is."""
        return one_hot


@dataclass(frozen=True)
class StraightThrough:
    """The choice forwards, the softmax's gradient backwards: biased, but of low variance.

    Source: Bengio et al. 2013, section 4 (arXiv:1308.3432).
    """

    temperature: float = 1.0

    @property
    def through(self) -> Soft:
        """The weighing whose gradient it takes."""
        return Soft(self.temperature)

    def attach(self, one_hot: Tensor, scores: Tensor, visible: Tensor | None) -> Tensor:
        """The choice, with the gradient of ``softmax(scores / temperature)``."""
        soft = masked_softmax(scores / self.temperature, visible)
        return one_hot + (soft - soft.detach())


class Hard(Choice):
    """All weight on one key: the best, ``Hard()``, or a sampled one, ``Hard(Gumbel())``.

    `gradient` says how the scores learn: not at all through the weights (`StopGradient`; use `select` and
    `reinforce`), or by `StraightThrough`.
    Source: Xu et al. 2015, section 4.1 (arXiv:1502.03044).
    """

    def __init__(
        self, draw: Argmax | Gumbel | None = None, gradient: StopGradient | StraightThrough | None = None
    ) -> None:
        super().__init__()
        self.draw = Argmax() if draw is None else draw
        self.gradient = StopGradient() if gradient is None else gradient

    @property
    def pick(self) -> Pick:
        """One key."""
        return self.draw.pick(self.gradient.through)

    @property
    def random(self) -> bool:
        """Whether keys are sampled."""
        return isinstance(self.draw, Gumbel)

    def seeded(self, block: int) -> "Hard":
        """The same choice with its sample drawn once for a block of queries."""
        return Hard(self.draw.seeded(block), self.gradient)

    def forward(
        self, scores: Float[Tensor, "... T S"], visible: Bool[Tensor, "... #T #S"] | None = None
    ) -> Float[Tensor, "... T S"]:
        """One-hot weights, or zeros where nothing is visible."""
        scores = upcast(scores)
        if scores.shape[-1] == 0:
            return scores
        with torch.no_grad():
            index = self.draw.index(mask_scores(scores, visible))
            one_hot = torch.zeros_like(scores).scatter_(-1, index.unsqueeze(-1), 1.0)
            if visible is not None:
                one_hot = one_hot.masked_fill(~visible, 0.0)
        return self.gradient.attach(one_hot, scores, visible)

    def extra_repr(self) -> str:
        """Its settings, for printing."""
        return f"{self.draw}, {self.gradient}"


class Selection(NamedTuple):
    """One key chosen for each query, with what a policy gradient needs.

    Where a query may see nothing, the index is -1 and everything else 0.
    """

    context: Float[Tensor, "... T V"]
    index: Int[Tensor, "... T"]  # pyright: ignore[reportIncompatibleMethodOverride]  # hides tuple.index, on purpose
    log_probability: Float[Tensor, "... T"]
    entropy: Float[Tensor, "... T"]


def reinforce(
    selection: Selection,
    reward: Float[Tensor, "..."],
    *,
    baseline: Float[Tensor, "..."] | float = 0.0,
    entropy_weight: float = 0.0,
) -> Float[Tensor, "... T"]:
    """A loss whose gradient is the policy gradient of the reward: ``-(R - b) log p(i) - w H``.

    `reward` and `baseline` broadcast over the queries and are taken as constants; any baseline that does not
    depend on the sample leaves the gradient unbiased, and the mean reward lowers its variance.
    Source: Williams 1992, theorem 1; Xu et al. 2015, eq. 11-12 (arXiv:1502.03044).
    """
    base = baseline.detach() if isinstance(baseline, Tensor) else baseline
    advantage = reward.detach() - base
    return -advantage * selection.log_probability - entropy_weight * selection.entropy


def moving_baseline(previous: Tensor | float, reward: Float[Tensor, "..."], decay: float = 0.9) -> Float[Tensor, ""]:
    """The next baseline: ``decay * b + (1 - decay) * mean reward`` (Xu et al. 2015, section 4.1)."""
    return decay * torch.as_tensor(previous, dtype=reward.dtype) + (1.0 - decay) * reward.detach().mean()
