"""Parsing: one sentence in, its constituency tree out."""

import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from heedful.data.batch import collate
from heedful.data.bucket import lengths_of
from heedful.data.notes import count_note, repeats
from heedful.data.report import PERCENTILES, Finding, Report, Side, finding
from heedful.data.table import JSON, Columns, read_column
from heedful.data.text import format_suffix, iterate_lines
from heedful.data.tree import Lineariser, ParsedText, Tree, read_trees
from heedful.data.tree.linear import MASK, is_opening
from heedful.data.tree.words import KnownWords
from heedful.errors import UserError
from heedful.task.base import Answer, Files, Options, Parts, Prepared, Task, Usage
from heedful.task.batches import Bucketed
from heedful.task.hold_out import Strata
from heedful.task.parse.config import TAGS, ParseConfig
from heedful.task.parse.evaluate import evaluate
from heedful.task.parse.options import OPTIONS
from heedful.task.parse.parser import SYMBOLS, WORDS, Parse, Parser
from heedful.task.parse.symbols import Symbols
from heedful.watch import Map
from heedful.watch.tree import BOX, PLAIN, draw_tree, save_tree_svg

_QUESTIONS = Columns(("text",))


class ParseTask(Task[list[ParsedText], list[ParsedText]]):
    """One sentence in, its constituency tree out."""

    summary = "trees in, a parser out"
    files = (
        "bracket files such as .mrg, or a .tsv, .csv or .jsonl file with text and tree; each may be .gz; or folders of "
        "them"
    )
    config = ParseConfig
    predictor = Parser
    options = OPTIONS
    usage = Usage(
        "a parser",
        "Parse a file, one sentence a line, or see a tree and where the model looked for it",
        ("heedful predict {run} FILE > OUT", 'heedful show {run} "a sentence"'),
        ("parser", 'print(parser.predict(["A sentence ."])[0].tree)'),
    )

    def read(self, config: ParseConfig, files: Files) -> list[ParsedText]:
        """The trees."""
        return read_trees(files.paths, functions=config.data.functions)

    def strata(self, config: ParseConfig, raw: list[ParsedText]) -> Strata:
        """All trees are alike."""
        return Strata("trees")

    def learn(self, config: ParseConfig, raw: list[ParsedText]) -> Parts:
        """The words and symbols of training trees."""
        trees, settings = [one.tree for one in raw], config.data.words
        words = KnownWords.train([tree.words for tree in trees], settings.size, rare=settings.rare)
        return {WORDS: words, SYMBOLS: Symbols.train(trees, linear_of(config))}

    def load_parts(self, config: ParseConfig, folder: Path) -> Parts:
        """The known words and symbols that lie in a run folder."""
        return {WORDS: KnownWords.load(folder, WORDS), SYMBOLS: Symbols.load(folder, SYMBOLS, linear_of(config))}

    def sizes(self, config: ParseConfig, parts: Parts) -> Mapping[str, Any]:
        """The words and symbols, and how often words are hidden in training."""
        return {"words": parts[WORDS], "symbols": parts[SYMBOLS], "hide": config.data.words.hide}

    def prepare(
        self, predictor: Parser, train: list[ParsedText], valid: list[ParsedText]
    ) -> Prepared[list[ParsedText]]:
        """The training trees that are not too long; what is left out, or new in validation, is told.

        Raises: UserError, when none is left.
        """
        longest, linear = predictor.config.data.max_length, predictor.symbols.linear
        lengths = [len(linear.symbols(one.tree)) for one in train]
        kept = [one for one, length in zip(train, lengths, strict=True) if length <= longest]
        if not kept:
            raise UserError(
                f"none of {len(train)} trees has at most {longest} symbols", hint="set data.max_length to more"
            )
        left_out = [one.where for one, length in zip(train, lengths, strict=True) if length > longest]
        warnings = count_note(left_out, len(train), f"trees, which have more than {longest} symbols")
        warnings = [f"left out of training: {note}" for note in warnings] + _new_labels(train, valid)
        examples = [predictor.example(one.tree) for one in kept]
        return Prepared(Bucketed(examples, lengths_of(examples), collate), valid, warnings)

    def measure(self, predictor: Parser, valid: list[ParsedText]) -> Mapping[str, float]:
        """Brackets and whole trees of greedy search, and the loss."""
        found = evaluate(predictor, valid[: predictor.config.data.valid_most], beam=1)
        return {name: found[name] for name in ("bracket_f1", "exact", "loss")}

    def watch(self, predictor: Parser, valid: list[ParsedText]) -> Callable[[], Map | None]:
        """Where the model looks while it says the gold tree of a sentence of about eight words."""
        tree = min((one.tree for one in valid), key=lambda tree: abs(len(tree.words) - 8))
        return lambda: predictor.maps([tree.words], [predictor.symbols.ids(tree)])[0]

    def questions(self, config: ParseConfig, file: str) -> Iterator[str]:
        """Lines of text, or the text of each object of a .jsonl."""
        return read_column(file, _QUESTIONS) if format_suffix(Path(file)) in JSON else iterate_lines(file)

    def answer(
        self, predictor: Parser, questions: Sequence[str], *, first: int, maps: bool, options: Options
    ) -> list[Answer]:
        """Trees in brackets, one a line; an empty line for an empty one."""
        found = predictor.predict(questions, beam=options.get("beam"), attention=maps)
        return [_answered(one, f"line {number}") for number, one in enumerate(found, start=first)]

    def show(self, predictor: Parser, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """The sentence's tree drawn, and where the model looked for every symbol of it."""
        found = predictor.predict(texts, beam=options.get("beam"))[0]
        answer = _answered(found, "the sentence")
        if found.tree is None:
            return [replace(answer, note="there are no words")]
        path = options.get("tree")
        if path is not None:
            save_tree_svg(drawable(found.tree), path=Path(path))
        maps = list(found.seen.of_heads()) if every and found.seen else answer.maps
        return [replace(answer, text=f"{answer.text}\n\n{_drawn(found.tree)}", maps=maps)]

    def score(self, predictor: Parser, raw: list[ParsedText], options: Options) -> dict[str, Any]:
        """Bracket F1, precision and recall in percent, the share of exact and of well-formed trees, the loss."""
        return evaluate(predictor, raw, beam=options.get("beam"))

    def report(self, config: ParseConfig, raw: list[ParsedText], parts: Parts) -> Report:
        """Trees and their labels, lengths, unknown words, what is deep, long or there twice."""
        return _report(raw, config, parts[WORDS], parts[SYMBOLS])


def linear_of(config: ParseConfig) -> Lineariser:
    """How trees become symbols."""
    return Lineariser(TAGS[config.data.tags])


def _new_labels(train: Sequence[ParsedText], valid: Sequence[ParsedText]) -> list[str]:
    """A line about labels of validation trees that training has not, and nobody can find."""
    known = {node.label for one in train for node in one.tree.nodes() if node.word is None}
    places = {node.label: one.where for one in valid for node in one.tree.nodes() if node.word is None}
    new = [f"{label!r} ({where})" for label, where in places.items() if label not in known]
    return [f"validation: labels that training has not seen, and nobody can find: {', '.join(new[:5])}"] if new else []


def drawable(tree: Tree) -> Tree:
    """The tree as it is drawn: without tags that only stand for one."""
    return tree.with_tags(lambda leaf: "" if leaf.label == MASK else leaf.label)


def _drawn(tree: Tree) -> str:
    """The tree for the terminal: its width, and ASCII where nothing else can be shown."""
    speaks = (sys.stdout.encoding or "ascii").lower().startswith("utf")
    return draw_tree(drawable(tree), width=shutil.get_terminal_size().columns, lines=BOX if speaks else PLAIN)


def _answered(found: Parse, what: str) -> Answer:
    text = "" if found.tree is None else str(found.tree)
    note = f"{what} is too long; only its first {len(found.words)} words were parsed" if found.is_cut else None
    record = {"words": list(found.words), "tree": text or None, "score": round(found.score, 4)}
    return Answer(text, (found.seen,) if found.seen else (), note, record)


def _report(trees: Sequence[ParsedText], config: ParseConfig, words: KnownWords, symbols: Symbols) -> Report:
    said = [symbols.linear.symbols(one.tree) for one in trees]
    labels = Counter(symbol[1:] for own in said for symbol in own if is_opening(symbol))
    twice = [one.where for one, _ in repeats(trees, lambda one: str(one.tree))]
    longest, decode = config.data.max_length, config.decode
    unknown = Counter(word for one in trees for word in one.tree.words if not words.knows(word))
    facts = {
        "trees": Finding(len(trees), []),
        "labels": Finding(len(labels), [f"{label} {count}" for label, count in labels.most_common(12)]),
        "labels seen once": finding([label for label, count in labels.items() if count == 1]),
        "seen before": finding(twice),
        f"more than {longest} symbols": finding(
            [f"{one.where} ({len(own)})" for one, own in zip(trees, said, strict=True) if len(own) > longest]
        ),
        f"deeper than {decode.deepest}": finding([one.where for one in trees if one.tree.depth > decode.deepest]),
    }
    sides = {
        "sentence": _side("words", [len(one.tree.words) for one in trees], unknown),
        "tree": _side("symbols", [len(own) for own in said], Counter()),
    }
    shown = [(one.where, [str(one.tree), " ".join(own)]) for one, own in list(zip(trees, said, strict=True))[:3]]
    return Report(sides, facts, shown)


def _side(unit: str, lengths: Sequence[int], unknown: Counter[str]) -> Side:
    ordered, total = sorted(lengths), sum(lengths)
    percentiles = tuple(ordered[round((len(ordered) - 1) * percent / 100)] for percent in PERCENTILES)
    return Side(unit, total, percentiles, unknown.total() / max(1, total), [word for word, _ in unknown.most_common(5)])
