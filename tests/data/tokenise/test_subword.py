"""Pieces lose nothing but runs of blanks, small texts give small vocabularies, and damage is named."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.tokenise import SentencePieceTokeniser, load_tokeniser
from heedful.errors import UserError
from heedful.shapes import EOS, UNK

TEXTS = [f"the {colour} {thing} is here" for colour in ("red", "green", "blue") for thing in ("book", "boat", "bottle")]


@pytest.fixture(scope="module")
def pieces():
    return SentencePieceTokeniser.train(TEXTS, 1000, algorithm="bpe")


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="▁"), max_size=23))
def test_no_character_is_unknown(pieces, text):
    ids = pieces.encode(text)
    assert UNK not in ids
    assert pieces.decode(ids) == " ".join(text.split())


def test_a_special_id_ends_a_word(pieces):
    inside = next(i for i in range(4, pieces.size) if not pieces.pieces([i])[0].startswith(("▁", "<")))
    assert pieces.word_index([inside, inside, EOS, inside, inside]) == [0, 0, 1, 2, 2]


def test_a_word_starts_at_its_blank(pieces):
    ids = pieces.encode("the red zygote")
    shown = pieces.pieces(ids)
    index = pieces.word_index([*ids, EOS])
    words = ["".join(piece for piece, word in zip(shown, index, strict=False) if word == number) for number in range(3)]
    assert words[:2] == ["▁the", "▁red"]
    assert words[2].startswith("▁")
    assert index[-1] == 3
    assert len(ids) > 3


@pytest.mark.parametrize("algorithm", ["unigram", "bpe"])
def test_a_small_text_gives_fewer_pieces(algorithm):
    small = SentencePieceTokeniser.train(TEXTS, 8000, algorithm=algorithm)
    assert 260 < small.size < 1000
    assert max(small.encode(" ".join(TEXTS))) < small.size


def test_many_characters_do_not_crowd_out_the_pieces():
    texts = ["".join(chr(0x4E00 + 7 * i) for i in range(1500)), *["你好世界"] * 50]
    tokeniser = SentencePieceTokeniser.train(texts, 600)
    assert tokeniser.size <= 600
    assert tokeniser.decode(tokeniser.encode(texts[0])) == texts[0]


def test_joint_pieces_serve_both_languages():
    joint = SentencePieceTokeniser.train([*TEXTS, "das rote Buch ist hier"] * 3, 600, algorithm="bpe")
    assert max(len(joint.encode(text)) for text in ("the red book", "das rote Buch")) <= 6


def test_training_is_silent(capfd):
    SentencePieceTokeniser.train(TEXTS, 600)
    out = capfd.readouterr()
    assert out.out == out.err == ""


def test_an_unknown_algorithm():
    with pytest.raises(UserError, match=r"unknown algorithm 'unigramm' .*did you mean 'unigram'"):
        SentencePieceTokeniser.train(TEXTS, 1000, algorithm="unigramm")


@pytest.mark.parametrize("size", [5, 300])
def test_too_few_pieces(size):
    with pytest.raises(UserError, match=f"{size} pieces are too few"):
        SentencePieceTokeniser.train(TEXTS, size)


@pytest.mark.parametrize("content", [b"", b"garbage", None])
def test_a_damaged_model(pieces, tmp_path, content, capfd):
    pieces.save(tmp_path, "a")
    model = tmp_path / "a.model"
    model.write_bytes(model.read_bytes()[:-50] if content is None else content)
    with pytest.raises(UserError, match=r"a\.model: this tokeniser is damaged"):
        load_tokeniser(tmp_path, "a")


def test_a_model_with_other_ids(tmp_path):
    import io

    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS), model_writer=model, vocab_size=40, hard_vocab_limit=False, minloglevel=2
    )
    (tmp_path / "a.model").write_bytes(model.getvalue())
    with pytest.raises(UserError, match="ids 0 to 3 are <unk>, <s>, </s>"):
        load_tokeniser(tmp_path, "a")


def test_it_travels_between_processes(pieces):
    for again in (pickle.loads(pickle.dumps(pieces)), copy.deepcopy(pieces)):
        assert again.encode(TEXTS[0]) == pieces.encode(TEXTS[0])
