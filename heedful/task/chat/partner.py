"""A trained chat partner, which replies to turns and shows its attention."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import torch
from torch import Tensor

from heedful.data.batch import Example, pad_sources
from heedful.data.dialogue import Context, MarkedTokeniser, Turn, alternating_turns, encode_turns, next_speaker
from heedful.data.token_words import TokenWords
from heedful.decode import Hypothesis, sample, search
from heedful.shapes import BOS, EOS
from heedful.task.answering import answering, evaluating
from heedful.task.base import TOKENISER, Predictor
from heedful.task.batches import grouped
from heedful.task.chat.config import ChatConfig
from heedful.task.inputs import as_questions, check_text
from heedful.task.models import model_title
from heedful.watch import Map
from heedful.watch.all_maps import Sides, all_maps
from heedful.watch.look import Look, Maps, default_look, replay, word_map
from heedful.watch.notebook import answer_html
from heedful.watch.record import unrecorded

Turns = str | Sequence[str] | Sequence[Turn]
"""The context of a reply: one turn, several turns as texts, or turns with speakers."""


@dataclass(frozen=True, eq=False)
class Reply:
    """A reply and its attention map.

    `score` is the score of the search, or the log-probability of a sampled reply. `context` are the pieces that the
    model read, including turn marks and EOS. `is_cut` says that the context was truncated. `words` has a row for each
    word of the reply and a column for each word of the context. It is None if attention was not asked for or the model
    has none. `ids` are those of the tokens.
    """

    text: str
    score: float
    tokens: list[str] = field(repr=False)
    context: list[str] = field(repr=False)
    words: Map | None = None
    is_cut: bool = False
    ids: list[int] = field(default_factory=list[int], repr=False)

    def _repr_html_(self) -> str:
        """The reply and its map, for notebooks."""
        return answer_html(self.text, [self.words] if self.words else [])


class Partner(Predictor[ChatConfig]):
    """A trained chat model with its tokeniser and settings, as `heedful.load(folder)` returns it."""

    @property
    def tokeniser(self) -> MarkedTokeniser:
        """The tokeniser, with marks for the speakers."""
        return self.parts[TOKENISER]

    @cached_property
    def look(self) -> Look | None:
        """The map that is shown; None for a model without attention."""
        return default_look(self.model, self.config.looks)

    def predict(
        self,
        contexts: Iterable[Turns],
        *,
        beam: int | None = None,
        temperature: float | None = None,
        seed: int | None = None,
        attention: bool = True,
    ) -> list[Reply]:
        """A reply to each context, in the order of the contexts.

        `beam` is the width of the search; 1 is greedy. A `temperature` samples words instead, reproducibly if there is
        a `seed`. None means as the settings say. The reply is by the speaker whose turn is next.
        Raises: UserError, for a single text, and for an item that is no context.
        """
        settings = self.config.decode
        dialogues = [as_turns(context, f"item {i}") for i, context in enumerate(as_questions(contexts, "contexts"))]
        inputs = [self._input(turns) for turns in dialogues]
        sources = [ids for ids, _ in inputs]
        # A beam passed to this call wins over a temperature in the settings.
        sampling = temperature or (None if beam else settings.temperature)
        # A recorder is to see the replies, not what the search tries: `maps` produces them once more.
        with unrecorded() if attention else nullcontext():
            if sampling is None:
                hypotheses = self.search(sources, beam or settings.beam)
            else:
                hypotheses = self.draw(sources, sampling, seed)
        examples = [Example(ids, hypothesis.tokens) for ids, hypothesis in zip(sources, hypotheses, strict=True)]
        maps: list[Maps] = self.maps(examples) if attention else [{}] * len(examples)
        replies: list[Reply] = []
        for example, hypothesis, layers, turns, (_, is_cut) in zip(
            examples, hypotheses, maps, dialogues, inputs, strict=True
        ):
            words = self.word_map(example, layers, self._typed(turns, example.source)) if attention else None
            replies.append(self._reply(example, hypothesis, words, is_cut=is_cut))
        return replies

    def search(self, sources: Sequence[Sequence[int]], size: int) -> list[Hypothesis]:
        """The best reply to each context (ids without EOS), found with a beam of `size`."""
        settings = self.config.decode

        def best(source: Tensor, lengths: Tensor) -> list[Hypothesis]:
            model, penalty = cast(Any, self.model), settings.length_penalty
            memory = model.encode(source, lengths)
            beams = search(model, memory, size=size, length_penalty=penalty, max_length=settings.longest)
            return [beam[0] for beam in beams]

        return self._batched(sources, size, best)

    def draw(self, sources: Sequence[Sequence[int]], temperature: float, seed: int | None = None) -> list[Hypothesis]:
        """A sampled reply to each context (ids without EOS)."""
        generator = torch.Generator(self.device)
        if seed is None:
            # From the system: a new generator of torch always begins with the same numbers.
            generator.seed()
        else:
            generator.manual_seed(seed)

        def drawn(source: Tensor, lengths: Tensor) -> list[Hypothesis]:
            model, longest = cast(Any, self.model), self.config.decode.longest
            memory = model.encode(source, lengths)
            return sample(model, memory, temperature=temperature, generator=generator, max_length=longest)

        return self._batched(sources, 1, drawn)

    def maps(self, examples: Sequence[Example]) -> list[Maps]:
        """The attention maps of the model while it is forced to produce the replies of the examples."""
        with evaluating(self.model):
            return replay(self.model, self.config.looks, examples)

    def word_map(self, example: Example, maps: Maps, typed: Sequence[str] = ()) -> Map | None:
        """The word-level map of a reply, with all layers; `typed` is the original text of each id of its source."""
        rows = TokenWords.of(self.tokeniser, example.target)
        columns = TokenWords.of(self.tokeniser, [*example.source, EOS], typed)
        return word_map(self.look, maps, rows=rows, columns=columns, title=model_title(self.config.model.name))

    def every_map(self, context: Turns, reply: Reply) -> list[Map]:
        """The maps of all layers and heads behind a reply to a context: encoder, decoder and between them."""
        turns = as_turns(context)
        source, target, base = self._input(turns).ids, reply.ids, self.tokeniser
        columns = TokenWords.of(base, [*source, EOS], self._typed(turns, source))
        sides = Sides(columns, TokenWords.of(base, target), TokenWords.of(base, [BOS, *target[:-1]]))
        with evaluating(self.model):
            return all_maps(
                self.model,
                self.config.looks,
                Example(source, target),
                sides=sides,
                name=model_title(self.config.model.name),
            )

    def _batched(
        self, sources: Sequence[Sequence[int]], rows: int, find: Callable[[Tensor, Tensor], list[Hypothesis]]
    ) -> list[Hypothesis]:
        """Runs `find` on batches of contexts of similar length; an empty context gets an empty reply.

        `rows` is how many rows of the model one context takes, such as the width of the beam.
        """

        def batch(chosen: list[int], longest: int) -> list[Hypothesis]:
            source, lengths = pad_sources([sources[index] for index in chosen])
            return find(source.to(self.device), lengths.to(self.device))

        lengths, decode = [len(ids) + 1 if ids else 0 for ids in sources], self.config.decode
        tokens = max(1, decode.tokens // rows)
        with answering(self.model, decode.precision):
            by_row = grouped(lengths, batch, longest=lambda length: decode.longest, tokens=tokens)
        return [by_row.get(index, Hypothesis([], 0.0, 0.0)) for index in range(len(sources))]

    def _input(self, turns: Sequence[Turn]) -> Context:
        """The ids that the model reads for these turns, and whether they were truncated."""
        limit = self.config.data.context_limit
        encoded = encode_turns(turns, self.tokeniser)
        return limit.read(encoded, len(encoded), next_speaker=next_speaker(turns), tokeniser=self.tokeniser)

    def _typed(self, turns: Sequence[Turn], source: Sequence[int]) -> list[str]:
        """The original text of each id in `source`, which ends with the last turn; empty for marks."""
        pieces = [piece for turn in turns for piece in ("", *self.tokeniser.surface_pieces(turn.text))]
        # A long context is truncated at its start, so that the ids belong to the last pieces.
        last = pieces[len(pieces) - len(source) :]
        return ["" if self.tokeniser.is_mark(index) else piece for index, piece in zip(source, last, strict=True)]

    def _reply(self, example: Example, hypothesis: Hypothesis, words: Map | None, *, is_cut: bool) -> Reply:
        tokeniser = self.tokeniser
        context = tokeniser.pieces([*example.source, EOS])
        return Reply(
            tokeniser.decode(hypothesis.tokens),
            hypothesis.score,
            tokeniser.pieces(hypothesis.tokens),
            context,
            words,
            is_cut,
            hypothesis.tokens,
        )


def as_turns(context: Any, name: str = "the context") -> tuple[Turn, ...]:
    """A context as turns. Texts without speakers are taken as turns of two alternating speakers.

    `name` is what errors call it.
    Raises: UserError, for anything but a text, texts, or turns.
    """
    if not isinstance(context, list | tuple):
        check_text(context, name)
        return alternating_turns([context], [""])
    turns = list(cast(Sequence[Any], context))
    if all(isinstance(turn, Turn) for turn in turns):
        return tuple(cast(list[Turn], turns))
    for position, text in enumerate(turns):
        check_text(text, f"turn {position} of {name}")
    return alternating_turns(turns, [""] * len(turns))
