"""The likelihood of candidate outputs: several per input, which is encoded once (teacher forcing)."""

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

    `memory` is the result of the model's `encode`; it is not repeated for the candidates if the model can share it.
    Special tokens are allowed, as in training. At most `rows` outputs are computed at a time, but at least one per row
    of memory (None: all). Each group has the next candidates of every row, padded to the longest; candidates that are
    sorted by length need the least padding.

    Returns: natural logarithms, summed over tokens; divide by the lengths plus one to compare different lengths.
    Raises: ValueError, unless there is one list of candidates per row, all lists of one length.
    Memory: as a search with a beam of K, or with `rows` outputs in total.
    """
    like = first_tensor(memory)
    sizes = {len(outputs) for outputs in candidates}
    if len(candidates) != like.shape[0] or len(sizes) > 1:
        raise ValueError(
            f"{like.shape[0]} rows of memory have {sorted(sizes)} candidates: expected one list per row, of one length."
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
    """The same for all candidates in one batch."""
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
        # All rows step together: after an output's end PAD is read as a token, and its probability is not counted.
        gain = log_probability.gather(1, next_token.unsqueeze(1)).squeeze(1)
        total += gain.masked_fill(next_token == PAD, 0.0)
        token, state = next_token, step.state
    return total.view(-1, count)


def _padded(outputs: list[list[int]]) -> Int[Tensor, "N T"]:
    """Outputs with EOS, padded to the longest."""
    width = max(map(len, outputs)) + 1
    return torch.tensor([[*ids, EOS, *[PAD] * (width - 1 - len(ids))] for ids in outputs])
