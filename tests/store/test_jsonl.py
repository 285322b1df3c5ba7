"""Lines of JSON that every reader takes."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.store import strict_json

SIMPLE = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(SIMPLE, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


def refuse(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


def as_read(value):
    """The value as JSON has it, None for what is no number."""
    if isinstance(value, dict):
        return {key: as_read(one) for key, one in value.items()}
    if isinstance(value, list):
        return list(map(as_read, value))
    return None if isinstance(value, float) and not math.isfinite(value) else value


@given(VALUES)
def test_whatever_it_holds_is_json_in_one_line(value):
    line = strict_json(value)
    assert "\n" not in line
    assert json.loads(line, parse_constant=refuse) == as_read(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_null_however_deep(value):
    assert strict_json({"map": value, "rows": {"a": (1.5, value)}}) == '{"map": null, "rows": {"a": [1.5, null]}}'


def test_letters_stay_letters():
    assert strict_json(["书"]) == '["书"]'
