"""How likely given outputs are: candidates for one source, forced through a model that reads the source once."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.decode.hypothesis import Sharing, Stepwise, first_tokens
from heedful.shapes import EOS, PAD, take_rows


def likelihood(
    model: Stepwise,
    source: Int[Tensor, "B S"],
    lengths: Int[Tensor, " B"],
    *,
    candidates: Sequence[Sequence[Sequence[int]]],
    rows: int | None = None,
) -> Float[Tensor, "B K"]:
    """The log-probability of each of K candidate outputs (ids without EOS) of each source, their EOS included.

    The source is read once, whatever K is. Special tokens may be said, as in training. At most `rows` outputs are
    forced at a time, though no fewer than one a source (None: all): the first few of every source, then the next. Each
    time they are padded to the longest, so that candidates do best in the order of their lengths.

    Returns: natural logarithms, summed over tokens; divide by lengths plus one to compare outputs of many lengths.
    Raises: ValueError, when sources have different numbers of candidates.
    Memory: as a search with a beam of K, or one of so many rows.
    """
    sizes = {len(own) for own in candidates}
    if len(candidates) != source.shape[0] or len(sizes) > 1:
        raise ValueError(f"{source.shape[0]} sources have {sorted(sizes)} candidates: give one list each, all as long.")
    count = sizes.pop() if sizes else 0
    if not count:
        return torch.zeros(source.shape[0], count, device=source.device)
    size = count if rows is None else max(1, rows // source.shape[0])
    with torch.no_grad():
        read = model.encode(source, lengths)
        parts = ([own[first : first + size] for own in candidates] for first in range(0, count, size))
        return torch.cat([_forced(model, read, lengths, candidates=part) for part in parts], dim=1)


def _forced(
    model: Stepwise, read: Any, lengths: Int[Tensor, " B"], *, candidates: Sequence[Sequence[Sequence[int]]]
) -> Float[Tensor, "B K"]:
    """The same of sources that were read."""
    count = len(candidates[0])
    target = _padded([list(ids) for own in candidates for ids in own]).to(lengths.device)
    rows = torch.arange(len(candidates), device=lengths.device).repeat_interleave(count)
    state = take_rows(model.start(read), rows)
    memory = model.share(read, count) if isinstance(model, Sharing) else take_rows(read, rows)
    token = first_tokens(lengths[rows])
    total = torch.zeros(target.shape[0], device=lengths.device)
    for said in target.unbind(1):
        step = model.step(token, state, memory)
        log_probability = torch.log_softmax(step.logits, dim=-1, dtype=torch.float32)
        total += log_probability.gather(1, said.unsqueeze(1)).squeeze(1).masked_fill(said == PAD, 0.0)
        token, state = said, step.state
    return total.view(-1, count)


def _padded(outputs: list[list[int]]) -> Int[Tensor, "N T"]:
    """Outputs with EOS, side by side."""
    width = max(map(len, outputs)) + 1
    return torch.tensor([[*ids, EOS, *[PAD] * (width - 1 - len(ids))] for ids in outputs])
