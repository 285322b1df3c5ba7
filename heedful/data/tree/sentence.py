"""Splits English text into words by the conventions of the Penn Treebank."""

import re

# A quote after a blank or a bracket opens, and all that are left close.
_QUOTES = ((re.compile(r'(^|[\s(\[{<])"'), r"\1`` "), (re.compile(r'"'), " '' "))
_RULES = (
    (re.compile(r"\.\.\."), " ... "),
    (re.compile(r"--+"), " -- "),
    (re.compile(r"[;@#$%&?!()\[\]{}<>]"), r" \g<0> "),
    # Not inside a number: 1,000 and 12:30.
    (re.compile(r"([,:])(?!\d)"), r" \1 "),
    (re.compile(r"(?i)([^\s'`])('(?:s|m|d|ll|re|ve)|n't)(?=\s|$)"), r"\1 \2"),
    (re.compile(r"([^\s'])'(?=\s|$)"), r"\1 '"),
    (re.compile(r"(?i)\b(can)(not)\b"), r"\1 \2"),
)
_FINAL_STOP = re.compile(r"([^\s.])\.(\s*(?:''|[)\]}>])?\s*)$")
_ABBREVIATION = re.compile(r"(?:^|\s)(?:[A-Za-z]\.)+$")


def sentence_words(text: str) -> list[str]:
    """The words of one sentence. Punctuation, brackets, 's and n't are separate; double quotes become `` and ''.

    A full stop is separated only at the end of the sentence, and not from an abbreviation such as U.S. Text that is
    split already stays as it is.
    Source: the rules of Robert MacIntyre's tokenizer of 1995, without its archaic contractions.
    """
    for pattern, spaced in (*_QUOTES, *_RULES):
        text = pattern.sub(spaced, text)
    ends = _FINAL_STOP.search(text)
    if ends and not _ABBREVIATION.search(text[: ends.end(1) + 1]):
        text = f"{text[: ends.end(1)]} . {ends[2]}"
    return text.split()
