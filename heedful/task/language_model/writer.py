"""A trained language model, which scores text, continues it and shows its attention."""

from collections.abc import Iterable, Iterator, Sequence
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
from heedful.task.inputs import as_texts
from heedful.task.language_model.config import LanguageConfig
from heedful.task.language_model.texts import opening
from heedful.task.models import model_title
from heedful.watch import Map, attentions, record
from heedful.watch.record import unrecorded
from heedful.watch.titles import attention_title

_ROWS, _COLUMNS = 12, 60  # how many of the last queries and keys a map shows


@dataclass(frozen=True, eq=False)
class Continuation:
    """A text and its continuation. `is_cut` says that the text was too long and only its end was read.

    `joint` is what separates the two: a space if the model generates whole words.
    """

    prompt: str
    text: str
    joint: str = ""
    is_cut: bool = False

    @property
    def whole(self) -> str:
        """The text with its continuation."""
        return self.prompt + self.joint + self.text


class Writer(Predictor[LanguageConfig]):
    """A trained model with its tokeniser and settings, as `heedful.load(folder)` returns it."""

    model: Any

    @property
    def tokeniser(self) -> Tokeniser:
        """The tokeniser of texts."""
        return self.parts[TOKENISER]

    @cached_property
    def _opening(self) -> int:
        """The token before the first one of a text."""
        return opening(self.tokeniser, self.config.data)

    def predict(self, texts: Iterable[str]) -> list[Continuation]:
        """Continues each text, sampling as the settings in the section decode say.

        A text is taken as the beginning of a line. Only the last window of a long text is read. Texts of one length are
        continued in one batch, but a continuation depends only on its text and the seed (except that rounding may
        decide between two tokens of almost equal probability).
        Raises: UserError, for a single text, and for an item that is no text.
        """
        texts = as_texts(texts)
        prompts = [self._prompt(text) for text in texts]
        written: list[list[int]] = [[]] * len(prompts)
        with answering(self.model, self.config.decode.precision):
            for rows in self._of_one_length(prompts):
                for row, ids in zip(rows, self._continue([prompts[row] for row in rows]), strict=True):
                    written[row] = ids
        return [self._joined(text, ids, new) for text, ids, new in zip(texts, prompts, written, strict=True)]

    def nll(self, runs: Sequence[Segment]) -> tuple[float, int]:
        """The total negative log-likelihood of the runs' targets in nats, and the number of targets."""
        lengths, most = [len(run.ids) for run in runs], self.config.decode.tokens
        with answering(self.model, self.config.decode.precision):
            return summed_loss(self.model, lengths, lambda rows: collate_segments(runs, rows), tokens=most)

    def looks(self, text: str, *, every: bool = False) -> list[Map]:
        """The attention of the last tokens of a text: the mean of the last layer, or each layer and head.

        Empty for a model without attention.
        """
        if not attentions(self.model) or not hasattr(self.model, "forward_step"):
            return []
        ids = self._prompt(text)
        # For a recording of the user, this pass would be a second one of the same text.
        with answering(self.model, self.config.decode.precision), unrecorded(), record(self.model) as recording:
            self.model.forward_step(torch.tensor([ids], device=self.device), None)
        maps = {name: _square(weights[0].float().cpu(), len(ids)) for name, weights in recording.maps.items()}
        pieces = [self.tokeniser.pieces([self._opening])[0], *self.tokeniser.surface_pieces(text)][-len(ids) :]
        name, heads = list(maps.items())[-1]
        rows, columns = tuple(pieces[-_ROWS:]), tuple(pieces[-_COLUMNS:])
        mean = ", mean of its heads" if len(heads) > 1 else ""
        title = f"{model_title(self.config.model.name)}: {attention_title(name)}{mean}, the last tokens"
        last = Map(_end_of(heads).mean(0), rows, columns, title, {name: _end_of(layer) for name, layer in maps.items()})
        return list(last.of_heads()) if every else [last]

    def _prompt(self, text: str) -> list[int]:
        """The ids that the model reads: the opening token and the text, truncated to the last window."""
        ids = [self._opening, *self.tokeniser.encode(text)]
        return ids[-self.config.data.window :]

    def _joined(self, text: str, prompt: list[int], new: list[int]) -> Continuation:
        """The text with the continuation `new`."""
        # Decoded together: whether a space belongs between two pieces depends on both. If decoding changes the text
        # itself, as for unknown words, the continuation is decoded alone.
        ids = self.tokeniser.encode(text)
        before, whole = self.tokeniser.decode(ids), self.tokeniser.decode([*ids, *new])
        added = whole[len(before) :] if whole.startswith(before) else f" {self.tokeniser.decode(new)}"
        joint = added[: len(added) - len(added.lstrip(" "))] if self.config.data.text.tokeniser != "character" else ""
        return Continuation(text, added[len(joint) :], joint, is_cut=len(prompt) < 1 + len(ids))

    def _of_one_length(self, prompts: Sequence[Sequence[int]]) -> Iterator[list[int]]:
        """Batches of rows with equally long prompts, sized for the prompts with their continuations."""
        by_length: dict[int, list[int]] = {}
        for row, ids in enumerate(prompts):
            by_length.setdefault(len(ids), []).append(row)
        for length, rows in by_length.items():
            size = max(1, self.config.decode.tokens // (length + self.config.decode.length))
            yield from (rows[first : first + size] for first in range(0, len(rows), size))

    def _continue(self, prompts: Sequence[list[int]]) -> list[list[int]]:
        """Samples continuations of prompts of one length."""
        decode, longest = self.config.decode, self.config.model.settings.longest
        # A model with a fixed number of positions reads less of the prompt, to have room for the continuation.
        if longest is not None:
            prompts = [ids[-max(1, longest - decode.length) :] for ids in prompts]
        length = len(prompts[0])
        lengths = torch.full((len(prompts),), length, device=self.device)
        sampled = sample(
            self.model,
            self.model.encode(torch.tensor(prompts, device=self.device), lengths),
            temperature=decode.temperature,
            top_k=decode.top_k,
            top_p=decode.top_p,
            # Every row uses the same noise, so that a continuation does not depend on the other rows.
            generator=SharedNoise(torch.Generator(self.device).manual_seed(decode.seed)),
            # The last token that is written is not read, and needs no position.
            max_length=decode.length if longest is None else min(decode.length, longest - length + 1),
        )
        return [hypothesis.tokens for hypothesis in sampled]


def _square(weights: Float[Tensor, "H q k"], size: int) -> Float[Tensor, "H T T"]:
    """Pads a map to a row and a column for each token.

    Models leave out the row of a first token without anything to attend to, and the column of the last token.
    """
    return pad(weights, (0, size - weights.shape[-1], size - weights.shape[-2], 0))


def _end_of(weights: Float[Tensor, "H T T"]) -> Float[Tensor, "H t s"]:
    """The last rows and columns of a map."""
    return weights[:, -_ROWS:, -_COLUMNS:]
