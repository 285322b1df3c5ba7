"""Hard attention: one key a query, the best or a sampled one, and how to learn through it."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor

from heedful.choice.base import Choice
from heedful.choice.soft import Soft
from heedful.kernel import Pick, mask_scores, masked_softmax, upcast
from heedful.shapes import check_constant


@dataclass(frozen=True)
class Argmax:
    """Take the key with the highest score; of equal scores the first.

    >>> import torch
    >>> from heedful import Argmax
    >>> Argmax().index(torch.tensor([[1.0, 3.0, 3.0]]))
    tensor([1])
    """

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
    call, so that every call gives the same sample; None takes torch's global one. All engines draw from the same
    distribution, but not the same numbers; `attend`, `align` and `select` of one problem take the same engine.
    Source: Gumbel 1954, section 5; Maddison et al. 2014, section 2 (arXiv:1411.0030).

        >>> import torch
        >>> from heedful import Gumbel
        >>> scores = torch.zeros(4, 10)
        >>> bool(torch.equal(Gumbel(7).index(scores), Gumbel(7).index(scores)))
        True
    """

    generator: Generator | int | None = None

    def index(self, scores: Float[Tensor, "... T S"]) -> Int[Tensor, "... T"]:
        """Which key each query takes."""
        generator = self.generator
        if isinstance(generator, int):
            generator = Generator(scores.device).manual_seed(generator)
        # Gumbel noise is -log of an exponential variable. That can be 0 by rounding: the clamp keeps its logarithm
        # finite.
        waiting = torch.empty_like(scores).exponential_(generator=generator)
        return (scores - waiting.clamp_min(torch.finfo(scores.dtype).tiny).log()).argmax(dim=-1)

    def pick(self, through: Soft | None) -> Pick:
        """One drawn."""
        return Pick(draw=self.seed, through=through)

    def seed(self) -> int:
        """The integer passed as `generator`, or a seed drawn from the generator."""
        if isinstance(self.generator, int):
            return self.generator
        device = "cpu" if self.generator is None else self.generator.device
        return int(torch.randint(2**62, (), dtype=torch.long, generator=self.generator, device=device).item())

    def seeded(self, block: int) -> "Gumbel":
        """The same draw with the seed fixed, so that a block computed twice samples the same keys."""
        # An integer seed moves on by `block`: blocks with one seed would all draw the same noise. A generator has moved
        # on by itself.
        return Gumbel(self.seed() + block if isinstance(self.generator, int) else self.seed())


@dataclass(frozen=True)
class StopGradient:
    """No gradient reaches the scores through the choice: train them with `reinforce`.

    >>> import torch
    >>> from heedful import Hard, StopGradient
    >>> Hard(gradient=StopGradient())(torch.tensor([[1.0, 2.0]], requires_grad=True)).requires_grad
    False
    """

    @property
    def through(self) -> None:
        """No weighing whose gradient it takes."""

    def attach(self, one_hot: Tensor, scores: Tensor, visible: Tensor | None) -> Tensor:
        """The choice as it is."""
        return one_hot


@dataclass(frozen=True)
class StraightThrough:
    """The choice in the forward pass, the softmax's gradient in the backward pass: biased, but of low variance.

    Raises: ValueError, when `temperature` is not above 0; TypeError, when it is a tensor that requires a gradient.
    Source: Bengio et al. 2013, section 4 (arXiv:1308.3432).

        >>> import torch
        >>> from heedful import Hard, StraightThrough
        >>> scores = torch.tensor([[1.0, 2.0]], requires_grad=True)
        >>> Hard(gradient=StraightThrough())(scores)[0, 1].backward()
        >>> scores.grad
        tensor([[-0.1966,  0.1966]])
    """

    temperature: float = 1.0

    def __post_init__(self) -> None:
        """Raises: ValueError, when the temperature is not above 0; TypeError, when it is a tensor that learns."""
        if not check_constant("StraightThrough temperature", self.temperature) > 0:
            raise ValueError(f"StraightThrough temperature is {self.temperature}, expected more than 0.")

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

    `gradient` says how the scores learn: not at all through the weights (`StopGradient`; use `select` and `reinforce`),
    or by `StraightThrough`.
    Source: Xu et al. 2015, section 4.1 (arXiv:1502.03044).

        >>> import torch
        >>> from heedful import Dot, Hard, align
        >>> align(torch.tensor([[1.0]]), torch.tensor([[2.0], [5.0], [3.0]]), choice=Hard())
        tensor([[0., 1., 0.]])
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
    """One key chosen for each query, with what a policy gradient needs: the result of `heedful.select`.

    Where a query may see nothing, the index is -1 and everything else 0.

        >>> import torch
        >>> from heedful import select
        >>> select(torch.randn(3, 8), torch.randn(5, 8)).log_probability.shape
        torch.Size([3])
    """

    context: Float[Tensor, "... T V"]
    index: Int[Tensor, "... T"]  # pyright: ignore[reportIncompatibleMethodOverride]  # hides tuple.index, on purpose
    log_probability: Float[Tensor, "... T"]
    entropy: Float[Tensor, "... T"]


@runtime_checkable
class Sampled(Protocol):
    """What a policy gradient needs of a sample: a `Selection`, or anything else that was drawn, such as a location.

    >>> import torch
    >>> from heedful import reinforce
    >>> from heedful.choice import Sampled, Selection
    >>> probability = torch.tensor([0.25, 0.75])
    >>> sample = Selection(probability, torch.tensor([1]), probability[1:].log(), torch.zeros(1))
    >>> isinstance(sample, Sampled), reinforce(sample, torch.tensor([1.0])).shape
    (True, torch.Size([1]))
    """

    @property
    def log_probability(self) -> Float[Tensor, "..."]: ...
    @property
    def entropy(self) -> Float[Tensor, "..."]: ...


def reinforce(
    selection: Sampled,
    reward: Float[Tensor, "..."],
    *,
    baseline: Float[Tensor, "..."] | float = 0.0,
    entropy_weight: float = 0.0,
) -> Float[Tensor, "... T"]:
    """A loss whose gradient is the policy gradient of the reward: ``-(R - b) log p(i) - w H``.

    `reward` and `baseline` broadcast over the queries and are taken as constants. Any baseline that does not depend on
    the sample leaves the gradient unbiased; the mean reward lowers its variance.
    Source: Williams 1992, theorem 1; Xu et al. 2015, eq. 11-12 (arXiv:1502.03044).

        >>> import torch
        >>> from heedful import Gumbel, Hard, select
        >>> from heedful.choice import reinforce
        >>> query, key = torch.randn(3, 8, requires_grad=True), torch.randn(5, 8)
        >>> chosen = select(query, key, choice=Hard(Gumbel()))
        >>> reinforce(chosen, reward=torch.tensor(1.0), baseline=0.5).sum().backward()
        >>> query.grad.shape
        torch.Size([3, 8])
    """
    base = baseline.detach() if isinstance(baseline, Tensor) else baseline
    advantage = reward.detach() - base
    return -advantage * selection.log_probability - entropy_weight * selection.entropy


def moving_baseline(previous: Tensor | float, reward: Float[Tensor, "..."], decay: float = 0.9) -> Float[Tensor, ""]:
    """The next baseline for `reinforce`: ``decay * b + (1 - decay) * mean reward`` (Xu et al. 2015, section 4.1).

    >>> import torch
    >>> from heedful.choice import moving_baseline
    >>> moving_baseline(0.0, torch.tensor([1.0, 3.0]))
    tensor(0.2000)
    """
    return decay * torch.as_tensor(previous, dtype=reward.dtype) + (1.0 - decay) * reward.detach().mean()
