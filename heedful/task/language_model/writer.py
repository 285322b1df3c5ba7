"""A trained language model: text in; how likely it is, how it may go on, and where the model looked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from heedful.data.stream import Segment, collate_segments
from heedful.data.tokenise import Tokeniser
from heedful.decode import SharedNoise, sample
from heedful.task.answering import answering
from heedful.task.base import TOKENISER, Predictor
from heedful.task.batches import summed_loss
from heedful.task.language_model.config import LanguageConfig
from heedful.task.language_model.texts import opening
from heedful.watch import Map, attentions, record

_ROWS, _COLUMNS = 12, 60  # of a map: the last positions, and the tokens that they look at


@dataclass(frozen=True, eq=False)
class Continuation:
    """A text and what the model wrote after it; `is_cut` says that only the text's end was read, being too long.

    `joint` stands between the two: a space, where the model writes whole words.
    """

    prompt: str
    text: str
    joint: str = ""
    is_cut: bool = False

    @property
    def whole(self) -> str:
        """Both together."""
        return self.prompt + self.joint + self.text


class Writer(Predictor[LanguageConfig]):
    """A model with its tokeniser and settings, as training leaves it and `heedful.load(folder)` gives it."""

    model: Any

    @property
    def tokeniser(self) -> Tokeniser:
        """How a text becomes tokens."""
        return self.parts[TOKENISER]

    @cached_property
    def _opening(self) -> int:
        """The token that a text begins after."""
        return opening(self.tokeniser, self.config.data)

    def predict(self, texts: Sequence[str]) -> list[Continuation]:
        """Each text continued, drawn as the settings of the section decode say.

        A text begins a line; of a long one the last window is read. Each is drawn by the seed alone: its continuation
        does not depend on the others, though texts of one length are continued together (but for rounding, where two
        tokens are as good as equal).
        """
        read = [self._prompt(text) for text in texts]
        written: list[list[int]] = [[]] * len(read)
        with answering(self.model, self.config.decode.precision):
            for rows in self._of_one_length(read):
                for row, found in zip(rows, self._continue([read[row] for row in rows]), strict=True):
                    written[row] = found
        return [self._joined(text, ids, new) for text, ids, new in zip(texts, read, written, strict=True)]

    def nll(self, runs: Sequence[Segment]) -> tuple[float, int]:
        """The negative log-likelihood of what the runs ask for, in nats, and how many tokens that is."""
        lengths, most = [len(run.ids) for run in runs], self.config.decode.tokens
        with answering(self.model, self.config.decode.precision):
            return summed_loss(self.model, lengths, lambda rows: collate_segments(runs, rows), tokens=most)

    def looks(self, text: str, *, every: bool = False) -> list[Map]:
        """Where the last tokens of a text look: the mean of the last layer, or each layer and head.

        Empty for a model that does not look, and for one of the user's own that cannot read a text in one step.
        """
        if not attentions(self.model) or not hasattr(self.model, "forward_step"):
            return []
        ids = self._prompt(text)
        with answering(self.model, self.config.decode.precision), record(self.model) as seen:
            self.model.forward_step(torch.tensor([ids], device=self.device), None)
        maps = {name: _square(weights[0].float().cpu(), len(ids)) for name, weights in seen.maps.items()}
        pieces = [self.tokeniser.pieces([self._opening])[0], *self.tokeniser.surface_pieces(text)][-len(ids) :]
        name, heads = list(maps.items())[-1]
        rows, columns = tuple(pieces[-_ROWS:]), tuple(pieces[-_COLUMNS:])
        title = f"{self.config.model.name}, {name}: where the last tokens look"
        last = Map(_end_of(heads).mean(0), rows, columns, title, {name: _end_of(one) for name, one in maps.items()})
        return list(last.of_heads()) if every else [last]

    def _prompt(self, text: str) -> list[int]:
        """A text as the model reads it: after the end of a line, and no more than a window of it."""
        ids = [self._opening, *self.tokeniser.encode(text)]
        return ids[-self.config.data.window :]

    def _joined(self, text: str, read: list[int], new: list[int]) -> Continuation:
        """The text and what is new in the whole: pieces join as the tokeniser has it, with a space or without one."""
        ids = self.tokeniser.encode(text)
        before, whole = self.tokeniser.decode(ids), self.tokeniser.decode([*ids, *new])
        added = whole[len(before) :] if whole.startswith(before) else f" {self.tokeniser.decode(new)}"
        joint = added[: len(added) - len(added.lstrip(" "))] if self.config.data.text.tokeniser != "character" else ""
        return Continuation(text, added[len(joint) :], joint, is_cut=len(read) < 1 + len(ids))

    def _of_one_length(self, read: Sequence[Sequence[int]]) -> Iterator[list[int]]:
        """Rows of as many tokens, so many as with their continuations fit into a batch."""
        by_length: dict[int, list[int]] = {}
        for row, ids in enumerate(read):
            by_length.setdefault(len(ids), []).append(row)
        for length, rows in by_length.items():
            size = max(1, self.config.decode.tokens // (length + self.config.decode.length))
            yield from (rows[first : first + size] for first in range(0, len(rows), size))

    def _continue(self, read: Sequence[list[int]]) -> list[list[int]]:
        """What is drawn after texts of one length."""
        decode, longest = self.config.decode, self.config.model.settings.longest
        if longest is not None:  # room for at least one more token
            read = [ids[-max(1, longest - decode.length) :] for ids in read]
        length = len(read[0])
        lengths = torch.full((len(read),), length, device=self.device)
        found = sample(
            self.model,
            self.model.encode(torch.tensor(read, device=self.device), lengths),
            temperature=decode.temperature,
            top_k=decode.top_k,
            top_p=decode.top_p,
            generator=SharedNoise(torch.Generator(self.device).manual_seed(decode.seed)),
            max_length=decode.length if longest is None else min(decode.length, longest - length + 1),
        )
        return [one.tokens for one in found]


def _square(weights: Float[Tensor, "H q k"], size: int) -> Float[Tensor, "H T T"]:
    """A map with a row and a column for every token: a first token that sees none has no row, a last one no column."""
    return pad(weights, (0, size - weights.shape[-1], size - weights.shape[-2], 0))


def _end_of(weights: Float[Tensor, "H T T"]) -> Float[Tensor, "H t s"]:
    """The last rows and columns of a map."""
    return weights[:, -_ROWS:, -_COLUMNS:]
