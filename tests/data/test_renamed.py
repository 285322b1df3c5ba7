"""Names of the previous release still work, and warn with the new one."""

import pytest

from heedful.data import dialogue, tree


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        (dialogue, "Spoken", "EncodedTurn"),
        (dialogue, "Window", "ContextLimit"),
        (dialogue, "by_turns", "alternating_turns"),
        (dialogue, "replier", "next_speaker"),
        (dialogue, "spoken", "encode_turns"),
        (tree, "Linear", "Lineariser"),
        (tree, "tidy", "clean_tree"),
    ],
)
def test_an_old_name_warns_and_works(module, old, new):
    with pytest.warns(DeprecationWarning, match=rf"{old} is deprecated .*: use {module.__name__}\.{new}$"):
        assert getattr(module, old) is getattr(module, new)
    assert old not in module.__all__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Widnow'"):
        dialogue.Widnow
