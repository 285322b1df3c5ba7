"""Matching: labels pairs of texts, or scores their relevance or similarity."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from heedful.data.columns import Columns
from heedful.data.labels import alike_labels, alike_note
from heedful.data.matched import (
    COLUMNS,
    INPUT_COLUMNS,
    Match,
    MatchExample,
    collate_matches,
    iterate_matches,
    match_lengths,
    read_matches,
)
from heedful.data.notes import count_note, once_note, repeats
from heedful.data.overlap import Overlap
from heedful.data.report import Finding, Report, describe_texts, finding
from heedful.data.tokenise import load_tokeniser
from heedful.errors import UserError
from heedful.model.text import WordVectors
from heedful.store import check_folder
from heedful.task.base import TOKENISER, Answer, Files, Options, Parts, Prepared, Task, Usage
from heedful.task.batches import Bucketed
from heedful.task.hold_out import Strata
from heedful.task.match.config import MatchConfig
from heedful.task.match.labels import goal_of, kinds_of, label_numbers, settle_goal
from heedful.task.match.matcher import OVERLAP, Matched, Matcher
from heedful.task.match.options import OPTIONS
from heedful.task.match.score import evaluate, scores
from heedful.task.models import model_title
from heedful.task.tokenisers import learn_tokeniser
from heedful.task.vectors import begin_from
from heedful.watch import Map
from heedful.watch.titles import attention_title


@dataclass(frozen=True)
class Validation:
    """The validation pairs as written and as ids, and their labels as numbers."""

    pairs: Sequence[Match]
    examples: Sequence[MatchExample]
    numbers: Sequence[float | None]


class MatchPairs(Task[list[Match], Validation]):
    """Labels pairs of texts, or scores their relevance or similarity."""

    summary = "trains a model that compares two texts, on labelled pairs"
    files = "a .tsv, .csv or .jsonl file with left, right, label and optionally group; it may be .gz"
    config = MatchConfig
    predictor = Matcher
    options = OPTIONS
    usage = Usage(
        "a matcher",
        "Match a file with two columns separated by a tab, or see the attention between two texts",
        ("heedful predict {run} FILE > OUT", 'heedful show {run} "a text" "another"'),
        ("matcher", 'print(matcher.predict([("a text", "another")])[0].score)'),
    )
    show_takes = 2

    def read(self, config: MatchConfig, files: Files) -> list[Match]:
        """The pairs with their labels and groups."""
        labels = frozenset(config.labels) if files.split is None else None
        columns = replace(COLUMNS, order=config.data.columns, trained_labels=labels)
        return [pair for path in files.paths for pair in read_matches(path, columns)]

    def columns(self, config: MatchConfig) -> Columns:
        """The columns left, right, label and group."""
        return COLUMNS

    def settle(self, config: MatchConfig, raw: list[Match]) -> MatchConfig:
        """Sets the goal, and the classes or the scale, from the training labels."""
        return settle_goal(config, raw)

    def strata(self, config: MatchConfig, raw: list[Match]) -> Strata:
        """Pairs are grouped, and stratified as `kinds_of` says.

        Raises: UserError, when a label does not fit the goal, or only one group has a relevant pair.
        """
        complete = [pair for pair in raw if not pair.is_empty]
        kinds = dict(zip(map(id, complete), kinds_of(config.goal, complete), strict=True))
        answered = {pair.group for pair in complete if kinds[id(pair)] == "1"}
        if config.goal == "relevance" and len(answered) == 1:
            raise UserError(
                "only one group has a relevant pair, and it cannot be both learnt and held out for validation",
                hint="give validation pairs with --valid",
            )
        usable = [not pair.is_empty for pair in raw]
        return Strata("pairs", [kinds.get(id(pair), "") for pair in raw], [pair.group for pair in raw], usable)

    def learn(self, config: MatchConfig, raw: list[Match]) -> Parts:
        """The tokeniser, learnt from both sides, and the overlap features."""
        # Each text counts once: in a ranking, the same question is in many pairs.
        texts = dict.fromkeys(text for pair in raw for text in (pair.left, pair.right))
        tokeniser = learn_tokeniser(config.data.text, list(texts), lowercase=config.data.lowercase)
        return {TOKENISER: tokeniser, OVERLAP: Overlap.learn(_sides(raw), config.data.features)}

    def load_parts(self, config: MatchConfig, folder: Path) -> Parts:
        """The tokeniser and the overlap features in a run folder."""
        check_folder(folder, [f"{OVERLAP}.json"])
        return {TOKENISER: load_tokeniser(folder, TOKENISER), OVERLAP: Overlap.load(folder, OVERLAP)}

    def sizes(self, config: MatchConfig, parts: Parts) -> Mapping[str, Any]:
        """The size of the vocabulary, the goal, and the number of overlap features."""
        return {"vocabulary": parts[TOKENISER].size, "goal": goal_of(config), "features": parts[OVERLAP].size}

    def begin(self, config: MatchConfig, model: nn.Module, parts: Parts) -> list[str]:
        """Initialises embeddings from word vectors, if there is a file."""
        if config.data.vectors is None:
            return []
        words = next((module for module in model.modules() if isinstance(module, WordVectors)), None)
        if words is None:
            raise UserError("data.vectors only works with models of this package", hint="leave it out")
        return [begin_from(words, Path(config.data.vectors), parts[TOKENISER])]

    def prepare(self, predictor: Matcher, train: list[Match], valid: list[Match]) -> Prepared[Validation]:
        """Encodes pairs and drops those that training cannot use; warns of dropped, truncated and empty ones."""
        config, kept = predictor.config, usable(train, predictor.config)
        learnt = predictor.examples(_sides(kept), label_numbers(config, kept).numbers)
        validated, numbered = predictor.examples(_sides(valid)), label_numbers(config, valid)
        warnings = [*_left_out(train, kept, config), *_doubts(config, numbered.numbers, numbered.note)]
        warnings += [*_cut(predictor, kept, "training"), *_cut(predictor, valid, "validation")]
        examples = Bucketed(learnt, match_lengths(learnt), collate_matches, counted="pairs")
        return Prepared(examples, Validation(valid, validated, numbered.numbers), warnings)

    def measure(self, predictor: Matcher, valid: Validation) -> Mapping[str, float]:
        """The metrics of the goal, and the loss."""
        groups = [pair.group for pair in valid.pairs]
        return scores(predictor.config, predictor.outputs(valid.examples), valid.numbers, groups=groups)

    def watch(self, predictor: Matcher, valid: Validation) -> Callable[[], Map | None]:
        """The map of a pair of medium length."""
        # Long enough to show something, and short enough for a terminal.
        best = min(valid.pairs, key=lambda pair: abs(len(pair.left) - 50) + abs(len(pair.right) - 60))
        return lambda: next(iter(predictor.predict([(best.left, best.right)])[0].maps), None)

    def finish(self, predictor: Matcher, valid: Validation, folder: Path) -> tuple[Any, Mapping[str, Any]]:
        """Reports the goal."""
        return predictor.config, {"goal": predictor.config.goal}

    def questions(self, config: MatchConfig, file: str) -> Iterator[tuple[str, str]]:
        """Pairs in two columns; standard input is tab-separated."""
        columns = replace(INPUT_COLUMNS, order=config.data.columns, trained_labels=frozenset(config.labels))
        return ((pair.left, pair.right) for pair in iterate_matches(Path(file), columns))

    def answer(
        self,
        predictor: Matcher,
        questions: Sequence[tuple[str, str]],
        *,
        first: int,
        maps: bool,
        every: bool,
        options: Options,
    ) -> list[Answer]:
        """Labels and their probabilities, separated by a tab; or only the relevance or similarity."""
        longest = predictor.config.longest
        results = predictor.predict(questions, attention=maps)
        answers = [
            _answered(
                predictor, matched, f"pair {number} is too long; only the first {longest} tokens were read", every=every
            )
            for number, matched in enumerate(results, start=first)
        ]
        if not (maps and every):
            return answers
        return [_with_self_maps(predictor, answer, pair) for answer, pair in zip(answers, questions, strict=True)]

    def show(self, predictor: Matcher, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """The answer for the pair, and its attention maps."""
        matched = predictor.predict([(texts[0], texts[1])])[0]
        note = f"too long; only the first {predictor.config.longest} tokens were read"
        answer = _answered(predictor, matched, note, every=every)
        return [_with_self_maps(predictor, answer, (texts[0], texts[1])) if every else answer]

    def score(self, predictor: Matcher, raw: list[Match], options: Options) -> dict[str, Any]:
        """Accuracy and F1; MAP and MRR of rankings; correlations of similarities."""
        return evaluate(predictor, raw)

    def report(self, config: MatchConfig, raw: list[Match], parts: Parts) -> Report:
        """Labels, groups, lengths, unknown words, empty sides, repeated and contradicting pairs."""
        tokeniser = parts[TOKENISER]
        texts = {side: [getattr(pair, side) for pair in raw] for side in ("left", "right")}
        pieces = {
            side: [tokeniser.pieces(ids) for ids in tokeniser.encode_all(of_side)] for side, of_side in texts.items()
        }
        longest = [max(map(len, both)) for both in zip(*pieces.values(), strict=True)]
        facts = _facts(raw) | {
            f"cut after {config.longest} tokens": finding(
                [f"{pair.where} ({n})" for pair, n in zip(raw, longest, strict=True) if n > config.longest]
            ),
        }
        sides = {side: describe_texts(texts[side], pieces[side], tokeniser) for side in texts}
        return Report(sides, facts, [(pair.where, [pair.label, pair.left[:300], pair.right[:300]]) for pair in raw[:3]])


def usable(pairs: Sequence[Match], config: MatchConfig) -> list[Match]:
    """The pairs that training can use: without empty sides and, for a ranking, from groups with a relevant pair.

    Raises: UserError, when none is left.
    """
    kept = [pair for pair in pairs if not pair.is_empty]
    if config.goal == "relevance" and config.data.answered:
        numbers = label_numbers(config, kept).numbers
        answered = {pair.group for pair, number in zip(kept, numbers, strict=True) if number}
        kept = [pair for pair in kept if pair.group in answered]
    if not kept:
        raise UserError(
            f"none of {len(pairs)} training pairs can be used",
            where=pairs[0].where,
            hint="each pair needs two texts, and a ranking needs a group with the label 1",
        )
    return kept


def _sides(pairs: Sequence[Match]) -> list[tuple[str, str]]:
    return [(pair.left, pair.right) for pair in pairs]


def _left_out(pairs: Sequence[Match], kept: Sequence[Match], config: MatchConfig) -> Iterator[str]:
    """Warnings about pairs that training cannot use, and about classes with a single example."""
    empty = [pair.where for pair in pairs if pair.is_empty]
    yield from (f"left out of training: {note}" for note in count_note(empty, len(pairs), "pairs have an empty side"))
    if unanswered := len(pairs) - len(kept) - len(empty):
        yield f"left out of training: {unanswered} pairs of groups without a relevant one (data.answered)"
    if config.goal == "classes":
        yield from alike_note(pair.label for pair in kept)
        yield from once_note((pair.label for pair in kept), "pair")


def _doubts(config: MatchConfig, numbers: Sequence[float | None], note: str | None) -> Iterator[str]:
    """Warnings about the labels of validation pairs."""
    if note:
        yield f"validation: {note}"
    if config.goal == "relevance" and not any(numbers):
        yield "validation: no pair is relevant, so that map and mrr are not defined"


def _cut(matcher: Matcher, pairs: Sequence[Match], split: str) -> Iterator[str]:
    """Warnings about pairs that are truncated or empty."""
    config = matcher.config
    limit = "data.max_length" if config.longest == config.data.max_length else "model.max_length"
    cut = [pair.where for pair, is_cut in zip(pairs, matcher.are_cut(_sides(pairs)), strict=True) if is_cut]
    empty = [pair.where for pair in pairs if pair.is_empty]
    notes = count_note(cut, len(pairs), f"pairs have a text that is cut after {config.longest} tokens ({limit})")
    notes += count_note(empty, len(pairs), "pairs have an empty side, read as one unknown word")
    yield from (f"{split}: {note}" for note in notes)


def _answered(matcher: Matcher, matched: Matched, note: str, *, every: bool = False) -> Answer:
    score, label = round(matched.score, 4), matched.label
    shown = (head for map_ in matched.maps for head in (map_.of_heads() if every and map_.layers else (map_,)))
    name = model_title(matcher.config.model.name)
    maps = [
        replace(map_, title=f"{name}: {attention_title(map_.title)}; {label or 'similarity'} {score:.4g}")
        for map_ in shown
    ]
    if matcher.config.goal == "classes":
        probabilities = {name: round(value, 4) for name, value in matched.probabilities.items()}
        record: dict[str, Any] = {"label": label, "probability": score, "probabilities": probabilities}
        text = f"{label}\t{matched.score:.4f}"
    else:
        record, text = {matcher.config.goal: score}, f"{matched.score:.4f}"
    return Answer(text, maps, note if matched.is_cut else None, record)


def _with_self_maps(matcher: Matcher, answer: Answer, pair: tuple[str, str]) -> Answer:
    """The answer with the maps within each text added."""
    name = model_title(matcher.config.model.name)
    within = [replace(map_, title=f"{name}: {map_.title}") for map_ in matcher.self_maps(pair)]
    return replace(answer, maps=[*answer.maps, *within])


def _facts(pairs: Sequence[Match]) -> dict[str, Finding]:
    """Counts of pairs, labels and groups, and problems other than length."""
    counts, groups = Counter(pair.label for pair in pairs), Counter(pair.group for pair in pairs)
    answered = {pair.group for pair in pairs if pair.label == "1"}
    repeated = [
        (f"{pair.where} (as {first.where})", pair.label == first.label)
        for pair, first in repeats(pairs, lambda pair: (pair.left, pair.right))
    ]
    return {
        "pairs": Finding(len(pairs), []),
        "labels": Finding(len(counts), [f"{label} {count}" for label, count in counts.most_common(12)]),
        "labels that look alike": finding(alike_labels(pair.label for pair in pairs)),
        "groups": Finding(len(groups), [f"{name[:40]} {count}" for name, count in groups.most_common(3)]),
        "groups without a label 1": finding([name[:40] for name in groups if name not in answered]),
        "empty side": finding([pair.where for pair in pairs if pair.is_empty]),
        "same text twice": finding([pair.where for pair in pairs if pair.left == pair.right and pair.left]),
        "seen before": finding([where for where, same_label in repeated if same_label]),
        "seen before with another label": finding([where for where, same_label in repeated if not same_label]),
    }
