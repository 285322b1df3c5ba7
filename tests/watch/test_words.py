"""How wide words are where the font is not known."""

import string

import pytest

from heedful.watch.words import ems, is_wide


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
