"""Running English text cut into words as the Penn Treebank cuts it, one a leaf of a tree."""

import re

_QUOTES = ((re.compile(r'(^|[\s(\[{<])"'), r"\1`` "), (re.compile(r'"'), " '' "))
_RULES = (
    (re.compile(r"\.\.\."), " ... "),
    (re.compile(r"--+"), " -- "),
    (re.compile(r"[;@#$%&?!()\[\]{}<>]"), r" \g<0> "),
    (re.compile(r"([,:])(?!\d)"), r" \1 "),
    (re.compile(r"(?i)([^\s'`])('(?:s|m|d|ll|re|ve)|n't)(?=\s|$)"), r"\1 \2"),
    (re.compile(r"([^\s'])'(?=\s|$)"), r"\1 '"),
    (re.compile(r"(?i)\b(can)(not)\b"), r"\1 \2"),
)
_LAST_POINT = re.compile(r"([^\s.])\.(\s*(?:''|[)\]}>])?\s*)$")
_ABBREVIATION = re.compile(r"(?:^|\s)(?:[A-Za-z]\.)+$")


def sentence_words(text: str) -> list[str]:
    """The words of one sentence: punctuation, brackets and 's, n't apart, double quotes as `` and ''.

    A point belongs to its word but at the end of the sentence, and there too in abbreviations such as U.S. Text that
    is cut already stays as it is.
    Source: the rules of Robert MacIntyre's tokenizer of 1995, less the contractions that no text has any more.
    """
    for pattern, spaced in (*_QUOTES, *_RULES):
        text = pattern.sub(spaced, text)
    ends = _LAST_POINT.search(text)
    if ends and not _ABBREVIATION.search(text[: ends.end(1) + 1]):
        text = f"{text[: ends.end(1)]} . {ends[2]}"
    return text.split()
