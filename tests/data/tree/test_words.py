"""Words: what was seen has its own id, what was not has a class, and both share features."""

from pathlib import Path

import pytest

from heedful.data.tree.words import KnownWords
from heedful.errors import UserError
from heedful.shapes import UNK

TEXT = [
    ["The", "walking", "dog", "saw", "61", "talking", "cats", "."],
    ["A", "dog", "sleeping", "in", "62", "parks", "."],
]


@pytest.fixture
def words() -> KnownWords:
    return KnownWords.train(TEXT)


def test_known_words_have_ids_of_their_own(words: KnownWords) -> None:
    ids = words.ids(["dog", "cats", "The", "."])
    assert words.pieces(ids) == ["dog", "cats", "The", "."]
    assert words.ids(["61"]) == words.ids(["99"])
    assert words.knows("dog")
    assert not words.knows("cat")


def test_an_unknown_word_has_the_finest_class_that_was_seen(words: KnownWords) -> None:
    assert words.pieces(words.ids(["jumping", "birds", "zebra"])) == ["<lower -ing>", "<lower -s>", "<lower >"]


def test_a_shape_never_seen_is_known_by_nothing(words: KnownWords) -> None:
    assert words.ids(["USA"]) == [UNK]


def test_a_word_and_its_class_share_their_features(words: KnownWords) -> None:
    features = words.features()
    known, kind, other = (features[index].tolist() for index in words.ids(["walking", "jumping", "dog"]))
    assert known == kind
    assert known != other
    assert known[0] == other[0] >= 0
    assert features[UNK].tolist() == [-1] * 4


def test_what_training_hides(words: KnownWords) -> None:
    hidden, rate = words.class_ids(), words.masking_rates(0.5)
    (dog, cats, zebra) = words.ids(["dog", "talking", "zebra"])
    assert words.pieces(hidden[[dog, cats, zebra]].tolist()) == ["<lower -g>", "<lower -ing>", "<lower >"]
    assert rate[[dog, cats, zebra]].tolist() == pytest.approx([0.5 / 2.5, 0.5 / 1.5, 0.0])
    assert rate[:4].eq(0).all()
    assert words.masking_rates(0.0).eq(0).all()


def test_saved_and_loaded(words: KnownWords, tmp_path: Path) -> None:
    words.save(tmp_path, "source")
    again = KnownWords.load(tmp_path, "source")
    assert again.size == words.size
    assert again.ids(["dog", "jumping"]) == words.ids(["dog", "jumping"])
    assert again.masking_rates(0.5).tolist() == words.masking_rates(0.5).tolist()
    path = tmp_path / "source.words.json"
    path.write_text(path.read_text().replace('"counts": [', '"counts": [7, '))
    with pytest.raises(UserError, match="numbers of pieces and counts differ"):
        KnownWords.load(tmp_path, "source")


def test_no_words() -> None:
    with pytest.raises(UserError, match="no word to learn from"):
        KnownWords.train([[]])
