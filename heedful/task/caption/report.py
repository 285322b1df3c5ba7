"""What a check says of pictures with captions."""

from collections.abc import Sequence
from dataclasses import replace

from heedful.data.image import Captioned, PictureReader, check_pictures
from heedful.data.report import Finding, Report, describe_texts, finding, tokenise_texts
from heedful.data.tokenise import Tokeniser
from heedful.task.caption.config import CaptionConfig


def report(config: CaptionConfig, raw: Sequence[Captioned], tokeniser: Tokeniser) -> Report:
    """Sizes and faults of the pictures, and lengths, repeats and unknown words of the captions."""
    found = check_pictures(raw, PictureReader(config.data.max_megapixels))
    captions = [(caption, example.where) for example in raw for caption in example.captions]
    texts = [caption for caption, _ in captions]
    pieces, longest = tokenise_texts(texts, tokeniser), config.data.max_length
    first: dict[str, int] = {}
    repeated = [where for index, (text, where) in enumerate(captions) if first.setdefault(text, index) != index]
    facts = {
        "captions": Finding(len(captions), []),
        "pictures with one caption": finding([example.where for example in raw if len(example.captions) == 1]),
        f"captions of more than {longest} tokens": finding(
            [where for (_, where), tokens in zip(captions, pieces, strict=True) if len(tokens) > longest]
        ),
        "captions seen before": finding(repeated),
    }
    examples = [(example.where, [str(example.picture), *example.captions]) for example in raw[:3]]
    sides = {"caption": describe_texts(texts, pieces, tokeniser), **found.sides}
    return replace(found, sides=sides, facts={**found.facts, **facts}, examples=examples)
