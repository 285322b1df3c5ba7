"""Links as text and back, gold files of both kinds, and error rates worked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.pharaoh import aer, format_links, parse_links, read_alignments
from heedful.errors import UserError

LINKS = st.frozensets(st.tuples(st.integers(0, 31), st.integers(0, 31)), max_size=7)


@given(links=LINKS, one_based=st.booleans())
def test_links_survive_text(links, one_based):
    text = format_links(links, one_based=one_based)
    assert parse_links(text, one_based=one_based) == (links, links)


def test_possible_links_are_not_sure():
    assert parse_links("0-0 1p2") == ({(0, 0)}, {(0, 0), (1, 2)})
    assert parse_links("1-1 2p3", one_based=True) == ({(0, 0)}, {(0, 0), (1, 2)})
    assert format_links({(10, 0), (2, 1)}) == "2-1 10-0"


@pytest.mark.parametrize("text", ["1?2", "?1-2", "1-2?", "1-2p", "1p2", "1P2"])
def test_possible_links_of_other_tools_are_read(text):
    assert parse_links(f"0-0 {text}") == ({(0, 0)}, {(0, 0), (1, 2)})


def test_links_with_colons_are_told_how_to_write():
    with pytest.raises(UserError, match=r"'1:2' is not a link .*sed 's/:/-/g'"):
        parse_links("1:2")


@pytest.mark.parametrize(
    ("first", "name"),
    [
        ("# Sentence pair (1) source length 3 target length 3 alignment score : 0.1", "A3 format of GIZA"),
        ("<alignment>", "XML"),
        ("[[0, 0], [1, 2]]", "JSON"),
        ('{"sure": []}', "JSON"),
    ],
)
def test_formats_that_are_not_read_are_named(tmp_path, first, name):
    (tmp_path / "gold").write_text(f"\n{first}\n")
    with pytest.raises(UserError, match=f"gold: this is .*{name}.*, which is not read .convert it"):
        read_alignments(tmp_path / "gold")


@pytest.mark.parametrize("item", ["0", "0-", "a-b", "0:1", "0-1-2", "-1-2", "0-" + "1" * 5000])
def test_what_is_no_link(item):
    with pytest.raises(UserError, match=r"here:7: .* is not a link"):
        parse_links(f"0-0 {item}", where="here:7")


def test_counting_from_one_knows_no_zero():
    with pytest.raises(UserError, match="counted from 1"):
        parse_links("0-1", one_based=True)


def test_a_file_of_pharaoh_lines(tmp_path):
    path = tmp_path / "gold"
    path.write_text("0-0 1p1\n\n2-0\n")
    assert [found.sure for found in read_alignments(path)] == [{(0, 0)}, set(), {(2, 0)}]
    path.write_text("0-0\n0-0 x\n")
    with pytest.raises(UserError, match=r"gold:2: 'x' is not a link"):
        read_alignments(path)
    path.write_text("\n\n")
    with pytest.raises(UserError, match="no alignments"):
        read_alignments(path)


def test_a_file_of_numbered_links(tmp_path):
    path = tmp_path / "gold"
    path.write_text("0001 1 1 S\n0001 2 3 P\n3 1 2\n")
    assert read_alignments(path) == [({(0, 0)}, {(0, 0), (1, 2)}), (set(), set()), ({(0, 1)}, {(0, 1)})]
    path.write_text("1 1 1\n1 0 1\n")
    with pytest.raises(UserError, match=r"gold:2: .*counted from 1"):
        read_alignments(path)
    path.write_text("1 1 1\n0 1 1\n")
    with pytest.raises(UserError, match=r"gold:2: .* is not a link"):
        read_alignments(path)


def test_error_rates_by_hand():
    sure, possible = {(0, 0), (1, 1)}, {(0, 0), (1, 1), (1, 2)}
    assert aer([sure], [possible], [sure]) == 0
    assert aer([sure], [possible], [possible]) == pytest.approx(1 - (2 + 3) / (3 + 2))
    assert aer([sure], [possible], [{(0, 0), (2, 2)}]) == pytest.approx(1 - (1 + 1) / (2 + 2))
    assert aer([sure], [possible], [{(1, 2)}]) == pytest.approx(1 - (0 + 1) / (1 + 2))
    assert aer([sure], [possible], [set()]) == 1


def test_the_rate_is_of_the_corpus_not_a_mean():
    sure = [{(0, 0)}, {(i, i) for i in range(9)}]
    predicted = [{(5, 5)}, {(i, i) for i in range(9)}]
    assert aer(sure, sure, predicted) == pytest.approx(1 - 18 / 20)


@given(links=st.lists(st.tuples(LINKS, LINKS, LINKS), max_size=5))
def test_the_rate_lies_between_0_and_1(links):
    sure, more, predicted = zip(*links, strict=True) if links else ((), (), ())
    possible = [a | b for a, b in zip(sure, more, strict=True)]
    assert 0 <= aer(sure, possible, predicted) <= 1
    assert aer(sure, more, predicted) == aer(sure, possible, predicted)
    assert aer(sure, possible, sure) == 0


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="1 sure, 1 possible and 2 predicted"):
        aer([set()], [set()], [set(), set()])
