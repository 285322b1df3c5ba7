"""Captioning: says what is on pictures."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from heedful.data.image.input import PictureInput, load_picture_input
from heedful.data.image.table import Captioned, read_captions
from heedful.data.notes import count_note
from heedful.data.report import Finding, Report, describe_texts, finding, tokenise_texts
from heedful.data.tokenise import load_tokeniser
from heedful.errors import UserError
from heedful.task.base import STEPWISE, TOKENISER, Answer, Files, Options, Parts, Prepared, Task, Usage
from heedful.task.caption.captioner import PICTURE, Caption, PictureCaptioner, source_of
from heedful.task.caption.config import CaptionConfig
from heedful.task.caption.controls import CONTROLS, Evaluated, control_names
from heedful.task.caption.examples import CaptionExamples, Example
from heedful.task.caption.options import OPTIONS
from heedful.task.caption.pictures import named_pictures
from heedful.task.caption.score import WORDS, doubts, movement, score_captions, variety
from heedful.task.caption.sources import Features, Source
from heedful.task.hold_out import Strata
from heedful.task.tokenisers import learn_tokeniser
from heedful.watch import Map

_WATCHED = 100  # pictures whose maps are compared from word to word at a validation


class Validation(NamedTuple):
    """The pictures of validation, and all of their captions as examples."""

    pictures: list[Captioned]
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
        folder = Path(data.pictures) if data.pictures else None
        return read_captions(files.paths, image=data.image_column, caption=data.caption_column, pictures=folder)

    def settle(self, config: CaptionConfig, raw: list[Captioned]) -> CaptionConfig:
        """The width of the features is that of the first training picture."""
        data = config.data
        if data.features is None or data.feature_width is not None:
            return config
        found = Features(Path(data.features), None, 0).load(raw[0].picture)
        return config.model_copy(
            update={"data": data.model_copy(update={"feature_width": int(found.values.shape[-1])})}
        )

    def strata(self, config: CaptionConfig, raw: list[Captioned]) -> Strata:
        """A picture is held out with all of its captions."""
        return Strata("pictures")

    def learn(self, config: CaptionConfig, raw: list[Captioned]) -> Parts:
        """The tokeniser of captions and, for pixels, the mean and deviation of the training pictures."""
        data = config.data
        captions = [caption for example in raw for caption in example.captions]
        parts: dict[str, Any] = {TOKENISER: learn_tokeniser(data.text, captions, lowercase=data.lowercase)}
        if data.features is None:
            parts[PICTURE] = PictureInput.learn(
                [example.picture for example in raw],
                height=data.height,
                width=data.width,
                fit=data.fit,
                max_megapixels=data.max_megapixels,
            )
        return parts

    def load_parts(self, config: CaptionConfig, folder: Path) -> Parts:
        """The tokeniser, and how pictures are read."""
        parts: dict[str, Any] = {TOKENISER: load_tokeniser(folder, TOKENISER)}
        return parts if config.data.features else parts | {PICTURE: load_picture_input(folder, PICTURE)}

    def sizes(self, config: CaptionConfig, parts: Parts) -> Mapping[str, Any]:
        """The size of the vocabulary, and the width of precomputed features or None."""
        return {"size": parts[TOKENISER].size, "features": config.data.feature_width}

    def prepare(
        self, predictor: PictureCaptioner, train: list[Captioned], valid: list[Captioned]
    ) -> Prepared[Validation]:
        """Reads all pictures once, and encodes captions; leaves out what cannot be used, and says what.

        Raises: UserError, when nothing is left, and for the first broken picture if the settings are strict.
        """
        config = predictor.config
        learnt, warnings = _readable(predictor.source, train, "training", strict=config.data.strict)
        validated, more = _readable(predictor.source, valid, "validation", strict=config.data.strict)
        examples, left_out = _examples(predictor, learnt)
        if not examples or not validated:
            what = "training captions" if not examples else "validation pictures"
            raise UserError(f"there are no {what} that can be used", hint="; ".join([*warnings, *more, *left_out]))
        validated = validated[: config.data.valid_most]
        wanted = [
            Example(picture.picture, predictor.text.encode(caption)[: config.longest - 1])
            for picture in validated
            for caption in picture.captions
        ]
        return Prepared(
            CaptionExamples(predictor.source, examples), Validation(validated, wanted), [*warnings, *more, *left_out]
        )

    def above_chance(self, predictor: PictureCaptioner, valid: Validation, metric: float) -> float | None:
        """The metric as a fraction, where it is one."""
        return metric if predictor.config.train.metric == "valid_exact" else None

    def measure(self, predictor: PictureCaptioner, valid: Validation) -> Mapping[str, float]:
        """Scores of greedy captions, how varied they are, how much maps change from word to word, and the loss."""
        loaded = [predictor.source.load(example.picture) for example in valid.pictures]
        found = predictor.search(loaded, beam=1)
        captions = [predictor.text.decode(hypothesis.tokens) for hypothesis in found]
        scores = score_captions(captions, [example.captions for example in valid.pictures])
        numbers = {name: scores[name] for name in ("cider_d", "bleu_4", "rouge_l", "exact")} | variety(captions)
        watched = slice(min(_WATCHED, len(loaded)))
        looks = predictor.looks(loaded[watched], [hypothesis.tokens for hypothesis in found[watched]])
        maps = [list(seen.layers.values())[-1].mean(0) for seen in looks if seen is not None]
        if any(map_.shape[0] > 1 for map_ in maps):
            numbers["moves"] = movement(maps)
        return numbers | {"loss": predictor.loss(valid.examples)}

    def doubts(self, numbers: Mapping[str, float]) -> Mapping[str, str]:
        """One caption for most pictures, and maps that hardly change from word to word."""
        return doubts(numbers)

    def watch(self, predictor: PictureCaptioner, valid: Validation) -> Callable[[], Map | None]:
        """The map of the first validation picture and its caption at that time."""
        picture = valid.pictures[0].picture
        return lambda: predictor.predict([picture], beam=1)[0].attention

    def questions(self, config: CaptionConfig, file: str) -> Iterator[str]:
        """The pictures that a file names."""
        return map(str, named_pictures(file, config.data))

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
        return [
            _answered(str(picture), caption, every=every) for picture, caption in zip(questions, found, strict=True)
        ]

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
        evaluated = Evaluated(predictor, raw, captions, beam, lambda: _training(predictor))
        if names:
            results["controls"] = {name: score_captions(CONTROLS[name](evaluated), references) for name in names}
        return results

    def report(self, config: CaptionConfig, raw: list[Captioned], parts: Parts) -> Report:
        """Pictures and captions, broken pictures, captions that repeat or are long, and unknown words."""
        return _report(config, raw, parts)


def _answered(picture: str, caption: Caption, *, every: bool) -> Answer:
    maps = (caption.attention,) if caption.attention else ()
    if every and caption.attention:
        maps = tuple(caption.attention.of_heads())
    record: dict[str, Any] = {"image": picture, "caption": caption.text, "score": round(caption.score, 4)}
    if caption.beta is not None:
        record["beta"] = [round(weight, 4) for weight in caption.beta]
    return Answer(caption.text, maps, None, record)


def _readable(
    source: Source, examples: Sequence[Captioned], split: str, *, strict: bool
) -> tuple[list[Captioned], list[str]]:
    """The examples whose picture can be read, and a warning about the others.

    Raises: UserError with the table's line, for the first of these if `strict`.
    """
    kept: list[Captioned] = []
    broken: list[str] = []
    for example in examples:
        try:
            source.load(example.picture)
        except UserError as error:
            if strict:
                raise UserError(f"{error.message} ({error.where})", where=example.where, hint=error.hint) from None
            broken.append(f"{example.where}: {error.message} ({error.where})")
        else:
            kept.append(example)
    notes = count_note(broken, len(examples), "pictures, which cannot be read")
    return kept, [f"left out of {split}: {note}" for note in notes]


def _examples(predictor: PictureCaptioner, examples: Sequence[Captioned]) -> tuple[list[Example], list[str]]:
    """The captions of training pictures, and warnings about those that are left out."""
    config = predictor.config
    # The model may know fewer positions, one of which is for EOS.
    positions = getattr(config.model.settings, "longest_target", None)
    longest = config.data.max_length if positions is None else min(config.data.max_length, positions - 1)
    flat = [(example, caption) for example in examples for caption in example.captions]
    kept: list[Example] = []
    empty: list[str] = []
    long: list[str] = []
    for (example, _), ids in zip(flat, predictor.text.encode_all([caption for _, caption in flat]), strict=True):
        if not ids:
            empty.append(example.where)
        elif len(ids) > longest:
            long.append(example.where)
        else:
            kept.append(Example(example.picture, ids))
    notes = count_note(empty, len(flat), "captions, which have no words")
    notes += count_note(long, len(flat), f"captions, which have more than {longest} tokens")
    return kept, [f"left out of training: {note}" for note in notes]


def _training(predictor: PictureCaptioner) -> list[Captioned]:
    """The training pictures of a run, for controls that take captions from them.

    Raises: UserError, when their table is not where it was.
    """
    config = predictor.config
    try:
        found = CaptionTask().read(config, Files([Path(name) for name in config.data.train], "train"))
    except UserError as error:
        raise UserError(
            f"the controls constant and neighbour read the training table, which fails: {error.message}",
            where=error.where,
            hint="run this in the folder of the training, or leave these controls out",
        ) from None
    kept, _ = _readable(predictor.source, found, "training", strict=False)
    return kept


def _report(config: CaptionConfig, raw: Sequence[Captioned], parts: Parts) -> Report:
    source = source_of(config, parts)
    broken: list[str] = []
    for example in raw:
        try:
            source.load(example.picture)
        except UserError as error:
            broken.append(f"{example.where}: {error.message} ({error.where})")
    captions = [(caption, example.where) for example in raw for caption in example.captions]
    texts = [caption for caption, _ in captions]
    pieces = tokenise_texts(texts, parts[TOKENISER])
    longest = config.data.max_length
    seen: set[str] = set()
    repeated = [where for caption, where in captions if caption in seen or seen.add(caption)]
    facts = {
        "pictures": Finding(len(raw), []),
        "captions": Finding(len(captions), []),
        "pictures with one caption": finding([example.where for example in raw if len(example.captions) == 1]),
        "pictures that cannot be read": finding(broken),
        f"captions of more than {longest} tokens": finding(
            [where for (_, where), tokens in zip(captions, pieces, strict=True) if len(tokens) > longest]
        ),
        "captions seen before": finding(repeated),
    }
    sides = {"caption": describe_texts(texts, pieces, parts[TOKENISER])}
    return Report(sides, facts, [(example.where, [str(example.picture), *example.captions]) for example in raw[:3]])

