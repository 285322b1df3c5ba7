"""How good translations and alignments are: BLEU and chrF by sacrebleu, alignment error rate by gold links."""

import re
import time
from collections.abc import Sequence
from typing import Any

from torch import nn

from heedful.data.batch import Example
from heedful.data.pairs import Pair
from heedful.data.pharaoh import Links
from heedful.data.token_words import TokenWords
from heedful.data.tokenise.base import CJK
from heedful.errors import UserError, require
from heedful.shapes import EOS
from heedful.task.look import Gold, Look, error_rate
from heedful.task.translate.translator import Translator
from heedful.watch import branch_weights


def evaluate(translator: Translator, pairs: Sequence[Pair], *, beam: int | None = None) -> dict[str, Any]:
    """Translates the sources and compares with the targets; and where it looks with gold links, if pairs have any.

    The alignment error rate is that of the references forced through the model, since gold links are theirs.
    Returns: bleu, chrf and their signatures, exact, sentences, sentences_per_second (translating alone), beam; with
        links aer and the look that was read.
    Raises: UserError, when sacrebleu is missing, or a link is to a word that is not there.
    """
    if not pairs:
        raise UserError("there is nothing to evaluate: no sentence pair")
    translator.predict([pairs[0].source], beam=beam, attention=False)  # what is loaded at the first call is not timed
    start = time.perf_counter()
    found = translator.predict([pair.source for pair in pairs], beam=beam, attention=False)
    seconds = time.perf_counter() - start
    references = [pair.target for pair in pairs]
    results: dict[str, Any] = {"sentences": len(pairs)}
    results |= score_texts([one.text for one in found], references, lowercase=translator.config.data.lowercase)
    results["sentences_per_second"] = round(len(pairs) / max(seconds, 1e-9), 2)
    results["beam"] = beam or translator.config.decode.beam
    if any(pair.links is not None for pair in pairs):
        results |= score_alignment(translator, gold_of(translator, pairs))
    return results


def score_texts(texts: Sequence[str], references: Sequence[str], *, lowercase: bool) -> dict[str, Any]:
    """BLEU and chrF of translations against one reference each, with sacrebleu's signatures, and how many are equal.

    `exact` is the fraction of translations that are their reference but for blanks, which tells where there is one
    right answer. Chinese references are split into characters by sacrebleu's "zh", Japanese ones by "char", all others
    by "13a".
    Source: Post 2018 (arXiv:1804.08771).
    """
    metrics = require("sacrebleu.metrics", extra="train")
    bleu = metrics.BLEU(tokenize=_splitter(references), lowercase=lowercase)
    chrf = metrics.CHRF(lowercase=lowercase)
    same = [_plain(text, lowercase) == _plain(own, lowercase) for text, own in zip(texts, references, strict=True)]
    found = [bleu.corpus_score(list(texts), [list(references)]), chrf.corpus_score(list(texts), [list(references)])]
    return {
        "bleu": round(found[0].score, 2),
        "chrf": round(found[1].score, 2),
        "exact": round(sum(same) / max(1, len(same)), 4),
        "signature": str(bleu.get_signature()),
        "chrf_signature": str(chrf.get_signature()),
    }


def _plain(text: str, lowercase: bool) -> str:
    """A text with single blanks between its words."""
    return " ".join((text.lower() if lowercase else text).split())


def score_alignment(translator: Translator, gold: Sequence[Gold]) -> dict[str, Any]:
    """The alignment error rate of the translator's look; nothing for a model that does not look.

    `aer_plain` is that of the same map with its heaviest weights alone, neither settled nor cut off.
    """
    look = translator.look
    if look is None:
        return {}
    maps = translator.maps([pair.example for pair in gold])
    plain = Look(module=look.module, head=look.head, shift=look.shift)
    errors = [round(error_rate(one, maps, gold), 4) for one in (look, plain)]
    return {"aer": errors[0], "aer_plain": errors[1], "look": str(look)}


def branch_numbers(model: nn.Module) -> dict[str, list[float]]:
    """Kappa and alpha of each attention of a Weighted Transformer; nothing for other models."""
    return {
        f"{what} {name}": [round(one, 4) for one in weights.tolist()]
        for what, places in branch_weights(model).items()
        for name, weights in places.items()
    }


def gold_of(translator: Translator, pairs: Sequence[Pair]) -> list[Gold]:
    """Sentence pairs and their gold links, tokenised for this translator; pairs with an empty side are left out.

    Raises: UserError, when a link is to a word that is not there.
    """
    gold = [_gold(translator, pair, pair.links) for pair in pairs if pair.links is not None and not pair.is_empty]
    return [one for one in gold if one.example.source and one.example.target]


def _gold(translator: Translator, pair: Pair, links: Links) -> Gold:
    example = Example(translator.source.encode(pair.source), translator.target.encode(pair.target))
    source = TokenWords.of(translator.source, [*example.source, EOS])
    target = TokenWords.of(translator.target, example.target)
    for s, t in sorted(links.sure | links.possible):
        if s >= len(source.texts) - 1 or t >= len(target.texts):
            raise UserError(
                f"link {s}-{t}, but there are {len(source.texts) - 1} source and {len(target.texts)} target words",
                where=pair.where,
                hint="links count from 0, the words of the tokeniser: see heedful check",
            )
    return Gold(example, source, target, links)


def _splitter(references: Sequence[str]) -> str:
    """Sacrebleu's tokeniser for the language that the references seem to be in."""
    text = "".join(references[:1000])
    letters = sum(letter.isalpha() for letter in text)
    if len(re.findall(f"[{CJK}]", text)) <= letters / 2:
        return "13a"
    return "char" if re.search("[\u3040-\u30ff]", text) else "zh"
