"""Translation: one sentence in, its translation out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from heedful.data.batch import collate
from heedful.data.bucket import lengths_of
from heedful.data.pair_report import check_pairs
from heedful.data.pairs import INPUT_COLUMNS, Pair, read_pairs
from heedful.data.pharaoh import format_links, read_alignments
from heedful.data.prepare import Prepared as PreparedPairs
from heedful.data.prepare import prepare
from heedful.data.report import Report
from heedful.data.table import read_column
from heedful.data.tokenise import load_tokeniser
from heedful.errors import UserError
from heedful.task.base import STEPWISE, Answer, Files, Options, Parts, Prepared, Task, Usage
from heedful.task.batches import Bucketed
from heedful.task.hold_out import Strata
from heedful.task.look import choose_look
from heedful.task.tokenisers import learn_tokeniser
from heedful.task.translate.config import TranslateConfig
from heedful.task.translate.options import OPTIONS
from heedful.task.translate.score import branch_numbers, evaluate, gold_of, score_texts
from heedful.task.translate.translator import Translation, Translator, tokeniser_names
from heedful.watch import Map, branch_maps, save_svg

_ANY_LENGTH = 10**9


class Translate(Task[list[Pair], PreparedPairs]):
    """One sentence in, its translation out."""

    summary = "sentence pairs in, a translator out"
    files = "one .tsv, .csv or .jsonl file with source and target, or two line-parallel files; each may be .gz"
    config = TranslateConfig
    predictor = Translator
    options = OPTIONS
    model_methods: ClassVar[Mapping[str, str]] = {
        **STEPWISE,
        "logits": "logits(source, lengths, target_in) -> [B, T, V]",
    }
    usage = Usage(
        "a translator",
        "Translate a file, one sentence a line, or see where it looks",
        ("heedful predict {run} FILE > OUT", 'heedful show {run} "a sentence"'),
        ("translator", 'print(translator.predict(["a sentence"])[0].text)'),
    )

    def read(self, config: TranslateConfig, files: Files) -> list[Pair]:
        """The pairs, with their gold links where a file of those was given."""
        pairs = read_pairs(files.paths)
        links = files.options.get("alignments") or getattr(config.data, f"{files.split}_alignments", None)
        if links is None:
            return pairs
        found = read_alignments(Path(links), one_based=files.options.get("one_based", False))
        if len(found) != len(pairs):
            raise UserError(
                f"there are {len(pairs)} sentence pairs, but {len(found)} lines of alignments", where=str(links)
            )
        return [replace(pair, links=own) for pair, own in zip(pairs, found, strict=True)]

    def strata(self, config: TranslateConfig, raw: list[Pair]) -> Strata:
        """Pairs of one source sentence stay together; those with an empty side stay in training, to be told of."""
        return Strata("pairs", groups=[pair.source for pair in raw], usable=[not pair.is_empty for pair in raw])

    def learn(self, config: TranslateConfig, raw: list[Pair]) -> Parts:
        """Tokenisers of both sides; one where the vocabulary is shared."""
        data = config.data
        sources, targets = [pair.source for pair in raw], [pair.target for pair in raw]
        if data.shared:
            return {"shared": learn_tokeniser(data.source, [*sources, *targets], lowercase=data.lowercase)}
        sides = {"source": (data.source, sources), "target": (data.target, targets)}
        return {name: learn_tokeniser(*side, lowercase=data.lowercase) for name, side in sides.items()}

    def load_parts(self, config: TranslateConfig, folder: Path) -> Parts:
        """The tokenisers that lie in a run folder."""
        return {name: load_tokeniser(folder, name) for name in dict.fromkeys(tokeniser_names(config))}

    def sizes(self, config: TranslateConfig, parts: Parts) -> Mapping[str, Any]:
        """How many tokens there are on each side."""
        source, target = (parts[name].size for name in tokeniser_names(config))
        return {"source_size": source, "target_size": target}

    def prepare(self, predictor: Translator, train: list[Pair], valid: list[Pair]) -> Prepared[PreparedPairs]:
        """Pairs of ids without those that are empty, or too long to learn; what is left out is told."""
        sides = predictor.source, predictor.target
        learnt = prepare(train, *sides, max_length=predictor.config.data.max_length)
        judged = prepare(valid, *sides, max_length=_ANY_LENGTH)
        return Prepared(Bucketed(learnt.examples, lengths_of(learnt.examples), collate), judged, learnt.warnings)

    def measure(self, predictor: Translator, valid: PreparedPairs) -> Mapping[str, float]:
        """BLEU and chrF of greedy translations, how many are exactly right, and the loss of a token in nats."""
        most, lowercase = predictor.config.data.valid_most, predictor.config.data.lowercase
        examples, pairs = valid.examples[:most], valid.pairs[:most]
        found = predictor.search([one.source for one in examples], 1, 1)
        texts = [predictor.target.decode(options[0].tokens) for options in found]
        scores = score_texts(texts, [pair.target for pair in pairs], lowercase=lowercase)
        return {name: scores[name] for name in ("bleu", "chrf", "exact")} | {"loss": predictor.loss(examples)}

    def watch(self, predictor: Translator, valid: PreparedPairs) -> Callable[[], Map | None]:
        """Where the model looks while it says the reference of a sentence of about ten words."""
        example = min(valid.examples, key=lambda one: abs(len(one.target) - 10) + abs(len(one.source) - 10))
        return lambda: predictor.word_map(example.source, example.target, predictor.maps([example])[0])

    def finish(self, predictor: Translator, valid: PreparedPairs, folder: Path) -> tuple[Any, Mapping[str, Any]]:
        """Chooses the map that agrees best with gold links, and draws the weights of branches."""
        config, numbers = predictor.config, {}
        gold = gold_of(predictor, valid.pairs)[: config.data.valid_most]
        chosen = choose_look(predictor.model, config.looks, gold)
        if chosen is not None:
            config, numbers = config.model_copy(update={"look": chosen[0]}), {"valid_aer": chosen[1]}
        for found in branch_maps(predictor.model):
            save_svg(found.weights, found.rows, found.columns, path=folder / f"{found.title}.svg", title=found.title)
        return config, numbers | branch_numbers(predictor.model)

    def questions(self, config: TranslateConfig, file: str) -> Iterator[str]:
        """Lines of text, or the column source of a table."""
        return read_column(file, INPUT_COLUMNS)

    def answer(
        self, predictor: Translator, questions: Sequence[str], *, first: int, maps: bool, options: Options
    ) -> list[Answer]:
        """Translations; several of a sentence are numbered from 0 and scored, as Moses has them."""
        count, links = options.get("nbest", 1), options.get("alignment")
        found = predictor.nbest(questions, count, beam=options.get("beam"), attention=maps or links is not None)
        return [
            _answered(translations, number, links=links is not None, numbered=count > 1)
            for number, translations in enumerate(found, start=first - 1)
        ]

    def show(self, predictor: Translator, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """The sentence's translation, and where the model looked for every word of it.

        With `every`, the weights of a Weighted Transformer's branches as well.
        """
        found = predictor.predict(texts, beam=options.get("beam"))[0]
        weights = branch_maps(predictor.model) if every else []
        if found.words is None:
            return [Answer(found.text, weights, "this model does not look" if found.text else "nothing was said")]
        note = f"too long; only its first {len(found.source_tokens) - 1} tokens were read" if found.is_cut else None
        return [Answer(found.text, [*found.words.of_heads(), *weights] if every else [found.words], note)]

    def score(self, predictor: Translator, raw: list[Pair], options: Options) -> dict[str, Any]:
        """BLEU and chrF, the alignment error rate where there are gold links, the weights of branches if there are."""
        return evaluate(predictor, raw, beam=options.get("beam")) | branch_numbers(predictor.model)

    def report(self, config: TranslateConfig, raw: list[Pair], parts: Parts) -> Report:
        """Counts, lengths, unknown words, empty sides, duplicates and outliers."""
        source, target = (parts[name] for name in tokeniser_names(config))
        return check_pairs(raw, source, target, max_length=config.data.max_length).report()


def _answered(found: Sequence[Translation], number: int, *, links: bool, numbered: bool) -> Answer:
    """The answer of one line, from all that was found for it; `number` is the line's, from 0."""
    lines: list[str] = []
    for one in found:
        text = f"{number} ||| {one.text} ||| {one.score:.4f}" if numbered else one.text
        lines.append(f"{text} ||| {format_links(one.alignment)}" if links else text)
    best = found[0]
    record: dict[str, Any] = {"translation": best.text, "score": round(best.score, 4)}
    if numbered:
        record["nbest"] = [{"translation": one.text, "score": round(one.score, 4)} for one in found]
    read = len(best.source_tokens) - 1
    note = f"line {number + 1} is too long; only its first {read} tokens were translated" if best.is_cut else None
    return Answer("\n".join(lines), (best.words,) if best.words else (), note, record)
