"""Losses and rewards of parts: which part of a picture helped to label it."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional


def part_losses(logits: Float[Tensor, "B K C"], labels: Int[Tensor, " B"]) -> Float[Tensor, "B K"]:
    """The cross-entropy of every part by itself, in nats; 0 where the picture has no label."""
    log = torch.log_softmax(logits, dim=-1, dtype=torch.promote_types(torch.float32, logits.dtype))
    of_label = log.gather(-1, labels.clamp(min=0)[:, None, None].expand(-1, logits.shape[1], 1)).squeeze(-1)
    return torch.where(labels[:, None] >= 0, -of_label, 0.0)


def is_right(logits: Float[Tensor, "B K C"], labels: Int[Tensor, " B"]) -> Bool[Tensor, "B K"]:
    """Whether every part by itself gives the right label."""
    return logits.argmax(-1) == labels[:, None]


def greedy_reward(right: Bool[Tensor, "B K"], losses: Float[Tensor, "B K"]) -> Float[Tensor, "B K"]:
    """1 for a part whose label is right and whose loss is below that of all parts before it, else 0.

    A part is rewarded by itself, and not only at the end: the localisers learn faster.
    Source: Liu et al. 2016, section 3 (arXiv:1603.06765).
    """
    detached = losses.detach()
    best = functional.pad(detached, (1, 0), value=torch.inf)[:, :-1].cummin(dim=-1).values
    return (right & (detached < best)).to(losses.dtype)


def likelihood_reward(right: Bool[Tensor, "B K"], losses: Float[Tensor, "B K"]) -> Float[Tensor, "B K"]:
    """The log-likelihood of the right label by each part."""
    return -losses.detach()


REWARDS = {"greedy": greedy_reward, "likelihood": likelihood_reward}
"""Rewards by name."""
