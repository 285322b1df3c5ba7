"""Maps over pieces become maps over words without losing weight, and links are what a reader would draw."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heedful import ShapeError
from heedful.data.tokenise import CharacterTokeniser, WordTokeniser
from heedful.shapes import EOS
from heedful.task.words import END, Words, links, merge


def _words(sizes):
    return Words(tuple(f"w{i}" for i in range(len(sizes))), tuple(i for i, n in enumerate(sizes) for _ in range(n)))


sizes = st.lists(st.integers(1, 3), min_size=1, max_size=5)


@given(rows=sizes, columns=sizes)
def test_rows_keep_their_sums_and_single_tokens_their_weights(rows, columns):
    weights = torch.rand(sum(rows), sum(columns), dtype=torch.float64)
    merged = merge(weights, _words(rows), _words(columns))
    assert merged.shape == (len(rows), len(columns))
    start = 0
    for row, count in zip(merged, rows, strict=True):
        torch.testing.assert_close(row.sum(), weights[start : start + count].sum(-1).mean())
        start += count
    torch.testing.assert_close(merge(weights, _words([1] * sum(rows)), _words([1] * sum(columns))), weights)


def test_heads_are_a_batch_axis():
    weights = torch.rand(2, 3, 4)
    rows, columns = _words([1, 2]), _words([2, 2])
    torch.testing.assert_close(merge(weights, rows, columns)[1], merge(weights[1], rows, columns))


def test_a_map_of_another_size_is_refused():
    with pytest.raises(ShapeError, match="expected"):
        merge(torch.rand(3, 4), _words([3]), _words([3]))


def test_words_of_letters_and_of_chinese_characters():
    tokeniser = CharacterTokeniser.train(["ab cd 三本书"])
    words = Words.of(tokeniser, [*tokeniser.encode("ab 三本"), EOS])
    assert words.texts == ("ab", "三", "本", END)
    assert words.of_token == (0, 0, 1, 1, 2, 3)


def test_an_unknown_word_still_has_a_name():
    tokeniser = WordTokeniser.train(["a b"])
    assert "" not in Words.of(tokeniser, tokeniser.encode("a zzz")).texts


def test_links_follow_the_heaviest_weight():
    weights = torch.tensor([[0.1, 0.7, 0.2], [0.2, 0.1, 0.7], [0.4, 0.3, 0.3], [0.0, 0.0, 0.0]])
    assert links(weights, 2) == [(1, 0), (0, 2)], "the last column is the end, the last row saw nothing"
    assert links(weights, 3) == [(1, 0), (2, 1), (0, 2)]
    assert links(weights, 3, threshold=0.5) == [(1, 0), (2, 1)]
    assert links(torch.zeros(0, 3), 2) == []
    assert links(torch.zeros(3, 0), 0) == []
