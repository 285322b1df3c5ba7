"""Where sentences end, in English, Chinese and what is written alike."""

import re
from collections.abc import Iterator

LONGEST = 1000
"""Characters of a sentence, unless told otherwise: a hundred times the usual, and short enough to be read as one."""

_MARKS = re.compile(r"[.!?…。！？；｡]+[\"'”’»」』）)\]】》〕}]*")
_ENDS_ANYWHERE = frozenset("。！？；｡")
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af]")
_INITIALS = re.compile(r"(?:\w\.)+", re.ASCII)
_WORD_BEFORE = re.compile(r"[^\s(\[{\"'“‘]*\Z")
_REACH = 24  # characters to look back for an abbreviation

_SHORT = frozenset(
    (
        *(
            "mr",
            "mrs",
            "ms",
            "dr",
            "prof",
            "st",
            "jr",
            "sr",
            "rev",
            "hon",
            "sen",
            "rep",
            "gov",
            "messrs",
            "mme",
            "mlle",
        ),
        *("gen", "col", "lt", "capt", "sgt", "inc", "ltd", "co", "corp", "bros", "dept", "est", "mt", "ft"),
        *("fig", "figs", "eq", "eqs", "ch", "vol", "vols", "pp", "ed", "eds", "al", "vs", "viz", "cf", "etc", "approx"),
        *("jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"),
    )
)
"""Words that a full stop shortens."""


def split_sentences(text: str, limit: int = LONGEST) -> list[str]:
    """The sentences of a text: its lines if there are several, else what the marks . ! ? … 。 ！ ？ ； end.

    Quotation marks and brackets that close right after a mark stay with their sentence. Latin marks need a space or an
    ideograph behind them; a full stop ends no abbreviation ("Mr.", "U.S.") and no number ("3.5"), and no sentence
    ends before a small letter, unless the whole text is written small. A sentence of more than `limit` characters is
    cut there, at the last space if it has one. Nothing but space is lost, and an empty text has no sentences.
    Raises: ValueError, when the limit is below 1.
    """
    return list(iterate_sentences(text, limit))


def iterate_sentences(text: str, limit: int = LONGEST) -> Iterator[str]:
    """The same one by one: of a long text no more is looked for than is asked for.

    Raises: ValueError, when the limit is below 1.
    """
    if limit < 1:
        raise ValueError(f"limit is {limit}, expected the characters of the longest sentence: 1 or more.")
    lines = [line.strip() for line in text.splitlines()]
    whole = [line for line in lines if line]
    sentences = map(str.strip, _by_marks(whole[0])) if len(whole) == 1 else iter(whole)
    return (piece for sentence in sentences for piece in _pieces(sentence, limit))


def _by_marks(text: str) -> Iterator[str]:
    """The text up to each mark that ends a sentence, and what is left."""
    start, cased = 0, text != text.lower()
    for mark in _MARKS.finditer(text):
        if _ends(text, mark, cased=cased):
            yield text[start : mark.end()]
            start = mark.end()
    if text[start:].strip():
        yield text[start:]


def _ends(text: str, mark: re.Match[str], *, cased: bool) -> bool:
    """Whether a sentence ends behind this mark."""
    if _ENDS_ANYWHERE & set(mark.group()):
        return True
    following = text[mark.end() : mark.end() + 1]
    dots = mark.group().rstrip("\"'”’»」』）)]】》〕}") == "."
    if following and not following.isspace():
        return not dots and bool(_IDEOGRAPH.match(following))
    if dots and _is_short(text[max(0, mark.start() - _REACH) : mark.start() + 1]):
        return False
    beyond = text[mark.end() : mark.end() + _REACH].lstrip()[:1]
    return not (cased and beyond.islower())


def _is_short(before: str) -> bool:
    """Whether the full stop at the end belongs to an abbreviation: one of the list, or letters with stops."""
    found = _WORD_BEFORE.search(before)
    word = found.group() if found else ""
    return word[:-1].lower() in _SHORT or bool(_INITIALS.fullmatch(word) and not word[0].isdigit())


def _pieces(sentence: str, limit: int) -> Iterator[str]:
    """A sentence, cut where it is too long."""
    while len(sentence) > limit:
        cut = sentence.rfind(" ", 1, limit + 1)
        cut = limit if cut < 1 else cut
        yield sentence[:cut].rstrip()
        sentence = sentence[cut:].lstrip()
    if sentence:
        yield sentence
