"""Parsing: finds the constituency trees of sentences."""

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
from heedful.data.table import TABLES, Columns, has_header, read_column
from heedful.data.text import format_suffix, iterate_lines
from heedful.data.tree import Lineariser, ParsedText, Tree, read_trees
from heedful.data.tree.linear import MASK, is_opening
from heedful.data.tree.words import KnownWords
from heedful.errors import UserError
from heedful.task.base import SEQ_TO_SEQ, Answer, Files, Options, Parts, Prepared, Task, Usage
from heedful.task.batches import Bucketed
from heedful.task.hold_out import Strata
from heedful.task.parse.config import TAGS, ParseConfig
from heedful.task.parse.evaluate import evaluate
from heedful.task.parse.options import OPTIONS
from heedful.task.parse.parser import SYMBOLS, WORDS, Parse, Parser
from heedful.task.parse.symbols import Symbols
from heedful.watch import Map
from heedful.watch.tree import BOX, PLAIN, draw_tree, save_tree_svg

_QUESTIONS = Columns(("text",), ("tree",))


class ParseTask(Task[list[ParsedText], list[ParsedText]]):
    """Finds the constituency trees of sentences."""

    summary = "trains a parser on trees"
    files = (
        "bracket files such as .mrg, or a .tsv, .csv or .jsonl file with text and tree; each may be .gz; or folders of "
        "such files"
    )
    config = ParseConfig
    predictor = Parser
    options = OPTIONS
    model_methods = SEQ_TO_SEQ
    usage = Usage(
        "a parser",
        "Parse a file with one sentence per line, or see a tree and the attention behind it",
        ("heedful predict {run} FILE > OUT", 'heedful show {run} "a sentence"'),
        ("parser", 'print(parser.predict(["A sentence ."])[0].tree)'),
    )

    def read(self, config: ParseConfig, files: Files) -> list[ParsedText]:
        """The trees in the files."""
        return read_trees(files.paths, functions=config.data.functions)

    def strata(self, config: ParseConfig, raw: list[ParsedText]) -> Strata:
        """Trees are not stratified."""
        return Strata("trees")

    def learn(self, config: ParseConfig, raw: list[ParsedText]) -> Parts:
        """The vocabularies of words and symbols, from the training trees."""
        trees, settings = [parsed.tree for parsed in raw], config.data.words
        words = KnownWords.train([tree.words for tree in trees], settings.size, rare=settings.rare)
        return {WORDS: words, SYMBOLS: Symbols.train(trees, linear_of(config))}

    def load_parts(self, config: ParseConfig, folder: Path) -> Parts:
        """The vocabularies in a run folder."""
        return {WORDS: KnownWords.load(folder, WORDS), SYMBOLS: Symbols.load(folder, SYMBOLS, linear_of(config))}

    def sizes(self, config: ParseConfig, parts: Parts) -> Mapping[str, Any]:
        """The vocabularies, and how often words are masked in training."""
        return {"words": parts[WORDS], "symbols": parts[SYMBOLS], "hide": config.data.words.hide}

    def prepare(
        self, predictor: Parser, train: list[ParsedText], valid: list[ParsedText]
    ) -> Prepared[list[ParsedText]]:
        """Encodes training trees; warns of those that are too long, and of labels that only validation has.

        Raises: UserError, when no training tree is left.
        """
        longest, linear = predictor.config.data.max_length, predictor.symbols.linear
        lengths = [len(linear.symbols(parsed.tree)) for parsed in train]
        kept = [parsed for parsed, length in zip(train, lengths, strict=True) if length <= longest]
        if not kept:
            raise UserError(
                f"none of {len(train)} trees has at most {longest} symbols", hint="set data.max_length to more"
            )
        left_out = [parsed.where for parsed, length in zip(train, lengths, strict=True) if length > longest]
        warnings = count_note(left_out, len(train), f"trees, which have more than {longest} symbols")
        warnings = [f"left out of training: {note}" for note in warnings] + _new_labels(train, valid)
        examples = [predictor.example(parsed.tree) for parsed in kept]
        return Prepared(Bucketed(examples, lengths_of(examples), collate), valid, warnings)

    def above_chance(self, predictor: Parser, valid: list[ParsedText], metric: float) -> float | None:
        """The metric as a fraction."""
        return metric / 100 if predictor.config.train.metric == "valid_bracket_f1" else None

    def measure(self, predictor: Parser, valid: list[ParsedText]) -> Mapping[str, float]:
        """Bracket F1 and exact trees of greedy search, and the loss."""
        numbers = evaluate(predictor, valid[: predictor.config.data.valid_most], beam=1)
        return {name: numbers[name] for name in ("bracket_f1", "exact", "loss")}

    def watch(self, predictor: Parser, valid: list[ParsedText]) -> Callable[[], Map | None]:
        """The map of the gold tree of a sentence of about eight words."""
        tree = min((parsed.tree for parsed in valid), key=lambda tree: abs(len(tree.words) - 8))
        return lambda: predictor.maps([tree.words], [predictor.symbols.ids(tree)])[0]

    def questions(self, config: ParseConfig, file: str) -> Iterator[str]:
        """Lines of text, or the column text of a table with a header."""
        # A .tsv or .csv without a header is most likely sentences with commas, which are not the ends of cells.
        is_table = file != "-" and format_suffix(Path(file)) in TABLES and has_header(Path(file), _QUESTIONS)
        return read_column(file, _QUESTIONS) if is_table else iterate_lines(file)

    def answer(
        self,
        predictor: Parser,
        questions: Sequence[str],
        *,
        first: int,
        maps: bool,
        every: bool,
        options: Options,
    ) -> list[Answer]:
        """Trees in brackets, one per line; an empty line for an empty sentence."""
        parses = predictor.predict(questions, beam=options.get("beam"), attention=maps)
        answers = [_answered(parse, f"question {number}") for number, parse in enumerate(parses, start=first)]
        if not (maps and every):
            return answers
        return [replace(answer, maps=predictor.every_map(parse)) for answer, parse in zip(answers, parses, strict=True)]

    def show(self, predictor: Parser, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """The tree of the sentence with a drawing, and the attention of each symbol."""
        parse = predictor.predict(texts, beam=options.get("beam"))[0]
        answer = _answered(parse, "the sentence")
        if parse.tree is None:
            return [replace(answer, note="there are no words")]
        path = options.get("tree")
        if path is not None:
            save_tree_svg(drawable(parse.tree), path=Path(path))
        maps = predictor.every_map(parse) if every else answer.maps
        return [replace(answer, text=f"{answer.text}\n\n{_drawn(parse.tree)}", maps=maps)]

    def score(self, predictor: Parser, raw: list[ParsedText], options: Options) -> dict[str, Any]:
        """Bracket F1, precision and recall in percent, the fractions of exact and well-formed trees, and the loss."""
        return evaluate(predictor, raw, beam=options.get("beam"))

    def report(self, config: ParseConfig, raw: list[ParsedText], parts: Parts) -> Report:
        """Trees and their labels, lengths, unknown words, and trees that are deep, long or repeated."""
        return _report(raw, config, parts[WORDS], parts[SYMBOLS])


def linear_of(config: ParseConfig) -> Lineariser:
    """The conversion of trees to symbols."""
    return Lineariser(TAGS[config.data.tags])


def _new_labels(train: Sequence[ParsedText], valid: Sequence[ParsedText]) -> list[str]:
    """A warning about labels that only validation trees have, which the parser cannot predict."""
    known = {node.label for parsed in train for node in parsed.tree.nodes() if node.word is None}
    where_of = {node.label: parsed.where for parsed in valid for node in parsed.tree.nodes() if node.word is None}
    new = [f"{label!r} ({where})" for label, where in where_of.items() if label not in known]
    return (
        [f"validation: labels that training has not seen and that cannot be predicted: {', '.join(new[:5])}"]
        if new
        else []
    )


def drawable(tree: Tree) -> Tree:
    """The tree as it is drawn: without the placeholder XX for tags."""
    return tree.with_tags(lambda leaf: "" if leaf.label == MASK else leaf.label)


def _drawn(tree: Tree) -> str:
    """The tree drawn for the terminal's width, in ASCII unless the terminal has Unicode."""
    has_unicode = (sys.stdout.encoding or "ascii").lower().startswith("utf")
    return draw_tree(drawable(tree), width=shutil.get_terminal_size().columns, lines=BOX if has_unicode else PLAIN)


def _answered(parse: Parse, what: str) -> Answer:
    text = "" if parse.tree is None else str(parse.tree)
    note = f"{what} is too long; only its first {len(parse.words)} words were parsed" if parse.is_cut else None
    record = {"words": list(parse.words), "tree": text or None, "score": round(parse.score, 4)}
    return Answer(text, (parse.map,) if parse.map else (), note, record)


def _report(trees: Sequence[ParsedText], config: ParseConfig, words: KnownWords, symbols: Symbols) -> Report:
    sequences = [symbols.linear.symbols(parsed.tree) for parsed in trees]
    labels = Counter(symbol[1:] for sequence in sequences for symbol in sequence if is_opening(symbol))
    repeated = [parsed.where for parsed, _ in repeats(trees, lambda parsed: str(parsed.tree))]
    longest, decode = config.data.max_length, config.decode
    unknown = Counter(word for parsed in trees for word in parsed.tree.words if not words.knows(word))
    facts = {
        "trees": Finding(len(trees), []),
        "labels": Finding(len(labels), [f"{label} {count}" for label, count in labels.most_common(12)]),
        "labels seen once": finding([label for label, count in labels.items() if count == 1]),
        "seen before": finding(repeated),
        f"more than {longest} symbols": finding(
            [
                f"{parsed.where} ({len(sequence)})"
                for parsed, sequence in zip(trees, sequences, strict=True)
                if len(sequence) > longest
            ]
        ),
        f"deeper than {decode.deepest}": finding(
            [parsed.where for parsed in trees if parsed.tree.depth > decode.deepest]
        ),
    }
    sides = {
        "sentence": _side("words", [len(parsed.tree.words) for parsed in trees], unknown),
        "tree": _side("symbols", [len(sequence) for sequence in sequences], Counter()),
    }
    examples = [
        (parsed.where, [str(parsed.tree), " ".join(sequence)])
        for parsed, sequence in list(zip(trees, sequences, strict=True))[:3]
    ]
    return Report(sides, facts, examples)


def _side(unit: str, lengths: Sequence[int], unknown: Counter[str]) -> Side:
    ordered, total = sorted(lengths), sum(lengths)
    percentiles = tuple(ordered[round((len(ordered) - 1) * percent / 100)] for percent in PERCENTILES)
    return Side(unit, total, percentiles, unknown.total() / max(1, total), [word for word, _ in unknown.most_common(5)])
