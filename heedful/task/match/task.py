"""Matching text pairs as the command line sees it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from heedful.data.matched import INPUT_COLUMNS, Match, iterate_matches, read_matches
from heedful.data.report import Finding, Report, describe_texts, finding
from heedful.errors import UserError
from heedful.task.base import Answer, Options, Shown, Trained
from heedful.task.config import expect_files
from heedful.task.match.config import MatchConfig
from heedful.task.match.matcher import Matched, Matcher, load
from heedful.task.match.models import MODELS
from heedful.task.models import Models


class MatchPairs:
    """Two texts in, their label, relevance or similarity out."""

    name = "match"
    summary = "labelled pairs of texts in, a model that compares two texts out"
    files = "a .tsv, .csv or .jsonl file with left, right, label and perhaps group, which may be .gz"
    question = "pair of texts"
    pairs_of_files = False
    options: ClassVar[Mapping[str, frozenset[str]]] = {"train": frozenset({"vectors"})}
    models: Models = MODELS
    config = MatchConfig

    def train(self, config: MatchConfig, out: Path, *, resume: bool, shown: Shown, options: Options) -> Trained:
        """Reads the pairs, holds some groups out if there are none for validation, and trains."""
        from heedful.task.match.fit import Texts, train_matcher

        expect_files(config.data, self.files)
        data = config.data
        train, valid, test = (_read(files) for files in (data.train, data.valid, data.test))
        return train_matcher(config, Texts(train, valid, test), out, resume=resume, shown=shown)

    def load(self, folder: Path, device: str, changes: Mapping[str, Any]) -> Matcher:
        """The matcher of a run folder."""
        return load(folder, device, changes)

    def questions(self, config: MatchConfig, file: str) -> Iterator[tuple[str, str]]:
        """Pairs, two columns; standard input is tab-separated."""
        return ((pair.left, pair.right) for pair in iterate_matches(Path(file), INPUT_COLUMNS))

    def answer(
        self, predictor: Matcher, questions: Sequence[tuple[str, str]], *, first: int, maps: bool, options: Options
    ) -> list[Answer]:
        """A label and its probability with a tab between, or the relevance or similarity alone."""
        longest = predictor.config.longest
        return [
            _answered(predictor, found, f"pair {number} is too long; only the first {longest} tokens were read")
            for number, found in enumerate(predictor.predict(questions, attention=maps), start=first)
        ]

    def show(self, predictor: Matcher, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """What is said of the pair, and where the left text's words look in the right one."""
        if len(texts) != 2:
            raise UserError(f"expected two texts, got {len(texts)}", hint='each in quotes: "a text" "another"')
        found = predictor.predict([(texts[0], texts[1])])[0]
        answer = _answered(predictor, found, f"too long; only the first {predictor.config.longest} tokens were read")
        maps = (
            [one for own in found.maps for one in (own.of_heads() if own.layers else (own,))] if every else answer.maps
        )
        return [replace(answer, maps=maps)]

    def evaluate(self, predictor: Matcher, files: Sequence[Path], *, options: Options) -> dict[str, Any]:
        """Accuracy and F1; MAP and MRR of rankings; correlations of similarities."""
        from heedful.task.match.score import evaluate

        return evaluate(predictor, _read(list(map(str, files))))

    def check(self, files: Sequence[Path], config: MatchConfig, predictor: Matcher | None) -> Report:
        """Labels, groups, lengths, unknown words, empty sides, repeated and contradicting pairs."""
        from heedful.task.match.fit import make_tokeniser

        config = config if predictor is None else predictor.config
        pairs = _read(list(map(str, files)))
        return _report(pairs, config, make_tokeniser(config, pairs) if predictor is None else predictor.tokeniser)

    def next_commands(self, folder: str) -> list[str]:
        """Match a file, see a pair."""
        return [f"heedful predict {folder} FILE > OUT", f'heedful show {folder} "a text" "another"']


def _read(files: Sequence[str]) -> list[Match]:
    return [pair for file in files for pair in read_matches(Path(file))]


def _answered(matcher: Matcher, found: Matched, note: str) -> Answer:
    score = round(found.score, 4)
    maps = [replace(one, title=f"{one.title}: {found.label or 'similarity'} {score:.4g}") for one in found.maps]
    if matcher.config.goal == "classes":
        probabilities = {label: round(value, 4) for label, value in found.probabilities.items()}
        record: dict[str, Any] = {"label": found.label, "probability": score, "probabilities": probabilities}
        text = f"{found.label}\t{found.score:.4f}"
    else:
        record, text = {matcher.config.goal: score}, f"{found.score:.4f}"
    return Answer(text, maps, note if found.is_cut else None, record)


def _report(pairs: Sequence[Match], config: MatchConfig, tokeniser: Any) -> Report:
    texts = {side: [getattr(pair, side) for pair in pairs] for side in ("left", "right")}
    pieces = {side: [tokeniser.pieces(ids) for ids in tokeniser.encode_all(own)] for side, own in texts.items()}
    longest = [max(map(len, both)) for both in zip(*pieces.values(), strict=True)]
    counts, groups = Counter(pair.label for pair in pairs), Counter(pair.group for pair in pairs)
    answered = {pair.group for pair in pairs if pair.label == "1"}
    first: dict[tuple[str, str], Match] = {}
    twice: list[str] = []
    otherwise: list[str] = []
    for pair in pairs:
        seen = first.setdefault((pair.left, pair.right), pair)
        if seen is not pair:
            (twice if seen.label == pair.label else otherwise).append(f"{pair.where} (as {seen.where})")
    facts = {
        "pairs": Finding(len(pairs), []),
        "labels": Finding(len(counts), [f"{label} {count}" for label, count in counts.most_common(12)]),
        "groups": Finding(len(groups), [f"{name[:40]} {count}" for name, count in groups.most_common(3)]),
        "groups without a label 1": finding([name[:40] for name in groups if name not in answered]),
        "empty side": finding([pair.where for pair in pairs if pair.is_empty]),
        "same text twice": finding([pair.where for pair in pairs if pair.left == pair.right and pair.left]),
        "seen before": finding(twice),
        "seen before with another label": finding(otherwise),
        f"cut after {config.longest} tokens": finding(
            [f"{pair.where} ({n})" for pair, n in zip(pairs, longest, strict=True) if n > config.longest]
        ),
    }
    sides = {side: describe_texts(texts[side], pieces[side], tokeniser) for side in texts}
    shown = [(pair.where, [pair.label, pair.left[:300], pair.right[:300]]) for pair in pairs[:3]]
    return Report(sides, facts, shown)
