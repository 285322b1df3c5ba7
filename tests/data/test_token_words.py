"""Maps over pieces become maps over words without losing weight, and links are what a reader would draw."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heedful import ShapeError
from heedful.data.token_words import TokenWords, links, merge, settle
from heedful.data.tokenise import CharacterTokeniser, SentencePieceTokeniser, WordTokeniser
from heedful.shapes import EOS


def _words(sizes):
    return TokenWords(
        tuple(f"w{i}" for i in range(len(sizes))), tuple((i,) for i, n in enumerate(sizes) for _ in range(n))
    )


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
    words = TokenWords.of(tokeniser, [*tokeniser.encode("ab 三本"), EOS])
    assert words.texts == ("ab", "三", "本", "</s>")
    assert words.of_token == ((0,), (0,), (1,), (1,), (2,), (3,))


def test_a_piece_of_several_chinese_characters_holds_several_words():
    texts = ["学生们买了书。", "学生买了三本书。", "老人买了书，学生走了。", "we read books ."] * 9
    tokeniser = SentencePieceTokeniser.train(texts, 520)
    ids = tokeniser.encode("学生买了书 books .")
    words = TokenWords.of(tokeniser, ids)
    assert words.texts == ("学", "生", "买", "了", "书", "books", ".")
    assert len(ids) < len("".join(words.texts))
    assert sorted({word for own in words.of_token for word in own}) == list(range(7))
    weights = torch.rand(len(ids), len(ids))
    torch.testing.assert_close(merge(weights, _words([1] * len(ids)), words).sum(-1), weights.sum(-1))


def test_a_character_spelt_in_bytes_is_one_word():
    tokeniser = SentencePieceTokeniser.train(["学生们买了书。", "we read books ."] * 9, 520)
    for text, texts in [
        ("学老猫生", ("学", "老", "猫", "生")),
        ("read é books", ("read", "é", "books")),
        ("reaéd\x01 .", ("reaéd\x01", ".")),
    ]:
        ids = tokeniser.encode(text)
        words = TokenWords.of(tokeniser, ids)
        assert words.texts == texts
        assert all(words.of_token)


@given(text=st.text(alphabet="ab 三本。a\t", max_size=12))
def test_every_token_has_a_word_and_every_word_a_token(text):
    for kind in (CharacterTokeniser, WordTokeniser):
        tokeniser = kind.train(["ab a b 三 本。"])
        ids = tokeniser.encode(text)
        words = TokenWords.of(tokeniser, ids)
        assert all(words.of_token) or not ids
        assert {word for own in words.of_token for word in own} == set(range(len(words.texts)))


def test_an_unknown_word_still_has_a_name():
    tokeniser = WordTokeniser.train(["a b"])
    assert "" not in TokenWords.of(tokeniser, tokeniser.encode("a zzz")).texts


@given(even=st.floats(0, 1), carry=st.floats(0, 1))
def test_a_settled_map_keeps_its_row_sums(even, carry):
    weights = torch.rand(2, 5, 4, dtype=torch.float64)
    weights[0, 2] = 0
    settled = settle(weights, even, carry)
    assert bool((settled >= 0).all())
    torch.testing.assert_close(settled.sum(-1), weights.sum(-1))
    torch.testing.assert_close(settle(weights, 0.0, 0.0), weights)


def test_settling_spreads_the_links_and_lets_a_word_go_with_the_one_before():
    crowded = torch.tensor([[0.0, 1.0], [0.45, 0.55], [0.0, 1.0]])
    assert links(crowded, 2) == [(1, 0), (1, 1), (1, 2)]
    assert links(settle(crowded, 0.8, 0.0), 2) == [(1, 0), (0, 1), (1, 2)]
    unsure = torch.tensor([[0.9, 0.1], [0.45, 0.55]])
    assert links(settle(unsure, 0.0, 0.4), 2) == [(0, 0), (0, 1)]


def test_links_follow_the_heaviest_weight():
    weights = torch.tensor([[0.1, 0.7, 0.2], [0.2, 0.1, 0.7], [0.4, 0.3, 0.3], [0.0, 0.0, 0.0]])
    assert links(weights, 2) == [(1, 0), (0, 2)], "the last column is the end, the last row saw nothing"
    assert links(weights, 3) == [(1, 0), (2, 1), (0, 2)]
    assert links(weights, 3, threshold=0.5) == [(1, 0), (2, 1)]
    assert links(torch.zeros(0, 3), 2) == []
    assert links(torch.zeros(3, 0), 0) == []


def test_words_are_those_typed_where_there_are_any():
    tokeniser = WordTokeniser.train(["a b"], lowercase=True)
    ids = [*tokeniser.encode("A xyz B"), EOS]
    assert TokenWords.of(tokeniser, ids).texts == ("a", "<unk>", "b", "</s>")
    assert TokenWords.of(tokeniser, ids, ["A", "xyz", ""]).texts == ("A", "xyz", "b", "</s>")


def test_unknown_letters_are_parts_of_the_words_they_stand_in():
    tokeniser = CharacterTokeniser.train(["ab 我"])
    text = "aZb 猫"
    words = TokenWords.of(tokeniser, tokeniser.encode(text), tokeniser.surface_pieces(text))
    assert words.texts == ("aZb", "猫")
