"""What words look like: the classes of those that were never seen."""

import pytest

from heedful.data.tokenise.shape import common_classes, word_classes, word_shape


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("dog", "lower"),
        ("Dog", "Capital"),
        ("USA", "CAPITALS"),
        ("1,000", "number"),
        ("3-D", "mixed-hyphen"),
        (".", "mark"),
        ("well-known", "lower-hyphen"),
        ("--", "mark"),
        ("A", "Capital"),
        ("小红", "lower"),
    ],
)
def test_shapes(word: str, kind: str) -> None:
    assert word_shape(word) == kind


def test_classes_from_fine_to_coarse() -> None:
    assert word_classes("Walking") == ["<Capital -ing>", "<Capital -ng>", "<Capital -g>", "<Capital >"]
    assert word_classes("a") == ["<lower >"]


def test_a_class_is_common_from_two_words_on_and_a_shape_from_one() -> None:
    assert common_classes(["walking", "talking", "Bill"], 2) == [
        "<Capital >",
        "<lower -g>",
        "<lower -ing>",
        "<lower -ng>",
        "<lower >",
    ]
