"""Word vectors from a file: each word gets its own, and a broken line is told with its number."""

import gzip

import pytest
import torch

from heedful.data.vectors import read_vectors, vectors_width
from heedful.errors import UserError

LINES = "the 1 2 3\ncat -1e-1 .5 0\nParis 7 8 9\n"


@pytest.mark.parametrize("header", ["", "3 3\n"])
def test_words_get_their_vectors_and_others_zeros(tmp_path, header):
    path = tmp_path / "v.txt"
    path.write_text(header + LINES)
    assert vectors_width(path) == 3
    vectors, known = read_vectors(path, ["<pad>", "cat", "dog", "the"])
    assert known.tolist() == [False, True, False, True]
    torch.testing.assert_close(vectors, torch.tensor([[0, 0, 0], [-0.1, 0.5, 0], [0, 0, 0], [1, 2, 3]]))


def test_a_word_is_found_in_small_letters_where_it_is_not_there_as_written(tmp_path):
    (tmp_path / "v").write_text("paris 1\nParis 2\nROME 3\n")
    vectors, known = read_vectors(tmp_path / "v", ["Paris", "PARIS", "paris", "Rome", "ROME"])
    assert vectors[:, 0].tolist() == [2, 1, 1, 0, 3]
    assert known.tolist() == [True, True, True, False, True], "capitals in the file are not made small"


def test_whichever_comes_first_the_exact_word_wins_and_of_two_alike_the_first(tmp_path):
    (tmp_path / "v").write_text("Paris 2\nparis 1\nParis 5\nparis 6\n")
    assert read_vectors(tmp_path / "v", ["Paris", "paris"])[0][:, 0].tolist() == [2, 1]


def test_chinese_words_gzip_trailing_spaces_and_words_with_spaces(tmp_path):
    (tmp_path / "v.gz").write_bytes(gzip.compress("人 1 2 \n. . . 3 4\nat name 5 6\n5 7 8\n".encode()))
    vectors, known = read_vectors(tmp_path / "v.gz", ["人", ". . .", "at name", "5", "at"])
    assert vectors.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8], [0, 0]]
    assert known.tolist() == [True, True, True, True, False]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "v: there are no vectors in this file"),
        ("2 3\n", "v: there are no vectors"),
        ("the 1 2\ncat 1\n", "v:2: expected 2 numbers after 'cat', found 1"),
        ("the 1 2\ncat 1 2 3\n", "v:2: expected 2 numbers after 'cat', found 3"),
        ("the 1 2\ncat\n", "v:2: there are no numbers in 'cat'"),
        ("the 1 2\n\ncat 1 2\n", "v:2: there are no numbers"),
        ("the 1 2\ncat 1 x\n", "v:2: this is not a number: 'x'"),
        ("the 1 2\ncat 1 nan\n", "v:2: this is not a number: 'nan'"),
        ("the\t1\t2\n", "v:1: there are no numbers.*separated by spaces"),
    ],
)
def test_a_broken_line_is_told_with_its_number(tmp_path, content, words):
    (tmp_path / "v").write_text(content)
    with pytest.raises(UserError, match=words):
        read_vectors(tmp_path / "v", ["the", "cat"])


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        vectors_width(tmp_path / "none.txt")
