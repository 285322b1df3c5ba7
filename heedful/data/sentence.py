"""Splits text into sentences: English, Chinese, and languages with the same punctuation."""

import re
from collections.abc import Iterator

LONGEST = 1000
"""Default limit on the characters of a sentence: about ten times the usual length."""

_MARKS = re.compile(r"[.!?…。！？；｡]+[\"'”’»」』）)\]】》〕}]*")
_ENDS_ANYWHERE = frozenset("。！？；｡")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af]")
_INITIALS = re.compile(r"(?:\w\.)+", re.ASCII)
_WORD_BEFORE = re.compile(r"[^\s(\[{\"'“‘]*\Z")
_REACH = 24  # characters to look at before and after a mark; bounds the time on a text without spaces

_ABBREVIATIONS = frozenset(
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
"""Abbreviations that end with a full stop, in lower case."""


def split_sentences(text: str, limit: int = LONGEST) -> list[str]:
    """The sentences of a text: its lines if there are several, else split after punctuation (. ! ? … 。 ！ ？ ；).

    Quotation marks and brackets that close right after a mark belong to its sentence. A Latin mark ends a sentence only
    before white space or a Chinese or Japanese character. A full stop does not end one after an abbreviation ("Mr.",
    "U.S.") or inside a number ("3.5"). No sentence ends before a lower-case letter, unless the whole text is lower
    case. A sentence of more than `limit` characters is split there, at its last space if it has one. Only white space
    is lost; an empty text has no sentences.
    Raises: ValueError, when the limit is below 1.

    >>> split_sentences('Mr. Li paid $3.50. "Thanks!" he said.')
    ['Mr. Li paid $3.50.', '"Thanks!" he said.']
    """
    return list(iterate_sentences(text, limit))


def iterate_sentences(text: str, limit: int = LONGEST) -> Iterator[str]:
    """Yields the sentences of `split_sentences` one by one, and reads no further than it has to.

    Raises: ValueError, when the limit is below 1.
    """
    if limit < 1:
        raise ValueError(f"limit is {limit}, expected the length of the longest sentence in characters, 1 or more.")
    lines = [line.strip() for line in text.splitlines()]
    whole = [line for line in lines if line]
    sentences = map(str.strip, _by_marks(whole[0])) if len(whole) == 1 else iter(whole)
    return (piece for sentence in sentences for piece in _pieces(sentence, limit))


def _by_marks(text: str) -> Iterator[str]:
    """The text split after each mark that ends a sentence."""
    start, cased = 0, text != text.lower()
    for mark in _MARKS.finditer(text):
        if _ends(text, mark, cased=cased):
            yield text[start : mark.end()]
            start = mark.end()
    if text[start:].strip():
        yield text[start:]


def _ends(text: str, mark: re.Match[str], *, cased: bool) -> bool:
    """Whether a sentence ends after this mark."""
    if _ENDS_ANYWHERE & set(mark.group()):
        return True
    following = text[mark.end() : mark.end() + 1]
    is_full_stop = mark.group().rstrip("\"'”’»」』）)]】》〕}") == "."
    if following and not following.isspace():
        # "3.5", "heedful.org": a full stop without a space is inside a word.
        return not is_full_stop and bool(_CJK.match(following))
    if is_full_stop and _is_abbreviation(text[max(0, mark.start() - _REACH) : mark.start() + 1]):
        return False
    next_letter = text[mark.end() : mark.end() + _REACH].lstrip()[:1]
    return not (cased and next_letter.islower())


def _is_abbreviation(before: str) -> bool:
    """Whether the full stop at the end belongs to a listed abbreviation, or to initials such as "U.S."."""
    match = _WORD_BEFORE.search(before)
    word = match.group() if match else ""
    return word[:-1].lower() in _ABBREVIATIONS or bool(_INITIALS.fullmatch(word) and not word[0].isdigit())


def _pieces(sentence: str, limit: int) -> Iterator[str]:
    """A sentence, split where it is too long."""
    while len(sentence) > limit:
        # From 1, so that the first piece is not empty; a blank right after the limit may be the cut, too.
        cut = sentence.rfind(" ", 1, limit + 1)
        cut = limit if cut < 1 else cut
        yield sentence[:cut].rstrip()
        sentence = sentence[cut:].lstrip()
    if sentence:
        yield sentence
