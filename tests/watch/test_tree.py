"""Trees drawn: every line where it belongs, wide characters aligned, nothing that could break the terminal."""

from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from heedful.data.tree import Tree, read_brackets
from heedful.watch.tree import PLAIN, draw_tree, save_tree_svg, tree_svg
from heedful.watch.words import ems, width


def tree(text: str) -> Tree:
    ((found, _),) = read_brackets([text], "here")
    return found


DOG = tree("(S (NP (DT the) (NN dog)) (VP (VBZ barks)) (. .))")


def test_upright() -> None:
    assert draw_tree(DOG).splitlines() == [
        "          S",
        "   ┌──────┴─┬────┐",
        "   NP       VP   .",
        " ┌─┴──┐     │    │",
        " DT   NN   VBZ   │",
        "the  dog  barks  .",
    ]


def test_on_its_side_where_it_is_too_wide() -> None:
    assert draw_tree(DOG, width=10) == ("S\n├─ NP\n│  ├─ DT the\n│  └─ NN dog\n├─ VP\n│  └─ VBZ barks\n└─ . .\n")
    assert draw_tree(DOG, width=10, lines=PLAIN).isascii()
    assert draw_tree(DOG, lines=PLAIN).isascii()


def test_a_leaf_without_a_tag_shows_its_word_only() -> None:
    bare = DOG.with_tags(lambda leaf: "")
    assert "∅" not in draw_tree(bare) + draw_tree(bare, width=5) + tree_svg(bare)
    assert "├─ the" in draw_tree(bare, width=5)


LEAF = st.builds(lambda word: Tree("NN", word=word), st.sampled_from(["a", "dog", "小红", "\x1b[2J", "extraordinary"]))
NODE = st.builds(lambda parts: Tree("NP", tuple(parts)), st.lists(LEAF, min_size=1, max_size=4))
TREE = st.recursive(
    LEAF | NODE,
    lambda part: st.builds(lambda parts: Tree("S", tuple(parts)), st.lists(part, min_size=1, max_size=4)),
    max_leaves=8,
)


@given(TREE)
def test_branches_meet_what_they_lead_to(one: Tree) -> None:
    """In columns of the terminal: under a branch stands a sign, all words stand on the last line, in their order."""
    rows = [_columns(line) for line in draw_tree(one, width=10**6).splitlines()]
    for above, below in pairwise(rows):
        for place, sign in enumerate(above):
            if sign in "│┌┐┬┼":
                assert place < len(below)
                assert below[place] != " "
    text = "".join(rows[-1]).replace("\0", "")
    assert text.split() == [word.replace("\x1b", "·") for word in one.words]


def _columns(line: str) -> list[str]:
    """One entry a column: a wide character fills two."""
    return [sign for letter in line for sign in (letter, *["\0"] * (width(letter) - 1))]


@given(TREE)
def test_svg_is_well_formed_and_has_every_word(one: Tree) -> None:
    root = ElementTree.fromstring(tree_svg(one, title="a < b"))
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert [text for text in texts if text not in ("S", "NP", "NN", "a < b")] == [
        word.replace("\x1b", "·") for word in one.words
    ]
    across = float(root.get("width", "0"))
    places = [float(node.get("x", "0")) for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert all(0 < place < across for place in places)


def test_svg_file(tmp_path: Path) -> None:
    save_tree_svg(DOG, path=tmp_path / "tree.svg")
    assert "barks" in (tmp_path / "tree.svg").read_text(encoding="utf-8")


def _middles(drawing: str) -> dict[str, float]:
    root = ElementTree.fromstring(drawing)
    return {one.text or "": float(one.attrib["x"]) for one in root.iter("{http://www.w3.org/2000/svg}text")}


def test_wide_letters_neither_meet_nor_leave_the_drawing() -> None:
    wide, other = "W" * 12, "M" * 12
    found = _middles(tree_svg(tree(f"(S (NN {wide}) (NN {other}))")))
    assert found[wide] - 13 * ems(wide) / 2 >= 0
    assert found[wide] + 13 * ems(wide) / 2 < found[other] - 13 * ems(other) / 2


def test_an_only_child_stands_straight_below_a_wide_label() -> None:
    found = _middles(tree_svg(tree("(S (WWWWWW-LONG (X a)) (VP (V b)))")))
    assert found["WWWWWW-LONG"] == found["X"] == found["a"]
    assert found["X"] - 13 * ems("WWWWWW-LONG") / 2 >= 0
    assert found["X"] + 13 * ems("WWWWWW-LONG") / 2 < found["VP"]
