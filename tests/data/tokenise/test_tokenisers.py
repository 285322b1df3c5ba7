"""What holds for every tokeniser, and what each adds to it."""

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.tokenise import (
    CharacterTokeniser,
    SentencePieceTokeniser,
    ShapedWordTokeniser,
    Tokeniser,
    WordTokeniser,
    load_tokeniser,
)
from heedful.errors import UserError
from heedful.shapes import BOS, EOS, PAD, UNK

TEXTS = [
    "The cat sat on the mat, didn't it?",
    'He said "yes" (twice) and paid $3.50.',
    "Zwei junge weiße Männer sind im Freien.",
    "我喜欢猫。他说：“你好！”",
    "a black-and-white dog from the U.S. runs",
] * 3
KINDS = {
    "word": lambda: WordTokeniser.train(TEXTS),
    "character": lambda: CharacterTokeniser.train(TEXTS),
    "unigram": lambda: SentencePieceTokeniser.train(TEXTS, 1000),
    "bpe": lambda: SentencePieceTokeniser.train(TEXTS, 1000, algorithm="bpe"),
}
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=23)


@cache
def trained(kind, lowercase):
    return kind.train(TEXTS, 1000, lowercase=lowercase)


@pytest.fixture(scope="module", params=KINDS)
def tokeniser(request):
    return KINDS[request.param]()


def test_it_keeps_the_protocol(tokeniser):
    assert isinstance(tokeniser, Tokeniser)
    assert tokeniser.pieces([PAD, BOS, EOS, UNK]) == ["<pad>", "<s>", "</s>", "<unk>"]


def test_known_text_comes_back(tokeniser):
    for text in TEXTS:
        ids = tokeniser.encode(text)
        assert tokeniser.decode(ids) == text
        assert tokeniser.decode([BOS, *ids, EOS, PAD, PAD]) == text
        assert not set(ids) & {PAD, BOS, EOS, UNK}


@given(texts=st.lists(ANY_TEXT, max_size=3))
def test_any_text_can_be_encoded(tokeniser, texts):
    many = tokeniser.encode_all(texts)
    assert many == [tokeniser.encode(text) for text in texts]
    for ids in many:
        assert all(UNK <= index < tokeniser.size for index in ids)
        assert len(tokeniser.pieces(ids)) == len(ids)
        assert isinstance(tokeniser.decode(ids), str)


@pytest.mark.parametrize("lowercase", [False, True])
@pytest.mark.parametrize("kind", [WordTokeniser, ShapedWordTokeniser, CharacterTokeniser, SentencePieceTokeniser])
@given(text=ANY_TEXT)
def test_there_is_something_typed_for_every_id(kind, lowercase, text):
    tokeniser = trained(kind, lowercase)
    typed = tokeniser.surface_pieces(text)
    assert len(typed) == len(tokeniser.encode(text))
    assert all(typed)


@pytest.mark.parametrize("kind", [WordTokeniser, ShapedWordTokeniser, CharacterTokeniser])
def test_what_was_typed_has_its_capitals_and_unknown_words(kind):
    tokeniser = kind.train(["a b a b"], lowercase=True)
    typed = tokeniser.surface_pieces("B Ω")
    assert [piece for piece in typed if piece != "▁"] == ["B", "Ω"]


@pytest.mark.parametrize("text", ["İ", "a İ\u0307 b", "ẞİ"])
def test_letters_that_fall_into_two_without_their_capitals_cost_no_alignment(text):
    for kind in (WordTokeniser, CharacterTokeniser):
        tokeniser = kind.train([text], lowercase=True)
        assert len(tokeniser.surface_pieces(text)) == len(tokeniser.encode(text))


@given(text=ANY_TEXT, end=st.booleans())
def test_word_indices_count_upwards_without_a_gap(tokeniser, text, end):
    ids = [*tokeniser.encode(text), *[EOS] * end]
    index = tokeniser.word_index(ids)
    assert len(index) == len(ids)
    assert index[:1] in ([], [0])
    assert all(after - before in (0, 1) for before, after in pairwise(index))
    if end and len(ids) > 1 and not text[-1:].isspace():
        assert index[-1] == index[-2] + 1


def test_saved_and_loaded_it_does_the_same(tokeniser, tmp_path):
    tokeniser.save(tmp_path, "source")
    again = load_tokeniser(tmp_path, "source")
    assert type(again) is type(tokeniser)
    assert again.size == tokeniser.size
    assert again.encode_all([*TEXTS, "új 新"]) == tokeniser.encode_all([*TEXTS, "új 新"])


@pytest.mark.parametrize("kind", [WordTokeniser, CharacterTokeniser, SentencePieceTokeniser])
@pytest.mark.parametrize("lowercase", [True, False])
def test_capitals_are_kept_unless_asked(kind, lowercase, tmp_path):
    kind.train(TEXTS, 1000, lowercase=lowercase).save(tmp_path, "a")
    tokeniser = load_tokeniser(tmp_path, "a")
    text = "Zwei Männer"
    assert tokeniser.decode(tokeniser.encode(text)) == (text.lower() if lowercase else text)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_text_gives_the_same_ids(kind, tokeniser):
    one, two = KINDS[kind](), KINDS[kind]()
    assert one.encode_all(TEXTS) == two.encode_all(TEXTS)
    assert one.pieces(range(one.size)) == two.pieces(range(two.size))


@pytest.mark.parametrize("kind", [WordTokeniser, CharacterTokeniser, SentencePieceTokeniser])
@pytest.mark.parametrize("texts", [[], [""], ["", "  "]])
def test_no_text_is_an_error(kind, texts):
    if kind is CharacterTokeniser and texts[-1:] == ["  "]:
        return  # blanks are characters
    with pytest.raises(UserError, match="no text"):
        kind.train(texts)


@pytest.mark.parametrize("kind", [WordTokeniser, CharacterTokeniser])
def test_the_commonest_pieces_are_kept(kind):
    tokeniser = kind.train(["b a b a c b"], 6)
    assert tokeniser.size == 6
    assert tokeniser.pieces([4, 5]) == (["b", "a"] if kind is WordTokeniser else ["▁", "b"])
    assert tokeniser.decode(tokeniser.encode("c")) == "<unk>"


@pytest.mark.parametrize("kind", [WordTokeniser, CharacterTokeniser, SentencePieceTokeniser])
def test_a_size_without_room_is_an_error(kind):
    with pytest.raises(UserError, match="special"):
        kind.train(TEXTS, 4)


def test_rare_words_can_be_left_out():
    assert WordTokeniser.train(["a b b"], min_count=2).pieces([4]) == ["b"]


def test_nothing_to_load(tmp_path):
    with pytest.raises(UserError, match=r"no tokeniser 'target' .*target\.model"):
        load_tokeniser(tmp_path, "target")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("", "JSON|line 1|Expecting"),
        ("[]", "JSON object"),
        ('{"kind": "word"}', "no list of pieces"),
        ('{"kind": "word", "pieces": ["a", 1]}', "no list of pieces"),
        ('{"kind": "word", "pieces": ["a", "a"]}', "twice"),
        ('{"kind": "wrod", "pieces": ["a"]}', "unknown kind 'wrod'"),
    ],
)
def test_a_damaged_vocabulary(tmp_path, content, word):
    (tmp_path / "a.vocab.json").write_text(content)
    with pytest.raises(UserError, match=word):
        load_tokeniser(tmp_path, "a")
