"""Translation as the command line sees it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from heedful.data.pair_report import check_pairs
from heedful.data.pairs import INPUT_COLUMNS, read_pairs
from heedful.data.pharaoh import format_links, read_alignments
from heedful.data.report import Report
from heedful.data.table import read_column
from heedful.errors import UserError
from heedful.task.base import Answer, Options, Shown, Trained
from heedful.task.config import as_paths, expect_files
from heedful.task.models import Models
from heedful.task.translate.config import TranslateConfig
from heedful.task.translate.models import MODELS
from heedful.task.translate.translator import Translation, Translator, load
from heedful.watch import branch_maps


class Translate:
    """One sentence in, its translation out."""

    name = "translate"
    summary = "sentence pairs in, a translator out"
    files = "one .tsv, .csv or .jsonl file with source and target, or two line-parallel files; each may be .gz"
    question = "sentence"
    pairs_of_files = True
    options: ClassVar[Mapping[str, frozenset[str]]] = {
        "train": frozenset({"valid_alignments"}),
        "predict": frozenset({"beam", "nbest", "alignment"}),
        "eval": frozenset({"beam", "alignments", "one_based"}),
        "show": frozenset({"beam"}),
    }
    models: Models = MODELS
    config = TranslateConfig

    def train(self, config: TranslateConfig, out: Path, *, resume: bool, shown: Shown, options: Options) -> Trained:
        """Reads the pairs, and the gold links of the validation pairs if there are any, and trains."""
        from heedful.task.translate.fit import Texts, train_translator

        expect_files(config.data, self.files)
        data = config.data
        gold = options.get("valid_alignments")
        if gold and not data.valid:
            raise UserError("--valid-alignments without --valid", hint="give the pairs that these links are of")
        train, valid, test = (
            read_pairs(as_paths(files)) if files else [] for files in (data.train, data.valid, data.test)
        )
        texts = Texts(train, valid, test, read_alignments(gold) if gold else None)
        return train_translator(config, texts, out, resume=resume, shown=shown)

    def load(self, folder: Path, device: str, changes: Mapping[str, Any]) -> Translator:
        """The translator of a run folder."""
        return load(folder, device, changes)

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
            self._answered(own, number, links=links is not None, numbered=count > 1)
            for number, own in enumerate(found, start=first - 1)
        ]

    def _answered(self, found: Sequence[Translation], number: int, *, links: bool, numbered: bool) -> Answer:
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

    def show(self, predictor: Translator, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """The sentence's translation, and where the model looked for every word of it.

        With `every`, the weights of a Weighted Transformer's branches as well.
        """
        found = predictor.predict(texts, beam=options.get("beam"))[0]
        weights = branch_maps(predictor.model) if every else []
        if found.words is None:
            return [Answer(found.text, weights, "this model does not look" if found.text else "nothing was said")]
        note = f"too long; only its first {len(found.source_tokens) - 1} tokens were read" if found.is_cut else None
        maps = [*found.words.of_heads(), *weights] if every else [found.words]
        return [Answer(found.text, maps, note)]

    def evaluate(self, predictor: Translator, files: Sequence[Path], *, options: Options) -> dict[str, Any]:
        """BLEU and chrF, the alignment error rate where gold links are given, the weights of branches if there are."""
        from heedful.task.translate.score import branch_numbers, evaluate

        gold = options.get("alignments")
        links = read_alignments(gold, one_based=options.get("one_based", False)) if gold else None
        results = evaluate(predictor, read_pairs(files), links=links, beam=options.get("beam"))
        return results | branch_numbers(predictor.model)

    def check(self, files: Sequence[Path], config: TranslateConfig, predictor: Translator | None) -> Report:
        """Counts, lengths, unknown words, empty sides, duplicates and outliers."""
        from heedful.task.translate.fit import make_tokenisers

        pairs = read_pairs(files)
        if predictor is None:
            source, target = make_tokenisers(config, pairs)
        else:
            source, target, config = predictor.source, predictor.target, predictor.config
        return check_pairs(pairs, source, target, max_length=config.data.max_length).report()

    def next_commands(self, folder: str) -> list[str]:
        """Translate a file, see a sentence."""
        return [f"heedful predict {folder} FILE > OUT", f'heedful show {folder} "a sentence"']
