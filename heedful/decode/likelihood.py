"""How likely given outputs are: candidates for each input, forced through a model that has read the input once."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.decode.stepwise import Sharing, Stepwise, first_tensor, first_tokens
from heedful.shapes import EOS, PAD, take_rows


def likelihood(
    model: Stepwise,
    memory: Any,
    *,
    candidates: Sequence[Sequence[Sequence[int]]],
    rows: int | None = None,
) -> Float[Tensor, "B K"]:
    """The log-probability of each of K candidate outputs (ids without EOS) of each row of memory, EOS included.

    `memory` is what the model's `encode` gave; it is not copied for the candidates of a model that can share it.
    Special tokens may be said, as in training. At most `rows` outputs are forced at a time, though no fewer than one
    for each row of memory (None: all): the first few of every row, then the next. Each time they are padded to the
    longest, so that candidates do best in the order of their lengths.

    Returns: natural logarithms, summed over tokens; divide by lengths plus one to compare outputs of many lengths.
    Raises: ValueError, when there is not one list of candidates for each row, all of one length.
    Memory: as a search with a beam of K, or one of so many rows.
    """
    like = first_tensor(memory)
    sizes = {len(outputs) for outputs in candidates}
    if len(candidates) != like.shape[0] or len(sizes) > 1:
        raise ValueError(
            f"{like.shape[0]} rows of memory have {sorted(sizes)} candidates: give one list each, all of one length."
        )
    count = sizes.pop() if sizes else 0
    if not count:
        return torch.zeros(like.shape[0], count, device=like.device)
    size = count if rows is None else max(1, rows // like.shape[0])
    with torch.no_grad():
        parts = ([outputs[first : first + size] for outputs in candidates] for first in range(0, count, size))
        return torch.cat([_forced(model, memory, part, device=like.device) for part in parts], dim=1)


def _forced(
    model: Stepwise, memory: Any, candidates: Sequence[Sequence[Sequence[int]]], *, device: torch.device
) -> Float[Tensor, "B K"]:
    """The same, all candidates at once."""
    count = len(candidates[0])
    target = _padded([list(ids) for outputs in candidates for ids in outputs]).to(device)
    rows = torch.arange(len(candidates), device=device).repeat_interleave(count)
    state = take_rows(model.start(memory), rows)
    shared = model.share(memory, count) if isinstance(model, Sharing) else take_rows(memory, rows)
    token = first_tokens(rows)
    total = torch.zeros(target.shape[0], device=device)
    for next_token in target.unbind(1):
        step = model.step(token, state, shared)
        log_probability = torch.log_softmax(step.logits, dim=-1, dtype=torch.float32)
        # Beyond an output's end stands PAD. It goes in as a token, since all rows step together, and counts nothing.
        gain = log_probability.gather(1, next_token.unsqueeze(1)).squeeze(1)
        total += gain.masked_fill(next_token == PAD, 0.0)
        token, state = next_token, step.state
    return total.view(-1, count)


def _padded(outputs: list[list[int]]) -> Int[Tensor, "N T"]:
    """Outputs with EOS, side by side."""
    width = max(map(len, outputs)) + 1
    return torch.tensor([[*ids, EOS, *[PAD] * (width - 1 - len(ids))] for ids in outputs])
