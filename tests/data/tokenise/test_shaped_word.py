"""Rare words, known by shape and ending."""

from heedful.data.tokenise import ShapedWordTokeniser, WordTokeniser, load_tokeniser

SEEN = ["Who won in 1985 ?", "Anna won in 2001 , Martha won never ."]


def test_unknown_words_are_known_by_shape_and_ending():
    words = ShapedWordTokeniser.train(SEEN, lowercase=True)
    ids = words.encode("Ella WON in 1066 and Bertha never")
    assert words.pieces(ids) == ["<Capital -a>", "won", "in", "0000", "<lower >", "<Capital -a>", "<lower >"]
    plain = WordTokeniser.train(SEEN, lowercase=True, min_count=2)
    assert plain.pieces(plain.encode("Ella won in 1066")) == ["<unk>", "won", "in", "<unk>"]


def test_shapes_come_back_from_the_file(tmp_path):
    words = ShapedWordTokeniser.train(SEEN, lowercase=True)
    words.save(tmp_path, "text")
    again = load_tokeniser(tmp_path, "text")
    assert again.encode("Ella won in 1066") == words.encode("Ella won in 1066")
