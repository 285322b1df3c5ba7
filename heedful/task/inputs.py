"""Checks what is passed to `predict`: a list of questions, or anything else with an order, whose items are texts."""

import math
from collections.abc import Iterable, Mapping, Set
from typing import Any

from heedful.errors import UserError


def as_questions(questions: Any, what: str = "texts") -> list[Any]:
    """The questions as a list, from a list, tuple, array, column of a table, generator or other iterable.

    `what` is what messages call them.
    Raises: UserError, for a single text, for a mapping, set or table, whose order or items are others than those meant,
        and for what cannot be iterated over.
    """
    if isinstance(questions, str | bytes):
        raise UserError(
            f"expected a list of {what}, got one text, {_shown(questions)}", hint="put it in a list: predict([...])"
        )
    # A table with columns, as of pandas, gives the names of its columns when it is iterated over.
    if hasattr(questions, "columns"):
        hint = 'pass one column of it: predict(table["text"])'
        raise UserError(f"expected a list of {what}, got a table ({type(questions).__name__})", hint=hint)
    if isinstance(questions, Mapping | Set) or not isinstance(questions, Iterable):
        hint = "the order of the answers is that of the list"
        raise UserError(f"expected a list of {what}, got {_shown(questions)}", hint=hint)
    try:
        return list(questions)
    except TypeError as error:  # an array without axes has the method, but no items
        raise UserError(f"expected a list of {what}, got {_shown(questions)}") from error


def as_texts(texts: Any, what: str = "texts") -> list[str]:
    """The texts as a list of strings.

    Raises: UserError, as `as_questions`, and for an item that is no text, with its position.
    """
    listed = as_questions(texts, what)
    for position, text in enumerate(listed):
        check_text(text, f"item {position}")
    return listed


def check_text(text: Any, name: str) -> None:
    """Checks that a question, or a part of one, is a text; `name` is what the message calls it.

    Raises: UserError, for anything else, and for half of a surrogate pair, which no tokeniser can read.
    """
    if not isinstance(text, str):
        raise UserError(f"expected a text, but {name} is {_shown(text)}", hint=_hint(text))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        message = f"{name} holds half of a surrogate pair: {_shown(text)}"
        raise UserError(message, hint="read the text as UTF-8") from None


def as_pairs(pairs: Any) -> list[tuple[str, str]]:
    """Pairs of texts as a list of tuples.

    Raises: UserError, as `as_questions`, and for an item that is not two texts, with its position.
    """
    listed = as_questions(pairs, "pairs of texts")
    hint = 'pass a list of pairs: predict([("a text", "another")])'
    for position, pair in enumerate(listed):
        if isinstance(pair, str | bytes | Mapping | Set) or not isinstance(pair, Iterable):
            raise UserError(f"expected a pair of texts, but item {position} is {_shown(pair)}", hint=hint)
        sides = list(pair)
        if len(sides) != 2:
            raise UserError(f"expected a pair of texts, but item {position} has {len(sides)}", hint=hint)
        for side, text in zip(("left", "right"), sides, strict=True):
            check_text(text, f"the {side} text of item {position}")
        listed[position] = (sides[0], sides[1])
    return listed


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{text if len(text) <= 40 else f'{text[:39]}…'}" + ("" if value is None else f" ({type(value).__name__})")


def _hint(value: Any) -> str:
    if isinstance(value, bytes):
        return 'decode it first: text.decode("utf-8")'
    # NaN, and what pandas writes for a missing value.
    is_missing = isinstance(value, float) and math.isnan(value)
    if value is None or is_missing or type(value).__name__ in {"NAType", "NaTType"}:
        return "a value is missing: leave it out, or write an empty text"
    if hasattr(value, "__len__"):
        return "pass one text for each question"
    return "convert it first: str(value)"
