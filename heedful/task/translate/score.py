"""Scores translations and alignments: BLEU and chrF by sacrebleu, and the alignment error rate."""

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
from heedful.task.translate.translator import Translator
from heedful.watch import branch_weights
from heedful.watch.look import Gold, Look, error_rate


def evaluate(translator: Translator, pairs: Sequence[Pair], *, beam: int | None = None) -> dict[str, Any]:
    """Translates the sources and compares the translations with the targets, and attention with gold links if any.

    The alignment error rate is measured while the model is forced to produce the references, since gold links refer to
    their words.
    Returns: bleu, chrf and their signatures, exact, sentences, sentences_per_second (of translation only) and beam; if
        there are links, also aer, aer_plain and the look that was read.
    Raises: UserError, when sacrebleu is missing, or a link refers to a word that does not exist.
    """
    if not pairs:
        raise UserError("there is nothing to evaluate: no sentence pair")
    # The first call also loads modules and compiles kernels, which must not be timed.
    translator.predict([pairs[0].source], beam=beam, attention=False)
    start = time.perf_counter()
    translations = translator.predict([pair.source for pair in pairs], beam=beam, attention=False)
    seconds = time.perf_counter() - start
    references = [pair.target for pair in pairs]
    results: dict[str, Any] = {"sentences": len(pairs)}
    results |= score_texts(
        [translation.text for translation in translations], references, lowercase=translator.config.data.lowercase
    )
    results["sentences_per_second"] = round(len(pairs) / max(seconds, 1e-9), 2)
    results["beam"] = beam or translator.config.decode.beam
    if any(pair.links is not None for pair in pairs):
        results |= score_alignment(translator, gold_of(translator, pairs))
    return results


def score_texts(texts: Sequence[str], references: Sequence[str], *, lowercase: bool) -> dict[str, Any]:
    """BLEU and chrF of translations against one reference each, with sacrebleu's signatures, and exact matches.

    `exact` is the fraction of translations that equal their reference up to whitespace, which is informative if there
    is one correct answer. BLEU splits Chinese references with sacrebleu's "zh", Japanese ones with "char", and all
    others with "13a".
    Source: Post 2018 (arXiv:1804.08771).
    """
    metrics = require("sacrebleu.metrics", extra="train")
    bleu = metrics.BLEU(tokenize=_splitter(references), lowercase=lowercase)
    chrf = metrics.CHRF(lowercase=lowercase)
    pairs = zip(texts, references, strict=True)
    same = [_plain(text, lowercase) == _plain(reference, lowercase) for text, reference in pairs]
    scores = [bleu.corpus_score(list(texts), [list(references)]), chrf.corpus_score(list(texts), [list(references)])]
    return {
        "bleu": round(scores[0].score, 2),
        "chrf": round(scores[1].score, 2),
        "exact": round(sum(same) / max(1, len(same)), 4),
        "signature": str(bleu.get_signature()),
        "chrf_signature": str(chrf.get_signature()),
    }


def _plain(text: str, lowercase: bool) -> str:
    """A text with whitespace normalised to single blanks."""
    return " ".join((text.lower() if lowercase else text).split())


def score_alignment(translator: Translator, gold: Sequence[Gold]) -> dict[str, Any]:
    """The alignment error rate of the translator's look; empty for a model without attention.

    `aer_plain` is that of the same map without adjustments: each word is linked to its largest weight.
    """
    look = translator.look
    if look is None:
        return {}
    maps = translator.maps([pair.example for pair in gold])
    plain = Look(module=look.module, head=look.head, shift=look.shift)
    errors = [round(error_rate(candidate, maps, gold), 4) for candidate in (look, plain)]
    return {"aer": errors[0], "aer_plain": errors[1], "look": str(look)}


def branch_numbers(model: nn.Module) -> dict[str, list[float]]:
    """Kappa and alpha of each attention of a Weighted Transformer; empty for other models."""
    return {
        f"{what} {name}": [round(weight, 4) for weight in weights.tolist()]
        for what, by_module in branch_weights(model).items()
        for name, weights in by_module.items()
    }


def gold_of(translator: Translator, pairs: Sequence[Pair]) -> list[Gold]:
    """The sentence pairs that have gold links, tokenised for this translator. Pairs with an empty side are left out.

    Raises: UserError, when a link refers to a word that does not exist.
    """
    gold = [_gold(translator, pair, pair.links) for pair in pairs if pair.links is not None and not pair.is_empty]
    # A side of unusual characters may have no tokens even though its text is not empty.
    return [pair for pair in gold if pair.example.source and pair.example.target]


def _gold(translator: Translator, pair: Pair, links: Links) -> Gold:
    example = Example(translator.source.encode(pair.source), translator.target.encode(pair.target))
    # The text itself tells unknown characters that stand together apart; as pieces they would all be one word.
    source_pieces, target_pieces = (
        tokeniser.surface_pieces(text)
        for tokeniser, text in ((translator.source, pair.source), (translator.target, pair.target))
    )
    source = TokenWords.of(translator.source, [*example.source, EOS], source_pieces)
    target = TokenWords.of(translator.target, example.target, target_pieces)
    # The last source word is EOS, which gold links cannot refer to.
    for s, t in sorted(links.sure | links.possible):
        if s >= len(source.texts) - 1 or t >= len(target.texts):
            raise UserError(
                f"link {s}-{t}, but there are {len(source.texts) - 1} source and {len(target.texts)} target words",
                where=pair.where,
                hint="links count words from 0, as the tokeniser splits them: see heedful check; if yours count "
                "from 1, subtract 1, or use heedful eval with --one-based",
            )
    return Gold(example, source, target, links)


def _splitter(references: Sequence[str]) -> str:
    """The name of sacrebleu's tokeniser for the language of the references, inferred from their characters."""
    text = "".join(references[:1000])
    letters = sum(letter.isalpha() for letter in text)
    if len(re.findall(f"[{CJK}]", text)) <= letters / 2:
        return "13a"
    # Hiragana and katakana only occur in Japanese.
    return "char" if re.search("[\u3040-\u30ff]", text) else "zh"
