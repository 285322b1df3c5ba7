"""Candidates are lines, each once; a number that all of them bear is no part of them."""

import pytest

from heedful.data.dialogue import read_candidates
from heedful.errors import UserError


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("yes\nno \n\nyes\n", ["yes", "no"]),
        ("1 yes\n1 no\n1 1 is too few\n", ["yes", "no", "1 is too few"]),
        ("1 is too few\nno\n", ["1 is too few", "no"]),
        ("1 yes\n2 no\n", ["1 yes", "2 no"]),
    ],
)
def test_candidates_are_lines_each_once(tmp_path, content, expected):
    path = tmp_path / "a.txt"
    path.write_text(content)
    assert read_candidates(path) == expected


def test_a_file_without_any_is_told(tmp_path):
    (tmp_path / "a.txt").write_text("\n \n")
    with pytest.raises(UserError, match=r"it holds no candidate|a\.txt"):
        read_candidates(tmp_path / "a.txt")
