"""RAM: a recurrent network that sees a picture through a few glimpses and decides where the next one goes."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from heedful.choice import reinforce
from heedful.kernel import upcast
from heedful.layer.dropout import Dropout
from heedful.layer.label import LabelOutput, label_loss
from heedful.layer.loss import TokenLoss
from heedful.model.names import check_names
from heedful.model.picture.fcan import POLICY, POLICY_WEIGHT
from heedful.model.picture.glimpse import glimpse_boxes, retina
from heedful.model.picture.output import GridSize, LabelledPictures, PictureOutput
from heedful.model.picture.policy import POLICIES, Policy


class RamConfig(BaseModel):
    """How many glimpses there are, what each sees, and how locations are sampled in training.

    A glimpse has `scales` windows: the sharp one covers `size` pixels a side, and each further one twice as many.
    `std` is the deviation of sampled locations; the picture is 2 wide and 2 high. `policy` is as for fcan.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    glimpses: int = Field(default=6, ge=1, description="glimpses of a picture; the first is at its centre")
    size: int = Field(default=8, ge=1, description="rows and columns of pixels of a window of a glimpse")
    scales: int = Field(default=3, ge=1, description="windows of a glimpse, each of twice the side of the one before")
    hidden: int = Field(default=256, ge=1, description="width of the recurrent state")
    glimpse: int = Field(default=128, ge=1, description="width of the layers that read a glimpse and its location")
    std: float = Field(default=0.15, gt=0, description="deviation of sampled locations; the picture is 2 wide and high")
    policy: str = Field(default="learned", description=POLICY)
    policy_weight: float = Field(default=0.1, ge=0, description=POLICY_WEIGHT)
    dropout: float = Field(default=0.0, ge=0, lt=1, description="of the output's input")
    smoothing: float = Field(default=0.0, ge=0, lt=1, description="label smoothing of the loss")

    @classmethod
    def choices(cls) -> dict[str, Iterable[str]]:
        """The names that settings may have."""
        return {"policy": POLICIES}

    @model_validator(mode="after")
    def _names_are_known(self) -> "RamConfig":
        check_names(self)
        return self


class SampledLocations(NamedTuple):
    """What `reinforce` needs of sampled locations; with a fixed deviation the entropy is a constant, and 0 here."""

    log_probability: Float[Tensor, "B N"]
    entropy: Float[Tensor, "B N"]


class Glimpses(NamedTuple):
    """A look at a batch of pictures: the last state, and of each glimpse its location, baseline and log-probability.

    The first location is the centre, which nobody chose: `log_probability` and `baseline` are of the T - 1 others.
    """

    state: Float[Tensor, "B H"]
    locations: Float[Tensor, "B T 2"]
    log_probability: Float[Tensor, "B N"]
    baseline: Float[Tensor, "B N"]


class GlimpseReader(nn.Module):
    """``g = relu(W_1 relu(W_p p + b) + W_2 relu(W_l l + b))`` of the windows p of a glimpse and its location l.

    Parameters: ``windows``, ``location``, ``from_windows``, ``from_location`` (Linear).
    Source: Mnih et al. 2014, section 4 (arXiv:1406.6247).
    """

    def __init__(self, config: RamConfig) -> None:
        super().__init__()
        self.windows = nn.Linear(3 * config.scales * config.size**2, config.glimpse)
        self.location = nn.Linear(2, config.glimpse)
        self.from_windows = nn.Linear(config.glimpse, config.hidden)
        self.from_location = nn.Linear(config.glimpse, config.hidden)

    def forward(
        self, windows: Float[Tensor, "B L C size size"], location: Float[Tensor, "B 2"]
    ) -> Float[Tensor, "B H"]:
        """One vector of what is seen and where."""
        content = self.from_windows(torch.relu(self.windows(windows.flatten(1))))
        return torch.relu(content + self.from_location(torch.relu(self.location(location))))


