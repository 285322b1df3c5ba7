"""Captioning: says what is on pictures."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from heedful.data.image import (
    Augmenter,
    Captioned,
    FeatureFolder,
    PictureInput,
    PictureSet,
    load_feature_spec,
    load_picture_input,
    picture_paths,
    read_captions,
)
from heedful.data.notes import count_note
from heedful.data.report import Report
from heedful.data.tokenise import load_tokeniser
from heedful.errors import UserError
from heedful.task.base import STEPWISE, TOKENISER, Answer, Files, Options, Parts, Prepared, Task, Usage
from heedful.task.caption.captioner import FEATURES, PICTURE, Caption, PictureCaptioner
from heedful.task.caption.config import CaptionConfig
from heedful.task.caption.controls import CONTROLS, Evaluated, control_names
from heedful.task.caption.examples import CaptionExamples, Example
from heedful.task.caption.options import OPTIONS
from heedful.task.caption.report import report
from heedful.task.caption.score import WORDS, doubts, movement, score_captions, variety
from heedful.task.caption.sources import Augmented, First, Inputs
from heedful.task.hold_out import Strata
from heedful.task.tokenisers import learn_tokeniser
from heedful.watch import Map

_WATCHED = 100  # pictures whose maps are compared from word to word at a validation


class Validation(NamedTuple):
    """The pictures of validation, their inputs, and all of their captions as examples."""

    pictures: list[Captioned]
    inputs: Inputs
    examples: list[Example]


class CaptionTask(Task[list[Captioned], Validation]):
    """Says what is on pictures."""

    summary = "trains a captioner on pictures and captions"
    files = (
        "a .tsv, .csv or .jsonl file with image and caption, COCO captions (.json) or a Flickr token file; each may be "
        ".gz"
    )
    config = CaptionConfig
    predictor = PictureCaptioner
    options = OPTIONS
    model_methods: ClassVar[Mapping[str, str]] = {
        **STEPWISE,
        "logits": "logits(source, lengths, target_in) -> [B, T, V]",
    }
    usage = Usage(
        "a captioner",
        "Caption the pictures that a file names, or see where the model looked for each word",
        ("heedful predict {run} PICTURES > OUT", "heedful show {run} photo.jpg --out map.html"),
        ("captioner", 'print(captioner.predict(["photo.jpg"])[0].text)'),
    )

    def read(self, config: CaptionConfig, files: Files) -> list[Captioned]:
        """The pictures with their captions."""
        data = config.data
        return read_captions(
            files.paths, image=data.image_column, caption=data.caption_column, pictures=_folder(data.pictures)
        )

    def strata(self, config: CaptionConfig, raw: list[Captioned]) -> Strata:
        """A picture is held out with all of its captions."""
        return Strata("pictures")

    def learn(self, config: CaptionConfig, raw: list[Captioned]) -> Parts:
        """The tokeniser of captions; and the mean and deviation of the training pictures, or what the features are."""
        data = config.data
        captions = [caption for example in raw for caption in example.captions]
        parts: dict[str, Any] = {TOKENISER: learn_tokeniser(data.text, captions, lowercase=data.lowercase)}
        if data.features is not None:
            return parts | {FEATURES: FeatureFolder(data.features).spec}
        paths = [example.picture for example in raw]
        settings = {"fit": data.fit, "max_megapixels": data.max_megapixels}
        return parts | {PICTURE: PictureInput.learn(paths, height=data.height, width=data.width, **settings)}

    def load_parts(self, config: CaptionConfig, folder: Path) -> Parts:
        """The tokeniser, and how pictures are read or what the features are."""
        parts: dict[str, Any] = {TOKENISER: load_tokeniser(folder, TOKENISER)}
        if config.data.features is not None:
            return parts | {FEATURES: load_feature_spec(folder, FEATURES)}
        return parts | {PICTURE: load_picture_input(folder, PICTURE)}

    def sizes(self, config: CaptionConfig, parts: Parts) -> Mapping[str, Any]:
        """The size of the vocabulary, and the width of precomputed features or None."""
        return {"size": parts[TOKENISER].size, "features": parts[FEATURES].dim if FEATURES in parts else None}

    def prepare(
        self, predictor: PictureCaptioner, train: list[Captioned], valid: list[Captioned]
    ) -> Prepared[Validation]:
        """Reads all pictures once, and encodes captions; leaves out what cannot be used, and says what.

        Raises: UserError, when nothing is left, and for the first broken picture if the settings are strict.
        """
        data = predictor.config.data
        learnt = predictor.source.load(train, strict=data.strict)
        validated = predictor.source.load(valid, strict=data.strict)
        examples, left_out = _encoded(predictor, learnt.examples)
        if not examples:
            raise UserError("there is no training caption that can be used", hint="; ".join(left_out))
        inputs = learnt.inputs
        if data.augment:
            if not isinstance(inputs, PictureSet):
                raise UserError("data.augment changes pixels, and this run reads features", hint="leave it out")
            inputs = Augmented(inputs, Augmenter(data.augment))
        pictures = validated.examples[: data.valid_most]
        wanted = [
            Example(row, predictor.text.encode(caption)[: predictor.config.longest - 1])
            for row, picture in enumerate(pictures)
            for caption in picture.captions
        ]
        warnings = [f"training: {line}" for line in learnt.warnings]
        warnings += [f"validation: {line}" for line in validated.warnings]
        valid_set = Validation(pictures, validated.inputs, wanted)
        return Prepared(CaptionExamples(inputs, examples), valid_set, [*warnings, *left_out])

    def above_chance(self, predictor: PictureCaptioner, valid: Validation, metric: float) -> float | None:
        """The metric as a fraction, where it is one."""
        return metric if predictor.config.train.metric == "valid_exact" else None

    def measure(self, predictor: PictureCaptioner, valid: Validation) -> Mapping[str, float]:
        """Scores of greedy captions, how varied they are, how much maps change from word to word, and the loss."""
        inputs = First(valid.inputs, len(valid.pictures))
        found = predictor.search(inputs, beam=1)
        captions = predictor.texts(found)
        scores = score_captions(captions, [example.captions for example in valid.pictures])
        numbers = {name: scores[name] for name in ("cider_d", "bleu_4", "rouge_l", "exact")} | variety(captions)
        looks = predictor.looks(inputs, [hypothesis.tokens for hypothesis in found[:_WATCHED]])
        maps = [seen.last for seen in looks if seen is not None]
        if any(map_.shape[0] > 1 for map_ in maps):
            numbers["moves"] = movement(maps)
        return numbers | {"loss": predictor.loss(inputs, valid.examples)}

    def doubts(self, numbers: Mapping[str, float]) -> Mapping[str, str]:
        """One caption for most pictures, and maps that hardly change from word to word."""
        return doubts(numbers)

    def watch(self, predictor: PictureCaptioner, valid: Validation) -> Callable[[], Map | None]:
        """The map of the first validation picture, with the caption that the model gives it at that time."""
        picture = valid.pictures[0].picture
        return lambda: predictor.predict([picture], beam=1)[0].attention

    def questions(self, config: CaptionConfig, file: str) -> Iterator[str]:
        """The pictures that a file names."""
        data = config.data
        return map(str, picture_paths(file, image=data.image_column, pictures=_folder(data.pictures)))

    def answer(
        self,
        predictor: PictureCaptioner,
        questions: Sequence[str],
        *,
        first: int,
        maps: bool,
        options: Options,
        every: bool = False,
    ) -> list[Answer]:
        """Captions, one per line."""
        found = predictor.predict(questions, beam=options.get("beam"), attention=maps)
        return [_answered(picture, caption, every=every) for picture, caption in zip(questions, found, strict=True)]

    def show(self, predictor: PictureCaptioner, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """The caption of the picture, and where the model looked for each word."""
        caption = predictor.predict(texts, beam=options.get("beam"))[0]
        return [_answered(texts[0], caption, every=every)]

    def score(self, predictor: PictureCaptioner, raw: list[Captioned], options: Options) -> dict[str, Any]:
        """Scores of the captions, how varied they are, and the scores of controls."""
        names, beam = control_names(options.get("control")), options.get("beam")
        pictures = [example.picture for example in raw]
        captions = [caption.text for caption in predictor.predict(pictures, beam=beam, attention=False)]
        references = [example.captions for example in raw]
        results: dict[str, Any] = {"pictures": len(raw)} | score_captions(captions, references)
        results["distinct"] = variety(captions)["distinct"]
        results["beam"] = beam or predictor.config.decode.beam
        results["document frequencies"] = f"of the references of these {len(raw)} pictures"
        results["words"] = WORDS
        if names:
            evaluated = Evaluated(predictor, raw, captions, beam, lambda: self._training(predictor.config))
            results["controls"] = {name: score_captions(CONTROLS[name](evaluated), references) for name in names}
        return results

    def report(self, config: CaptionConfig, raw: list[Captioned], parts: Parts) -> Report:
        """Pictures and captions, pictures that cannot be read, captions that repeat or are long, unknown words."""
        return report(config, raw, parts[TOKENISER])

    def _training(self, config: CaptionConfig) -> list[Captioned]:
        """The training pictures of a run, for controls that take captions from them.

        Raises: UserError, when their table is not where it was.
        """
        try:
            return self.read(config, Files([Path(name) for name in config.data.train], "train"))
        except UserError as error:
            raise UserError(
                f"the controls constant and neighbour read the training table, which fails: {error.message}",
                where=error.where,
                hint="run this in the folder where the training was started, or leave these controls out",
            ) from None


def _folder(name: str | None) -> Path | None:
    return Path(name) if name else None


def _answered(picture: str, caption: Caption, *, every: bool) -> Answer:
    maps = (caption.attention,) if caption.attention else ()
    if every and caption.attention:
        maps = tuple(caption.attention.of_heads())
    record: dict[str, Any] = {"image": picture, "caption": caption.text, "score": round(caption.score, 4)}
    if caption.beta is not None:
        record["beta"] = [round(weight, 4) for weight in caption.beta]
    return Answer(caption.text, maps, None, record)


def _encoded(predictor: PictureCaptioner, examples: Sequence[Captioned]) -> tuple[list[Example], list[str]]:
    """The captions of training pictures as ids, and warnings about those that are left out."""
    config = predictor.config
    # The model may know fewer positions, one of which is for EOS.
    positions = getattr(config.model.settings, "longest_target", None)
    longest = config.data.max_length if positions is None else min(config.data.max_length, positions - 1)
    flat = [(row, caption) for row, example in enumerate(examples) for caption in example.captions]
    kept: list[Example] = []
    empty: list[str] = []
    long: list[str] = []
    for (row, _), ids in zip(flat, predictor.text.encode_all([caption for _, caption in flat]), strict=True):
        if not ids:
            empty.append(examples[row].where)
        elif len(ids) > longest:
            long.append(examples[row].where)
        else:
            kept.append(Example(row, ids))
    notes = count_note(empty, len(flat), "captions, which have no words")
    notes += count_note(long, len(flat), f"captions, which have more than {longest} tokens")
    return kept, [f"left out of training: {note}" for note in notes]
