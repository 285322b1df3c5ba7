"""What two texts have in common, counted by hand; saved and read again."""

import math

import pytest

from heedful.data.overlap import FAMILIES, InverseDocumentFrequency, Overlap
from heedful.errors import UserError

PAIRS = [("The cat sat.", "A cat sat down."), ("two dogs", "the 2 dogs"), ("one", "the other")]


def raw(family: str, left: str, right: str) -> list[float]:
    return Overlap.learn(PAIRS, [family]).raw(left, right)


def test_shares_of_words_and_runs():
    assert raw("words", "the cat sat", "the dog") == pytest.approx([1 / 3, 1 / 2])
    assert raw("bigrams", "a b c", "x a b") == pytest.approx([1 / 2, 1 / 2])
    assert raw("trigrams", "a b", "a b") == [0.0, 0.0]
    assert raw("words", "", "a") == [0.0, 0.0]


def test_rare_words_weigh_more():
    # Of six texts "the" is in three, "cat" and "dogs" in two, the others in one, which is as rare as none.
    the, rare = math.log(7 / 4), math.log(7 / 1)
    assert raw("rare", "the zebra", "zebra")[0] == pytest.approx(rare / (rare + the))
    assert raw("rare", "the zebra", "the lion")[0] == pytest.approx(the / (rare + the))
    assert InverseDocumentFrequency.learn([{"a"}, {"a", "b"}]).counts == {"a": 2}


def test_inflected_forms_have_parts_in_common():
    share = raw("parts", "walking", "walked")[0]
    assert 0 < share < raw("parts", "walking", "walking")[0] == 1.0


def test_numbers_and_lengths():
    assert raw("numbers", "in 1995 for 2", "in 1995") == [0.0, 0.0, 1.0]
    assert raw("numbers", "none", "neither") == [1.0, 1.0, 1.0]
    assert raw("lengths", "a b c", "a") == pytest.approx([math.log(4), math.log(2), math.log(2)])


def test_features_are_in_standard_deviations_and_bounded():
    found = Overlap.learn(PAIRS, tuple(FAMILIES))
    rows = list(zip(*(found.features(*pair) for pair in PAIRS), strict=True))
    assert len(rows) == found.size
    assert all(abs(sum(row)) < 1e-6 for row in rows)
    assert max(map(abs, found.features("x " * 10_000, "y"))) <= 5.0
    assert Overlap.learn(PAIRS, ()).features("a", "b") == ()


def test_what_was_saved_counts_alike(tmp_path):
    learnt = Overlap.learn(PAIRS, tuple(FAMILIES))
    learnt.save(tmp_path, "overlap")
    assert Overlap.load(tmp_path, "overlap").features("the cat", "a cat 2") == learnt.features("the cat", "a cat 2")


@pytest.mark.parametrize(
    "content", ["{}", '{"families": ["words"], "means": [], "spreads": [], "rare": {}}', "[]", "{"]
)
def test_a_damaged_file(tmp_path, content):
    (tmp_path / "overlap.json").write_text(content)
    with pytest.raises(UserError, match="damaged"):
        Overlap.load(tmp_path, "overlap")


def test_an_unknown_family():
    with pytest.raises(UserError, match=r"'wrods'.*did you mean 'words'"):
        Overlap.learn(PAIRS, ["wrods"])
