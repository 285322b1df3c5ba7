"""How wide words are where the font is not known."""

import string

import pytest

from heedful.watch.words import ems, fit, is_one_wide, is_wide, isolated, printable, signs, width

FAMILY, SCOTLAND, GERMANY = (
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "\U0001f1e9\U0001f1ea",
)
THUMB, HEART, KEYCAP, PLAIN = "\U0001f44d\U0001f3fd", "\u2764\ufe0f", "7\ufe0f\u20e3", "\U0001f600"
EMOJI = [FAMILY, SCOTLAND, GERMANY, THUMB, HEART, KEYCAP, PLAIN]


def test_a_font_wider_than_most_has_room_for_its_letters():
    font_manager = pytest.importorskip("matplotlib.font_manager")
    font = font_manager.get_font(font_manager.findfont("DejaVu Sans"))
    font.set_size(100, 72)
    for word in (*string.ascii_letters, *string.digits, "WWWWMMMM", "illicit", "Ärger", "déjà", "</s>", "...", "%@#"):
        font.set_text(word)
        wide = font.get_width_height()[0] / 64 / 100
        assert ems(word) >= wide - 0.02 * len(word), word


def test_chinese_characters_are_as_wide_as_high_and_accents_take_no_room():
    assert 2 <= ems("书。") <= 2.2
    assert ems("e\u0301") == ems("é") == ems("e")
    assert is_wide("书。")
    assert not is_wide("a书")


@pytest.mark.parametrize("emoji", EMOJI)
def test_an_emoji_is_one_sign_of_two_columns(emoji):
    assert printable(emoji) == emoji
    assert width(emoji) == 2
    assert width(f"a{emoji}书") == 5
    assert list(signs(f"a{emoji}{emoji}b")) == ["a", emoji, emoji, "b"]
    assert is_one_wide(emoji)
    assert 1 < ems(emoji) < 1.6


def test_a_label_is_cut_between_signs():
    assert fit(f"ab{FAMILY}{THUMB}cd", 5) == f"ab{FAMILY}…"
    assert fit(f"ab{FAMILY}{THUMB}cd", 4) == "ab …", "half an emoji is a blank"
    assert width(fit(GERMANY * 20, 18)) == 18
    assert fit(FAMILY, 2) == FAMILY


@pytest.mark.parametrize(
    "text", ["\u202eabc", "a\u200b", "\u200d", "a\u200d", "\u200dа", "a\u2066b\u2069", "\x1b[31m", "a\U000e0067"]
)
def test_what_could_move_or_hide_letters_is_a_dot(text):
    assert "·" in printable(text)
    assert all(letter.isprintable() for letter in printable(text))


@pytest.mark.parametrize("word", ["می\u200cخواهم", "क्\u200dष"])
def test_joiners_inside_words_stay(word):
    assert printable(word) == word
    assert width(word) == width(word.replace("\u200c", "").replace("\u200d", ""))


def test_labels_from_the_right_are_isolated_and_others_are_not():
    for word in ("كتاب", "ספר", "ab ספר"):
        assert isolated(word) == f"\u2068{word}\u2069"
        assert width(isolated(word)) == width(word)
    for word in ("book", "书", "</s>", PLAIN, "é"):
        assert isolated(word) == word
