"""Translation: translates sentences."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from heedful.data.batch import collate
from heedful.data.bucket import lengths_of
from heedful.data.columns import Columns
from heedful.data.pair_report import check_pairs
from heedful.data.pairs import COLUMNS, INPUT_COLUMNS, Pair, read_pairs
from heedful.data.pharaoh import format_links, read_alignments
from heedful.data.prepare import Prepared as PreparedPairs
from heedful.data.prepare import prepare
from heedful.data.report import Report
from heedful.data.table import read_column
from heedful.data.tokenise import load_tokeniser
from heedful.errors import UserError
from heedful.task.base import SEQ_TO_SEQ, Answer, Files, Options, Parts, Prepared, Task, Usage
from heedful.task.batches import Bucketed
from heedful.task.hold_out import Strata
from heedful.task.tokenisers import learn_tokeniser
from heedful.task.translate.config import TranslateConfig
from heedful.task.translate.options import OPTIONS
from heedful.task.translate.score import branch_numbers, evaluate, gold_of, score_texts
from heedful.task.translate.translator import Translation, Translator, tokeniser_names
from heedful.watch import Map, branch_maps, save_svg
from heedful.watch.look import choose_look

# Validation pairs are not left out for their length: scores of different settings stay comparable.
_ANY_LENGTH = 10**9


class Translate(Task[list[Pair], PreparedPairs]):
    """Translates sentences."""

    summary = "trains a translator on sentence pairs"
    files = "one .tsv, .csv or .jsonl file with source and target, or two line-parallel files; each may be .gz"
    config = TranslateConfig
    predictor = Translator
    options = OPTIONS
    model_methods = SEQ_TO_SEQ
    usage = Usage(
        "a translator",
        "Translate a file with one sentence per line, or see the attention behind a translation",
        ("heedful predict {run} FILE > OUT", 'heedful show {run} "a sentence"'),
        ("translator", 'print(translator.predict(["a sentence"])[0].text)'),
    )

    def read(self, config: TranslateConfig, files: Files) -> list[Pair]:
        """The sentence pairs, with gold links if there is a file of them."""
        labels = frozenset[str]() if files.split is None else None
        pairs = read_pairs(files.paths, replace(COLUMNS, order=config.data.columns, trained_labels=labels))
        links = files.options.get("alignments") or getattr(config.data, f"{files.split}_alignments", None)
        if links is None:
            return pairs
        alignments = read_alignments(Path(links), one_based=files.options.get("one_based", False))
        if len(alignments) != len(pairs):
            raise UserError(
                f"there are {len(pairs)} sentence pairs, but {len(alignments)} lines of alignments", where=str(links)
            )
        return [replace(pair, links=of_pair) for pair, of_pair in zip(pairs, alignments, strict=True)]

    def columns(self, config: TranslateConfig) -> Columns:
        """The columns source and target."""
        return COLUMNS

    def strata(self, config: TranslateConfig, raw: list[Pair]) -> Strata:
        """Pairs with the same source are grouped; those with an empty side stay in training, which reports them."""
        return Strata("pairs", groups=[pair.source for pair in raw], usable=[not pair.is_empty for pair in raw])

    def learn(self, config: TranslateConfig, raw: list[Pair]) -> Parts:
        """The tokenisers of both sides, or one if the vocabulary is shared."""
        data = config.data
        sources, targets = [pair.source for pair in raw], [pair.target for pair in raw]
        if data.shared:
            return {"shared": learn_tokeniser(data.source, [*sources, *targets], lowercase=data.lowercase)}
        sides = {"source": (data.source, sources), "target": (data.target, targets)}
        return {name: learn_tokeniser(*side, lowercase=data.lowercase) for name, side in sides.items()}

    def load_parts(self, config: TranslateConfig, folder: Path) -> Parts:
        """The tokenisers in a run folder."""
        return {name: load_tokeniser(folder, name) for name in dict.fromkeys(tokeniser_names(config))}

    def sizes(self, config: TranslateConfig, parts: Parts) -> Mapping[str, Any]:
        """The sizes of both vocabularies."""
        source, target = (parts[name].size for name in tokeniser_names(config))
        return {"source_size": source, "target_size": target}

    def prepare(self, predictor: Translator, train: list[Pair], valid: list[Pair]) -> Prepared[PreparedPairs]:
        """Encodes pairs and drops those that are empty or too long to train on; warns of them."""
        sides = predictor.source, predictor.target
        learnt = prepare(train, *sides, max_length=predictor.config.data.max_length)
        validated = prepare(valid, *sides, max_length=_ANY_LENGTH)
        # Gold links are needed when training ends; one that does not fit is reported before it begins.
        gold_of(predictor, validated.pairs)
        examples = Bucketed(learnt.examples, lengths_of(learnt.examples), collate)
        return Prepared(examples, validated, learnt.warnings)

    def above_chance(self, predictor: Translator, valid: PreparedPairs, metric: float) -> float | None:
        """The metric as a fraction."""
        return metric / 100 if predictor.config.train.metric == "valid_bleu" else None

    def measure(self, predictor: Translator, valid: PreparedPairs) -> Mapping[str, float]:
        """BLEU and chrF of greedy translations, the fraction of exact ones, and the loss per token in nats."""
        limit, lowercase = predictor.config.data.valid_most, predictor.config.data.lowercase
        examples, pairs = valid.examples[:limit], valid.pairs[:limit]
        # Greedy: validation must be fast, and ranks models much as a beam would.
        beams = predictor.search([example.source for example in examples], 1, 1)
        texts = [predictor.target.decode(beam[0].tokens) for beam in beams]
        scores = score_texts(texts, [pair.target for pair in pairs], lowercase=lowercase)
        return {name: scores[name] for name in ("bleu", "chrf", "exact")} | {"loss": predictor.loss(examples)}

    def watch(self, predictor: Translator, valid: PreparedPairs) -> Callable[[], Map | None]:
        """The map of a reference of about ten words."""
        # Short enough to be drawn in a terminal.
        example = min(valid.examples, key=lambda pair: abs(len(pair.target) - 10) + abs(len(pair.source) - 10))
        return lambda: predictor.word_map(example.source, example.target, predictor.maps([example])[0])

    def finish(self, predictor: Translator, valid: PreparedPairs, folder: Path) -> tuple[Any, Mapping[str, Any]]:
        """Chooses the map that agrees best with gold links, and draws the branch weights of a Weighted Transformer."""
        config, numbers = predictor.config, {}
        gold = gold_of(predictor, valid.pairs)[: config.data.valid_most]
        chosen = choose_look(predictor.model, config.looks, gold)
        if chosen is not None:
            config, numbers = config.model_copy(update={"look": chosen[0]}), {"valid_aer": chosen[1]}
        for drawn in branch_maps(predictor.model):
            save_svg(drawn.weights, drawn.rows, drawn.columns, path=folder / f"{drawn.title}.svg", title=drawn.title)
        return config, numbers | branch_numbers(predictor.model)

    def questions(self, config: TranslateConfig, file: str) -> Iterator[str]:
        """Lines of text, or the source column of a table."""
        return read_column(file, replace(INPUT_COLUMNS, order=config.data.columns, trained_labels=frozenset()))

    def answer(
        self,
        predictor: Translator,
        questions: Sequence[str],
        *,
        first: int,
        maps: bool,
        every: bool,
        options: Options,
    ) -> list[Answer]:
        """Translations. Several of one sentence are numbered from 0 and scored, in the format of Moses."""
        count, links = options.get("nbest", 1), options.get("alignment")
        nbest = predictor.nbest(questions, count, beam=options.get("beam"), attention=maps or links is not None)
        answers = [
            _answered(translations, number, links=links is not None, numbered=count > 1)
            for number, translations in enumerate(nbest, start=first - 1)
        ]
        if not (maps and every):
            return answers
        best = (translations[0] for translations in nbest)
        every_map = map(predictor.every_map, questions, best)
        return [replace(answer, maps=heads) for answer, heads in zip(answers, every_map, strict=True)]

    def show(self, predictor: Translator, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """The translation of the sentence, and its attention map.

        `every` also adds the branch weights of a Weighted Transformer.
        """
        translation = predictor.predict(texts, beam=options.get("beam"))[0]
        weights = branch_maps(predictor.model) if every else []
        text, words = translation.text, translation.words
        if words is None:
            return [Answer(text, weights, "this model has no attention" if text else "the translation is empty")]
        count = len(translation.source_tokens) - 1  # without EOS
        note = f"too long; only its first {count} tokens were read" if translation.is_cut else None
        return [Answer(text, [*predictor.every_map(texts[0], translation), *weights] if every else [words], note)]

    def score(self, predictor: Translator, raw: list[Pair], options: Options) -> dict[str, Any]:
        """BLEU and chrF, the alignment error rate if there are gold links, and branch weights if the model has them."""
        return evaluate(predictor, raw, beam=options.get("beam")) | branch_numbers(predictor.model)

    def report(self, config: TranslateConfig, raw: list[Pair], parts: Parts) -> Report:
        """Counts, lengths, unknown words, empty sides, duplicates and outliers."""
        source, target = (parts[name] for name in tokeniser_names(config))
        return check_pairs(raw, source, target, max_length=config.data.max_length).report()


def _answered(nbest: Sequence[Translation], number: int, *, links: bool, numbered: bool) -> Answer:
    """The answer for one line from its translations, the best first; `number` is the line's, from 0."""
    lines: list[str] = []
    for candidate in nbest:
        text = f"{number} ||| {candidate.text} ||| {candidate.score:.4f}" if numbered else candidate.text
        lines.append(f"{text} ||| {format_links(candidate.alignment)}" if links else text)
    best = nbest[0]
    record: dict[str, Any] = {"translation": best.text, "score": round(best.score, 4)}
    if numbered:
        record["nbest"] = [{"translation": candidate.text, "score": round(candidate.score, 4)} for candidate in nbest]
    count = len(best.source_tokens) - 1  # without EOS
    note = f"question {number + 1} is too long; only its first {count} tokens were translated" if best.is_cut else None
    return Answer("\n".join(lines), (best.words,) if best.words else (), note, record)
