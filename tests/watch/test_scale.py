"""What the darkest shade stands for: stated, chosen by name, and the same for a word however many tokens it has."""

import pytest
import torch

from heedful import UserError
from heedful.data.token_words import TokenWords, merge
from heedful.watch import Grid, Map, Slots, Words, load_maps, save_maps, svg
from heedful.watch.colour import shade
from heedful.watch.page import page
from heedful.watch.scale import check_scale, largest_of, shading

WEIGHTS = torch.tensor([[0.1, 0.3], [0.4, 0.2]])
AB = Words(["a", "b"])


@pytest.mark.parametrize(
    ("scale", "shares", "key"),
    [
        ("auto", [[0.1, 0.3], [0.4, 0.2]], "1  (largest 0.4)"),
        ("one", [[0.1, 0.3], [0.4, 0.2]], "1  (largest 0.4)"),
        ("map", [[0.25, 0.75], [1.0, 0.5]], "0.4"),
        ("global", [[0.25, 0.75], [1.0, 0.5]], "0.4"),
        ("row", [[1 / 3, 1.0], [1.0, 0.5]], "the largest of each row"),
        (0.8, [[0.125, 0.375], [0.5, 0.25]], "0.8  (largest 0.4)"),
    ],
)
def test_each_scale_has_its_darkest_shade_and_says_so(scale, shares, key):
    found = shading(WEIGHTS, AB, scale)
    torch.testing.assert_close(found.shares, torch.tensor(shares))
    assert found.key == key


def test_all_maps_of_a_file_share_the_global_scale(tmp_path):
    maps = [Map(WEIGHTS, ["x", "y"], AB), Map(2 * WEIGHTS, ["x", "y"], AB)]
    assert largest_of([(map_.weights, AB) for map_ in maps]) == pytest.approx(0.8)
    save_maps(maps, str(tmp_path / "out.svg"), scale="global")
    first, second = ((tmp_path / f"out-{i}.svg").read_text() for i in (1, 2))
    assert shade(0.5) in first
    assert f'fill="{shade(1.0)}"><title>' not in first
    assert f'fill="{shade(1.0)}"><title>' in second


def test_wide_tables_and_other_axes_are_not_shaded_from_0_to_1():
    wide = torch.full((3, 100), 0.01)
    wide[0, 5] = 0.02
    found = shading(wide, Words([f"w{i}" for i in range(100)]), "auto")
    assert found.shares.max() == pytest.approx(0.66, abs=0.01), "three times the mean is the darkest shade"
    assert shading(wide, Slots(100), "auto").shares.max() == 1
    assert shading(wide[:, :4], Grid(2, 2, (8, 8)), "auto").top == "0.01"


def test_what_is_no_number_is_nan_and_nothing_is_no_division():
    odd = torch.tensor([[float("nan"), float("inf"), 0.5], [0.0, 0.0, 0.0]])
    for scale in ("one", "map", "row", "global", "auto"):
        shares = shading(odd, Words("abc"), scale).shares
        assert shares.isnan().tolist() == [[True, True, False], [False] * 3]
        assert shares[1].tolist() == [0.0] * 3
    assert shading(torch.zeros(0, 2), AB, "row").shares.shape == (0, 2)
    assert shading(torch.zeros(2, 0), Words([]), "auto").shares.shape == (2, 0)


@pytest.mark.parametrize("scale", ["rows", 0.0, -1.0, float("nan"), float("inf")])
def test_another_scale_is_refused(scale):
    with pytest.raises(UserError, match="scale"):
        check_scale(scale)


def test_a_word_of_several_tokens_does_not_look_heavier():
    """The rule: a word's weight is the sum over its tokens, and its shade is that of its weight per token."""
    tokens = TokenWords(("year", "12", "."), ((0,), (1,), (1,), (2,)))
    rows = TokenWords(("x",), ((0,),))
    weights = merge(torch.full((1, 4), 0.25), rows, tokens)
    assert weights.tolist() == [[0.25, 0.5, 0.25]], "rows still sum to 1"
    assert tokens.axis.tokens == (1.0, 2.0, 1.0)
    found = shading(weights, tokens.axis, "one")
    assert found.shares.tolist() == [[0.25] * 3]
    assert found.key == "1  (largest 0.25, per token)"
    drawing = svg(weights, ["x"], tokens.axis)
    assert drawing.count(f'fill="{shade(0.25)}"') == 3
    assert "x → 12: 0.500" in drawing
    text = page([Map(weights, ["x"], tokens.axis)])
    assert len({line.split('"')[1] for line in text.split("<span ")[1:] if "title=" in line}) == 1


def test_a_token_of_several_words_does_not_make_them_heavier():
    tokens = TokenWords(("学", "生", "</s>"), ((0, 1), (2,)))
    assert tokens.axis.tokens is None
    assert tokens.axis == Words(["学", "生", "</s>"])


@pytest.mark.parametrize("suffix", [".npz", ".jsonl"])
def test_the_tokens_of_words_come_back_from_files(tmp_path, suffix):
    map_ = Map(torch.tensor([[0.25, 0.75]]), ["x"], Words(["a", "bc"], [1, 2]), "title", heading="3: a bc")
    save_maps([map_], tmp_path / f"out{suffix}")
    (read,) = load_maps(str(tmp_path / f"out{suffix}"))
    assert read.columns == map_.columns
    assert (read.heading, read.title) == ("3: a bc", "title")


@pytest.mark.parametrize("tokens", [[1], [0, 1], [1, float("nan")], [1, 2, 3]])
def test_tokens_that_do_not_fit_the_words_are_refused(tokens):
    with pytest.raises(ValueError, match="2 words have tokens"):
        Words(["a", "b"], tokens)