class RecurrentAttention(nn.Module):
    """``h_t = relu(W_h h_{t-1} + W_g g_t + b)`` over glimpses; the last state gives the label.

    The next location is drawn from a normal distribution around ``W h_t + b`` and clipped to the picture; its
    probability is that of the location as it was drawn, before clipping. In evaluation it is the mean itself.
    The reward is 1 where the label is right, of each picture by itself. The locations learn by REINFORCE with
    the baseline ``b_t = w h_t + b``, which learns to predict the reward by its squared error. Neither sends a gradient
    into the state, which learns from the label alone.
    Parameters: ``reader``, ``recurrent``, ``from_glimpse``, ``locator``, ``baseline`` (Linear), ``output``.
    Source: Mnih et al. 2014 (arXiv:1406.6247).
    """

    def __init__(self, config: RamConfig, *, classes: int, **_: object) -> None:
        super().__init__()
        self.config = config
        self.reader = GlimpseReader(config)
        self.recurrent = nn.Linear(config.hidden, config.hidden)
        self.from_glimpse = nn.Linear(config.hidden, config.hidden, bias=False)
        self.locator, self.baseline = nn.Linear(config.hidden, 2), nn.Linear(config.hidden, 1)
        self.output, self.dropout = LabelOutput(config.hidden, classes), Dropout(config.dropout)
        if config.policy != "learned":
            self.locator.requires_grad_(False)
            self.baseline.requires_grad_(False)

    @property
    def row_names(self) -> tuple[str, ...]:
        """What the rows of boxes are."""
        return tuple(f"glimpse {number}" for number in range(1, self.config.glimpses + 1))

    def forward(
        self, pictures: Float[Tensor, "B 3 H W"], grid: GridSize | None = None, policy: Policy | None = None
    ) -> PictureOutput:
        """The logits and the sharp window of each glimpse; `policy` chooses all locations instead of the model."""
        glimpses = self.look(pictures, policy)
        picture = (pictures.shape[-2], pictures.shape[-1])
        boxes = glimpse_boxes(glimpses.locations, size=self.config.size, picture=picture)
        return PictureOutput(self.output(self.dropout(glimpses.state)), boxes=boxes)

    def look(self, pictures: Float[Tensor, "B 3 H W"], policy: Policy | None = None) -> Glimpses:
        """All glimpses of a batch of pictures."""
        config, count = self.config, pictures.shape[0]
        state = pictures.new_zeros(count, config.hidden)
        location = pictures.new_zeros(count, 2) if policy is None else policy.locations(count).to(pictures)
        locations, log_probability, baseline = [location], list[Tensor](), list[Tensor]()
        for number in range(config.glimpses):
            windows = retina(pictures, location, size=config.size, scales=config.scales)
            glimpse = self.reader(windows, location)
            state = torch.relu(self.recurrent(state) + self.from_glimpse(glimpse))
            if number == config.glimpses - 1:
                break
            location, of_location = self._next(state.detach(), policy)
            locations.append(location)
            log_probability.append(of_location)
            baseline.append(upcast(self.baseline(self._scaled(state.detach()))).squeeze(-1))
        empty = [pictures.new_zeros(count, 0)]
        return Glimpses(
            state,
            torch.stack(locations, dim=1),
            torch.cat([*empty, *(each.unsqueeze(1) for each in log_probability)], dim=1),
            torch.cat([*empty, *(each.unsqueeze(1) for each in baseline)], dim=1),
        )

    def loss(self, batch: LabelledPictures) -> TokenLoss:
        """The loss of the label, the policy gradient and the baseline's error, summed over pictures."""
        return self.loss_of(self.look(batch.pictures), batch.labels)

    def loss_of(self, glimpses: Glimpses, labels: Int[Tensor, " B"]) -> TokenLoss:
        """The loss for glimpses that have been taken."""
        logits = self.output(self.dropout(glimpses.state))
        of_label = label_loss(logits, labels, smoothing=self.config.smoothing)
        # Each picture's own reward: their mean would tell every location the same.
        reward = (logits.argmax(-1) == labels).to(glimpses.baseline.dtype).unsqueeze(-1)
        known = labels[:, None] >= 0
        sampled = SampledLocations(glimpses.log_probability, torch.zeros_like(glimpses.log_probability))
        policy = torch.where(known, reinforce(sampled, reward, baseline=glimpses.baseline), 0.0).sum()
        error = torch.where(known, (glimpses.baseline - reward).square(), 0.0).sum()
        total = of_label.total
        if self.config.policy == "learned":
            total = total + self.config.policy_weight * policy + error
        return TokenLoss(total, of_label.nll, of_label.tokens)

    def _scaled(self, state: Float[Tensor, "B H"]) -> Float[Tensor, "B H"]:
        """A state of mean 0 and deviation 1: states grow while the label is learnt, and locations would run away."""
        return functional.layer_norm(state, state.shape[-1:])

    def _next(
        self, state: Float[Tensor, "B H"], policy: Policy | None
    ) -> tuple[Float[Tensor, "B 2"], Float[Tensor, " B"]]:
        """Where the next glimpse goes, from a state that is a constant here, and its log-probability."""
        none = state.new_zeros(state.shape[0])
        if policy is not None:
            return policy.locations(state.shape[0]).to(state), none
        if self.config.policy == "centre":
            return state.new_zeros(state.shape[0], 2), none
        mean = upcast(self.locator(self._scaled(state)))  # in bfloat16, locations would be on a grid
        if not self.training:
            return mean.clamp(-1.0, 1.0), none
        drawn = (mean + self.config.std * torch.randn_like(mean)).detach()
        return drawn.clamp(-1.0, 1.0), normal_log_probability(drawn, mean, self.config.std)


def normal_log_probability(drawn: Float[Tensor, "B 2"], mean: Float[Tensor, "B 2"], std: float) -> Float[Tensor, " B"]:
    """The log-density of x and y, independent and of equal deviation; the gradient reaches `mean` only."""
    scaled = (drawn.detach() - mean) / std
    return -(0.5 * scaled.square() + math.log(std) + 0.5 * math.log(2 * math.pi)).sum(-1)
