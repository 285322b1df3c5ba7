"""Characters are exact, blanks included, and make words of Chinese singly and of Latin together."""

from hypothesis import given
from hypothesis import strategies as st

from heedful.data.tokenise import CharacterTokeniser
from heedful.shapes import EOS


@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=23))
def test_decoding_undoes_encoding_exactly(text):
    tokeniser = CharacterTokeniser.train([text])
    assert tokeniser.decode(tokeniser.encode(text)) == text


def test_the_blank_is_visible():
    tokeniser = CharacterTokeniser.train(["a b"])
    assert tokeniser.pieces(tokeniser.encode("a b")) == ["a", "▁", "b"]


def test_words_are_single_chinese_characters_or_runs_of_others():
    tokeniser = CharacterTokeniser.train(["我Tom 12 了 。ab"])
    ids = tokeniser.encode("我Tom 12 了。ab")
    #                                             我 T  o  m  ▁  1  2  ▁  了 。 a  b  end
    assert tokeniser.word_index([*ids, EOS]) == [0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 5, 6]


def test_unknown_characters_stay_in_their_word():
    tokeniser = CharacterTokeniser.train(["ab "])
    assert tokeniser.word_index(tokeniser.encode("axb a")) == [0, 0, 0, 1, 1]
