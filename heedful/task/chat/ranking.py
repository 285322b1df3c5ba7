"""How often the true reply is the likeliest of given candidates, which are the same for every context."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.data.batch import pad_sources
from heedful.data.dialogue import Replies
from heedful.decode import likelihood
from heedful.errors import UserError
from heedful.task.answering import evaluating
from heedful.task.chat.partner import Partner

HEIGHTS = (2, 5, 10)
"""How high the true reply has to stand among the candidates, beside the first place."""

ROWS = 1000
"""Candidates that are forced through the model at a time."""


def rank_replies(partner: Partner, replies: Replies, candidates: Sequence[str]) -> dict[str, Any]:
    """Ranks each true reply among candidates by log-likelihood a token; of equals it stands last.

    The settings' `score.contexts` says for how many replies, evenly spread. Candidates are told apart as texts, blanks
    aside; those which the vocabulary makes the same words are equals. A reply that is no candidate is never found, and
    counted.

    Returns: `response_accuracy`, how often the true reply stands first; `recall_at_k_of_candidates`, how often among
        the first k; how many `candidates` and `recall_contexts`; and `replies_not_among_candidates` if there are any.
    Raises: UserError, when there is no candidate, or no reply is among them.
    Memory: as a search with a beam of `ROWS`, however many candidates there are.
    Source: per-response accuracy is Bordes et al. 2017, section 5 (arXiv:1605.07683).
    """
    options = _Options(partner, candidates)
    chosen = replies.subset(spread(len(replies), partner.config.score.contexts))
    truths = [options.place(exchange.reply.text) for exchange in chosen.exchanges]
    found = [row for row, truth in enumerate(truths) if truth is not None]
    if not found:
        raise UserError(
            f"none of {len(chosen)} replies is among the {options.total} candidates",
            where=chosen.exchanges[0].reply.where or None,
            hint=f"the first is {chosen.exchanges[0].reply.text!r}; give the candidates of these dialogues",
        )
    places = options.ranks([chosen.context(row).ids for row in found], [cast(int, truths[row]) for row in found])
    heights = {"response_accuracy": 1} | {f"recall_at_{k}_of_candidates": k for k in HEIGHTS if k < options.total}
    results: dict[str, Any] = {
        name: round(sum(place < height for place in places) / len(chosen), 4) for name, height in heights.items()
    }
    results |= {"candidates": options.total, "recall_contexts": len(chosen)}
    missing = len(chosen) - len(found)
    return results | ({"replies_not_among_candidates": missing} if missing else {})


def spread(total: int, most: int) -> list[int]:
    """At most `most` rows, evenly spread over all."""
    return [row * total // min(most, total) for row in range(min(most, total))]


class _Options:
    """Candidates as different ids, shortest first, and how many texts each stands for."""

    def __init__(self, partner: Partner, candidates: Sequence[str]) -> None:
        texts = list(dict.fromkeys(text for text in map(_plain, candidates) if text))
        if not texts:
            raise UserError("there are no candidates to rank replies among", hint="expected a reply a line")
        encoded = dict(zip(texts, map(tuple, partner.tokeniser.encode_all(texts)), strict=True))
        counts = Counter(encoded.values())
        self._partner, self.total = partner, len(texts)
        self._ids = sorted(counts, key=len)
        self._counts = torch.tensor([counts[ids] for ids in self._ids], device=partner.device)
        number = {ids: place for place, ids in enumerate(self._ids)}
        self._numbers = {text: number[ids] for text, ids in encoded.items()}

    def place(self, text: str) -> int | None:
        """The number of a reply among the different ids; None where it is no candidate."""
        return self._numbers.get(_plain(text))

    def ranks(self, contexts: Sequence[Sequence[int]], truths: Sequence[int]) -> list[int]:
        """Where each truth stands after its context, from 0."""
        size = max(1, ROWS // len(self._ids))
        ranks: list[int] = []
        with evaluating(self._partner.model):
            for first in range(0, len(contexts), size):
                part = slice(first, first + size)
                scores = self._scores(contexts[part])
                true = torch.tensor(truths[part], device=scores.device).unsqueeze(1)
                no_worse = scores >= scores.gather(1, true)
                ranks += ((no_worse * self._counts).sum(1) - 1).tolist()
        return ranks

    def _scores(self, contexts: Sequence[Sequence[int]]) -> Float[Tensor, "B K"]:
        """Log-likelihood a token, the end counted as one."""
        source, lengths = (one.to(self._partner.device) for one in pad_sources(contexts))
        candidates = [self._ids] * len(contexts)
        model = cast(Any, self._partner.model)
        scores = likelihood(model, model.encode(source, lengths), candidates=candidates, rows=ROWS)
        return scores / torch.tensor([len(ids) + 1 for ids in self._ids], device=scores.device)


def _plain(text: str) -> str:
    """A text with single blanks."""
    return " ".join(text.split())
