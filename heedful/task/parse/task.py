"""Parsing as the command line sees it."""

import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from heedful.data.report import PERCENTILES, Finding, Report, Side, finding
from heedful.data.table import JSON, Columns, read_column
from heedful.data.text import format_suffix, iterate_lines
from heedful.data.tree import ParsedText, Tree, read_trees
from heedful.data.tree.linear import MASK, is_opening
from heedful.data.tree.words import KnownWords
from heedful.errors import UserError
from heedful.task.base import Answer, Options, Shown, Trained
from heedful.task.config import as_paths, expect_files
from heedful.task.models import Models
from heedful.task.parse.config import ParseConfig
from heedful.task.parse.models import MODELS
from heedful.task.parse.parser import Parse, Parser, load
from heedful.task.parse.symbols import Symbols
from heedful.watch.tree import BOX, PLAIN, draw_tree, save_tree_svg

_QUESTIONS = Columns(("text",))


class ParseTask:
    """One sentence in, its constituency tree out."""

    name = "parse"
    summary = "trees in, a parser out"
    files = (
        "bracket files such as .mrg, or a .tsv, .csv or .jsonl file with text and tree; each may be .gz; or folders of "
        "them"
    )
    question = "sentence"
    pairs_of_files = False
    options: ClassVar[Mapping[str, frozenset[str]]] = {
        "predict": frozenset({"beam"}),
        "eval": frozenset({"beam"}),
        "show": frozenset({"beam", "tree"}),
    }
    models: Models = MODELS
    config = ParseConfig

    def train(self, config: ParseConfig, out: Path, *, resume: bool, shown: Shown, options: Options) -> Trained:
        """Reads the trees, holds some out if there are none for validation, and trains."""
        from heedful.task.parse.fit import Texts, train_parser

        expect_files(config.data, self.files)
        data = config.data
        train, valid, test = (self._read(config, files) for files in (data.train, data.valid, data.test))
        return train_parser(config, Texts(train, valid, test), out, resume=resume, shown=shown)

    def load(self, folder: Path, device: str, changes: Mapping[str, Any]) -> Parser:
        """The parser of a run folder."""
        return load(folder, device, changes)

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
        if len(texts) != 1:
            raise UserError(f"expected one sentence, got {len(texts)}", hint="put quotes around it")
        found = predictor.predict(texts, beam=options.get("beam"))[0]
        answer = _answered(found, "the sentence")
        if found.tree is None:
            return [replace(answer, note="there are no words")]
        path = options.get("tree")
        if path is not None:
            save_tree_svg(drawable(found.tree), path=Path(path))
        maps = list(found.seen.of_heads()) if every and found.seen else answer.maps
        return [replace(answer, text=f"{answer.text}\n\n{_drawn(found.tree)}", maps=maps)]

    def evaluate(self, predictor: Parser, files: Sequence[Path], *, options: Options) -> dict[str, Any]:
        """Bracket F1, precision and recall in percent, the share of exact and of well-formed trees, the loss."""
        from heedful.task.parse.evaluate import evaluate

        trees = self._read(predictor.config, [str(file) for file in files])
        return evaluate(predictor, trees, beam=options.get("beam"))

    def check(self, files: Sequence[Path], config: ParseConfig, predictor: Parser | None) -> Report:
        """Trees and their labels, lengths, unknown words, what is deep, long or there twice."""
        from heedful.task.parse.fit import learn_texts

        config = config if predictor is None else predictor.config
        trees = self._read(config, [str(file) for file in files])
        texts = learn_texts(config, trees) if predictor is None else (predictor.words, predictor.symbols)
        return _report(trees, config, *texts)

    def next_commands(self, folder: str) -> list[str]:
        """Parse a file, see a tree."""
        return [f"heedful predict {folder} FILE > OUT", f'heedful show {folder} "a sentence"']

    def _read(self, config: ParseConfig, files: Sequence[str]) -> list[ParsedText]:
        return read_trees(as_paths(files), functions=config.data.functions) if files else []


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
    first: dict[str, ParsedText] = {}
    twice = [one.where for one in trees if first.setdefault(str(one.tree), one) is not one]
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
