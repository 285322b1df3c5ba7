"""Localisers: hard attention over the cells of a picture, one part each, trained by reward."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from heedful.attention import Memory, align, select
from heedful.choice import Gumbel, Hard, Selection
from heedful.model.picture.policy import CentrePolicy, Policy
from heedful.score import Dot


class PolicyAttention(nn.Module):
    """Hard attention with a policy: a key is sampled in training, and the best one is taken in evaluation.

    `align` gives the probabilities of the policy, which is what `heedful.record` records.
    """

    def __init__(self) -> None:
        super().__init__()
        self.score = Dot(scale=1.0)

    def forward(self, query: Float[Tensor, "K 1 Q"], memory: Memory) -> Selection:
        """The key that each of K queries takes of its own keys ``[B, K, S, Q]``, with its value as context."""
        choice = Hard(Gumbel()) if self.training else Hard()
        return select(query.unsqueeze(0), memory, score=self.score, choice=choice)

    def align(self, query: Float[Tensor, "K 1 Q"], memory: Memory) -> Float[Tensor, "B K 1 S"]:
        """The probability of each key."""
        return align(query.unsqueeze(0), memory, score=self.score)


class Localiser(nn.Module):
    """For each of K parts a map over the cells: two 3 × 3 convolutions, and a softmax over all cells.

    The second convolution has one output channel: a dot product of its weights with the 3 × 3 neighbourhood of a cell.
    It is computed as such, with the weights as query and the neighbourhoods as keys, so that a part is hard attention
    like any other. (Its bias would cancel in the softmax.) The values are the windows to be taken.
    Parameters: ``hidden`` (Conv2d), ``query`` [K, 1, 9 * channels].
    Source: Liu et al. 2016, section 3 (arXiv:1603.06765).
    """

    def __init__(self, dim: int, parts: int, *, channels: int, policy: str = "learned") -> None:
        super().__init__()
        self.parts, self.channels = parts, channels
        self.hidden = nn.Conv2d(dim, parts * channels, 3, padding=1)
        self.query = nn.Parameter(torch.randn(parts, 1, 9 * channels) * (9 * channels) ** -0.5)
        self.policy = PolicyAttention()
        self.forced = CentrePolicy() if policy == "centre" else None
        if policy != "learned":
            self.requires_grad_(False)

    def forward(
        self, cells: Float[Tensor, "B A h w"], windows: Float[Tensor, "B S D"], policy: Policy | None = None
    ) -> Selection:
        """What each part takes: context ``[B, K, D]``; index, log-probability and entropy ``[B, K]``.

        Sampled in training, the most probable cell in evaluation; `policy` chooses instead of either.
        """
        policy = policy or self.forced
        if policy is not None:
            index = policy.cells((cells.shape[0], self.parts), (cells.shape[2], cells.shape[3]))
            return self.at(cells, windows, index.to(cells.device))
        chosen = self.policy(self.query, self._memory(cells, windows))
        return Selection(
            chosen.context.squeeze(-2),
            chosen.index.squeeze(-1),
            chosen.log_probability.squeeze(-1),
            chosen.entropy.squeeze(-1),
        )

    def at(
        self, cells: Float[Tensor, "B A h w"], windows: Float[Tensor, "B S D"], index: Int64[Tensor, "B K"]
    ) -> Selection:
        """As `forward`, for cells that somebody else has chosen."""
        probability = self.maps(cells)
        log = probability.clamp_min(torch.finfo(probability.dtype).tiny).log()
        context = windows.gather(1, index.unsqueeze(-1).expand(-1, -1, windows.shape[-1]))
        return Selection(context, index, log.gather(-1, index.unsqueeze(-1)).squeeze(-1), -(probability * log).sum(-1))

    def maps(self, cells: Float[Tensor, "B A h w"]) -> Float[Tensor, "B K S"]:
        """The probability of each cell for each part; sums to 1 over the cells."""
        return self.policy.align(self.query, self._memory(cells, None)).squeeze(-2)

    def _memory(self, cells: Tensor, windows: Tensor | None) -> Memory:
        hidden = torch.relu(self.hidden(cells)).unflatten(1, (self.parts, self.channels))
        keys = functional.unfold(hidden.flatten(0, 1), 3, padding=1).transpose(1, 2).unflatten(0, hidden.shape[:2])
        # Under autocast, convolutions give bfloat16: a policy is computed as exactly as its query.
        keys = keys.to(self.query.dtype)
        if windows is None:
            return Memory(keys, keys)
        return Memory(keys, windows.to(keys.dtype).unsqueeze(1).expand(-1, self.parts, -1, -1))


def window_means(cells: Float[Tensor, "B A h w"], size: int) -> Float[Tensor, "B S A"]:
    """The mean of the window of `size` × `size` cells around each cell; `size` is odd.

    At an edge it is the mean of those cells that the picture has: zeros beyond it would make edges darker.
    """
    means = functional.avg_pool2d(cells, size, stride=1, padding=size // 2, count_include_pad=False)
    return means.flatten(2).transpose(1, 2)


def others_mean(values: Float[Tensor, "B K"]) -> Float[Tensor, "B K"]:
    """The mean over the other rows of a batch: a baseline that does not depend on the row's own sample.

    It needs no state between batches, and leaves the policy gradient unbiased. A batch of one has 0.
    """
    count = values.shape[0]
    return (values.sum(0, keepdim=True) - values) / max(1, count - 1)
