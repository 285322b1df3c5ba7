"""What is read before a reply: the last turns under their marks, cut at the front, whatever lies further back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.dialogue import ROLES, ContextLimit, MarkedTokeniser, Turn, encode_turns
from heedful.data.tokenise import CharacterTokeniser, SentencePieceTokeniser, WordTokeniser, load_tokeniser
from heedful.shapes import EOS

WORDS = "a b c d e f g h < > own other"
TOKENISER = MarkedTokeniser(WordTokeniser.train([WORDS]))
TURNS = st.lists(st.tuples(st.sampled_from("AB"), st.lists(st.sampled_from("abcdefgh"), max_size=5)), max_size=7)


def shown(turns, next_speaker, window, tokeniser=TOKENISER):
    found = encode_turns([Turn(text, name) for name, text in turns], tokeniser)
    context = window.read(found, len(found), next_speaker=next_speaker, tokeniser=tokeniser)
    return " ".join(tokeniser.pieces(context.ids)), context.is_cut


TALK = [("A", "a b"), ("B", "c"), ("A", "d e f")]


@pytest.mark.parametrize(
    ("window", "expected", "is_cut"),
    [
        (ContextLimit(None, 100), "<other> a b <own> c <other> d e f", False),
        (ContextLimit(None, 9), "<other> a b <own> c <other> d e f", False),
        (ContextLimit(2, 100), "<own> c <other> d e f", False),
        (ContextLimit(None, 8), "<other> b <own> c <other> d e f", True),
        (ContextLimit(None, 7), "<own> c <other> d e f", True),
        (ContextLimit(None, 6), "<own> c <other> d e f", True),
        (ContextLimit(None, 3), "<other> e f", True),
        (ContextLimit(None, 2), "<other> f", True),
        (ContextLimit(None, 1), "", True),
        (ContextLimit(1, 4), "<other> d e f", False),
    ],
)
def test_the_last_turns_are_read_oldest_first_and_cut_at_the_front(window, expected, is_cut):
    assert shown(TALK, "B", window) == (expected, is_cut)


def test_marks_say_whose_turn_it_is_from_where_the_replier_stands():
    assert shown(TALK, "A", ContextLimit(None, 100))[0] == "<own> a b <other> c <own> d e f"
    crowd = [(name, "a") for name in "VWXYZ"]
    assert shown(crowd, "V", ContextLimit(None, 99))[0] == "<own> a <other-3> a <other-3> a <other-2> a <other> a"


def test_an_empty_turn_is_its_mark():
    assert shown([("A", ""), ("B", "a")], "B", ContextLimit(None, 9)) == ("<other> <own> a", False)


@given(turns=TURNS, further=TURNS, tokens=st.integers(1, 30), last=st.integers(1, 9) | st.none())
def test_a_context_is_an_end_of_all_that_was_said(turns, further, tokens, last):
    """It is within the limit, it says whether it is cut, and what it leaves out cannot change it."""
    talk = [(name, " ".join(words)) for name, words in turns]
    everything, _ = shown(talk, "A", ContextLimit(last, 10**6))
    found, is_cut = shown(talk, "A", ContextLimit(last, tokens))
    assert len(found.split()) <= tokens
    assert is_cut == (len(everything.split()) > tokens)
    own = [piece for piece in found.split() if piece not in ROLES]
    assert own == [piece for piece in everything.split() if piece not in ROLES][-len(own) :] or not own
    if is_cut:
        before = [(name, " ".join(words)) for name, words in further]
        assert shown(before + talk, "A", ContextLimit(last and last + len(before), tokens)) == (found, True)


@pytest.mark.parametrize(
    "base",
    [
        WordTokeniser.train([WORDS]),
        CharacterTokeniser.train([WORDS]),
        SentencePieceTokeniser.train([WORDS] * 20, 600),
    ],
    ids=["word", "character", "sentencepiece"],
)
def test_no_text_can_spell_a_mark(base, tmp_path):
    tokeniser = MarkedTokeniser(base)
    for text in (*ROLES, " ".join(ROLES), "<own", "a <own> b"):
        assert not any(map(tokeniser.is_mark, tokeniser.encode(text)))
    marks = [tokeniser.mark(role) for role in range(len(ROLES))]
    assert sorted(set(marks)) == list(range(base.size, tokeniser.size))
    assert tokeniser.pieces(marks) == list(ROLES)
    ids = [marks[0], *tokeniser.encode("a b"), marks[1], *tokeniser.encode("c"), EOS]
    assert tokeniser.decode(ids[:-1]) in ("a b c", "a bc")
    assert len(tokeniser.pieces(ids)) == len(ids)
    words = tokeniser.word_index(ids)
    assert words[0] == 0
    assert words == sorted(words)
    assert words.count(words[ids.index(marks[1])]) == 1, "a mark is a word of its own"
    tokeniser.save(tmp_path, "shared")
    again = MarkedTokeniser(load_tokeniser(tmp_path, "shared"))
    assert again.size == tokeniser.size
    assert again.pieces(ids) == tokeniser.pieces(ids)
