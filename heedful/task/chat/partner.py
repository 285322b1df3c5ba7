"""A trained partner in talk: turns in, a reply out, with where it looked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from heedful.data.batch import Example, pad_sources
from heedful.data.dialogue import Context, MarkedTokeniser, Turn, by_turns, replier, spoken
from heedful.decode import Hypothesis, sample, search
from heedful.shapes import EOS
from heedful.store import save_tensors
from heedful.task.answering import answering, evaluating
from heedful.task.batches import batches
from heedful.task.chat.config import ChatConfig
from heedful.task.chat.folder import build_model, load_marked, save_texts
from heedful.task.chat.models import MODELS
from heedful.task.config import changed_for_use
from heedful.task.folder import WEIGHTS, load_settings, with_weights
from heedful.task.translate.config import Look
from heedful.task.translate.look import Maps, default_look, read, replay
from heedful.task.words import Words, merge
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


class Partner:
    """A model with its tokeniser and settings. `heedful.load(folder)` gives one; training leaves such a folder."""

    def __init__(self, config: ChatConfig, model: nn.Module, tokeniser: MarkedTokeniser) -> None:
        self.config = config
        self.model = model
        self.tokeniser = tokeniser

    def save(self, folder: str | Path) -> None:
        """Writes a folder that `load` reads, with a README that says how to use it.

        Raises: UserError, when a file cannot be written.
        """
        save_texts(Path(folder), self.config, self.tokeniser)
        save_tensors(Path(folder) / WEIGHTS, self.model.state_dict())

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    @property
    def looks(self) -> str:
        """The pattern of the attentions that look at the context."""
        return MODELS.named(self.config.model.name)[1].family.looks

    @cached_property
    def look(self) -> Look | None:
        """The map that is shown; None for a model that does not look."""
        return default_look(self.model, self.looks)

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
            return replay(self.model, self.looks, examples)

    def word_map(self, example: Example, maps: Maps, typed: Sequence[str] = ()) -> Map | None:
        """The map of one reply over words, all layers behind it; `typed` is what was typed at each id of its source."""
        look = self.look
        if look is None or not maps or not example.target:
            return None
        rows = Words.of(self.tokeniser, example.target)
        columns = Words.of(self.tokeniser, [*example.source, EOS], typed)
        steps = len(example.target)
        layers = {name: merge(heads[:, :steps], rows, columns) for name, heads in maps.items()}
        weights = merge(read(look, maps), rows, columns)
        return Map(weights, rows.texts, columns.texts, f"{self.config.model.name}: {look}", layers)

    def _batched(
        self, sources: Sequence[Sequence[int]], rows: int, find: Callable[[Tensor, Tensor], list[Hypothesis]]
    ) -> list[Hypothesis]:
        """`find` for contexts of like length together; an empty context has an empty reply."""
        found = [Hypothesis([], 0.0, 0.0)] * len(sources)
        real = [index for index, ids in enumerate(sources) if ids]
        tokens = max(1, self.config.decode.tokens // rows)
        with answering(self.model, self.config.decode.precision):
            for chosen in batches([len(sources[index]) + 1 for index in real], tokens):
                own = [real[place] for place in chosen]
                source, lengths = (one.to(self.device) for one in pad_sources([sources[index] for index in own]))
                for index, one in zip(own, find(source, lengths), strict=True):
                    found[index] = one
        return found

    def _read(self, turns: Sequence[Turn]) -> Context:
        """What the model reads of these turns, and whether it is cut."""
        window = self.config.data.window
        own = spoken(turns, self.tokeniser)
        return window.read(own, len(own), replier=replier(turns), tokeniser=self.tokeniser)

    def _typed(self, turns: Sequence[Turn], source: Sequence[int]) -> list[str]:
        """What was typed at each id that was read of these turns, the last of all; nothing at the marks."""
        whole = [piece for turn in turns for piece in ("", *self.tokeniser.typed(turn.text))]
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
        return by_turns([said], [""])
    given = list(said)
    if all(isinstance(one, Turn) for one in given):
        return tuple(cast(list[Turn], given))
    return by_turns([str(one) for one in given], [""] * len(given))


def load(folder: Path, device: str = "cpu", changes: Mapping[str, Any] | None = None) -> Partner:
    """The partner of a run folder; `changes` are settings of the sections decode and score.

    Raises: UserError, when the folder or a file in it is missing or damaged.
    """
    config = changed_for_use(load_settings(ChatConfig, folder), changes or {}, ("decode", "score"))
    tokeniser = load_marked(folder)
    model = with_weights(build_model(config, tokeniser), folder, device)
    return Partner(config, model, tokeniser)
