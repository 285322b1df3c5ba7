"""A trained partner in talk: turns in, a reply out, with where it looked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import torch
from torch import Tensor

from heedful.data.batch import Example, pad_sources
from heedful.data.dialogue import Context, MarkedTokeniser, Turn, alternating_turns, encode_turns, next_speaker
from heedful.data.token_words import TokenWords
from heedful.decode import Hypothesis, sample, search
from heedful.shapes import EOS
from heedful.task.answering import answering, evaluating
from heedful.task.base import TOKENISER, Predictor
from heedful.task.batches import grouped
from heedful.task.chat.config import ChatConfig
from heedful.task.look import Look, Maps, default_look, replay, word_map
from heedful.watch import Map

Said = str | Sequence[str] | Sequence[Turn]
"""What came before a reply: one turn, several turn by turn, or turns with speakers."""


@dataclass(frozen=True, eq=False)
class Reply:
    """A reply and where it looked.

    `score` is what search compared, or the log-probability of one that was drawn. `context` are the pieces that were
    read, marks and end included; `is_cut` says that there was more, which was not read. `words` has a row a word of
    the reply and a column a word of the context; None when it was not asked for, or the model does not look.
    """

    text: str
    score: float
    tokens: list[str]
    context: list[str]
    words: Map | None = None
    is_cut: bool = False


class Partner(Predictor[ChatConfig]):
    """A model with its tokeniser and settings. `heedful.load(folder)` gives one; training leaves such a folder."""

    @property
    def tokeniser(self) -> MarkedTokeniser:
        """How a turn becomes tokens, with marks of who speaks."""
        return self.parts[TOKENISER]

    @cached_property
    def look(self) -> Look | None:
        """The map that is shown; None for a model that does not look."""
        return default_look(self.model, self.config.looks)

    def predict(
        self,
        contexts: Sequence[Said],
        *,
        beam: int | None = None,
        temperature: float | None = None,
        seed: int | None = None,
        attention: bool = True,
    ) -> list[Reply]:
        """A reply to each context, in the order given.

        `beam` is the width of the search, 1 is greedy; a `temperature` draws the words instead, and with `seed` the
        same ones again (None: the settings'). Who replies is the one whose turn it is.
        """
        settings = self.config.decode
        turns = [as_turns(one) for one in contexts]
        read_of = [self._read(one) for one in turns]
        sources = [ids for ids, _ in read_of]
        chosen = temperature or (None if beam else settings.temperature)
        if chosen is None:
            found = self.search(sources, beam or settings.beam)
        else:
            found = self.draw(sources, chosen, seed)
        examples = [Example(ids, one.tokens) for ids, one in zip(sources, found, strict=True)]
        maps: list[Maps] = self.maps(examples) if attention else [{}] * len(examples)
        replies: list[Reply] = []
        for example, one, seen, own, (_, is_cut) in zip(examples, found, maps, turns, read_of, strict=True):
            words = self.word_map(example, seen, self._typed(own, example.source)) if attention else None
            replies.append(self._reply(example, one, words, is_cut=is_cut))
        return replies

    def search(self, sources: Sequence[Sequence[int]], size: int) -> list[Hypothesis]:
        """The best reply to each context (ids without EOS), searched for with a beam of `size`."""
        settings = self.config.decode

        def best(source: Tensor, lengths: Tensor) -> list[Hypothesis]:
            model, penalty = cast(Any, self.model), settings.length_penalty
            memory = model.encode(source, lengths)
            found = search(model, memory, size=size, length_penalty=penalty, max_length=settings.longest)
            return [options[0] for options in found]

        return self._batched(sources, size, best)

    def draw(self, sources: Sequence[Sequence[int]], temperature: float, seed: int | None = None) -> list[Hypothesis]:
        """A reply to each context (ids without EOS), drawn word by word."""
        generator = torch.Generator(self.device)
        if seed is None:
            generator.seed()
        else:
            generator.manual_seed(seed)

        def drawn(source: Tensor, lengths: Tensor) -> list[Hypothesis]:
            model, longest = cast(Any, self.model), self.config.decode.longest
            memory = model.encode(source, lengths)
            return sample(model, memory, temperature=temperature, generator=generator, max_length=longest)

        return self._batched(sources, 1, drawn)

    def maps(self, examples: Sequence[Example]) -> list[Maps]:
        """Where the model looks while it says given replies after given contexts."""
        with evaluating(self.model):
            return replay(self.model, self.config.looks, examples)

    def word_map(self, example: Example, maps: Maps, typed: Sequence[str] = ()) -> Map | None:
        """The map of one reply over words, all layers behind it; `typed` is what was typed at each id of its source."""
        rows = TokenWords.of(self.tokeniser, example.target)
        columns = TokenWords.of(self.tokeniser, [*example.source, EOS], typed)
        return word_map(self.look, maps, rows, columns, title=self.config.model.name)

    def _batched(
        self, sources: Sequence[Sequence[int]], rows: int, find: Callable[[Tensor, Tensor], list[Hypothesis]]
    ) -> list[Hypothesis]:
        """`find` for contexts of like length together, `rows` of the model's for each; an empty one has no reply."""

        def batch(chosen: list[int], longest: int) -> list[Hypothesis]:
            source, lengths = pad_sources([sources[index] for index in chosen])
            return find(source.to(self.device), lengths.to(self.device))

        lengths, decode = [len(ids) + 1 if ids else 0 for ids in sources], self.config.decode
        tokens = max(1, decode.tokens // rows)
        with answering(self.model, decode.precision):
            found = grouped(lengths, batch, longest=lambda length: decode.longest, tokens=tokens)
        return [found.get(index, Hypothesis([], 0.0, 0.0)) for index in range(len(sources))]

    def _read(self, turns: Sequence[Turn]) -> Context:
        """What the model reads of these turns, and whether it is cut."""
        window = self.config.data.window
        own = encode_turns(turns, self.tokeniser)
        return window.read(own, len(own), next_speaker=next_speaker(turns), tokeniser=self.tokeniser)

    def _typed(self, turns: Sequence[Turn], source: Sequence[int]) -> list[str]:
        """What was typed at each id that was read of these turns, the last of all; nothing at the marks."""
        whole = [piece for turn in turns for piece in ("", *self.tokeniser.surface_pieces(turn.text))]
        last = whole[len(whole) - len(source) :]
        return ["" if self.tokeniser.is_mark(one) else piece for one, piece in zip(source, last, strict=True)]

    def _reply(self, example: Example, found: Hypothesis, words: Map | None, *, is_cut: bool) -> Reply:
        tokeniser = self.tokeniser
        context = tokeniser.pieces([*example.source, EOS])
        return Reply(
            tokeniser.decode(found.tokens), found.score, tokeniser.pieces(found.tokens), context, words, is_cut
        )


def as_turns(said: Said) -> tuple[Turn, ...]:
    """A context as turns; without speakers the last turn is the other's, and they took turns before."""
    if isinstance(said, str):
        return alternating_turns([said], [""])
    given = list(said)
    if all(isinstance(one, Turn) for one in given):
        return tuple(cast(list[Turn], given))
    return alternating_turns([str(one) for one in given], [""] * len(given))
