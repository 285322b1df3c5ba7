"""The dialog bAbI tasks: recognised among plain text, facts heard and never said, faults told by their line."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.dialogue import exchanges, read_contexts, read_dialogues
from heedful.errors import UserError

BOOKING = """1 hello\thow may i help
2 <SILENCE>\tapi_call rome six
3 rome_two R_phone rome_two_phone
4 rome_two R_rating 2
5 <SILENCE>\twhat about rome_two

1 a table in paris\tapi_call paris two
2 api_call no result
3 <SILENCE>\tthere is none
"""
WORD = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=5)


def write(path, text):
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def said(dialogue):
    return [(turn.speaker, turn.text) for turn in dialogue.turns]


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a"])
def test_facts_are_a_turn_of_their_own_speaker(tmp_path, name):
    first, second = read_dialogues([write(tmp_path / name, BOOKING)])
    assert said(first) == [
        ("user", "hello"),
        ("bot", "how may i help"),
        ("user", "<SILENCE>"),
        ("bot", "api_call rome six"),
        ("kb", "rome_two R_phone rome_two_phone rome_two R_rating 2"),
        ("user", "<SILENCE>"),
        ("bot", "what about rome_two"),
    ]
    assert said(second)[2] == ("kb", "api_call no result")
    assert [turn.where.rpartition(":")[2] for turn in first.turns] == ["1", "1", "2", "2", "3", "5", "5"]
    assert second.where == f"{tmp_path / name}:7"


def test_only_the_bots_turns_are_learnt_unless_another_is_named(tmp_path):
    found = read_dialogues([write(tmp_path / "a.txt", BOOKING)])
    assert {one.reply.speaker for one in exchanges(found)} == {"bot"}
    assert len(exchanges(found)) == 5
    assert {one.reply.speaker for one in exchanges(found, learn="user")} == {"user"}


@given(
    found=st.lists(st.lists(st.tuples(WORD, WORD), min_size=1, max_size=4), min_size=1, max_size=4),
    blank=st.integers(0, 2),
)
def test_a_number_that_begins_again_parts_dialogues_as_a_blank_line_does(tmp_path_factory, found, blank):
    blocks = ["".join(f"{n} {a}\t{b}\n" for n, (a, b) in enumerate(own, start=1)) for own in found]
    path = write(tmp_path_factory.mktemp("babi") / "a.txt", ("\n" * blank).join(blocks))
    read = [[turn.text for turn in one.turns] for one in read_dialogues([path])]
    assert read == [[text for pair in own for text in pair] for own in found]


@given(lines=st.lists(st.from_regex(r"[0-9]{1,2} [a-z ]{1,8}", fullmatch=True), min_size=1, max_size=6))
def test_text_without_tabs_stays_plain_text_whatever_numbers_it_holds(tmp_path_factory, lines):
    path = write(tmp_path_factory.mktemp("plain") / "a.txt", "\n".join(lines))
    (found,) = read_dialogues([path])
    assert said(found) == [("12"[place % 2], line.strip()) for place, line in enumerate(lines)]


def test_a_table_stays_a_table_whatever_numbers_it_holds(tmp_path):
    found = read_dialogues([write(tmp_path / "a.tsv", "1 hello\thi\n2 bye\tso long\n")])
    assert [said(one) for one in found] == [[("1", "1 hello"), ("2", "hi")], [("1", "2 bye"), ("2", "so long")]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("1 a\tb\nc\td\n", "a.txt:2: expected a number and a space before 'c\\td'"),
        ("1 a\tb\n3 c\td\n", "a.txt:2: expected number 2, or 1 to start another dialogue, found 3"),
        ("1 a\tb\n\n2 c\td\n", "a.txt:3: expected number 1, which starts a dialogue, found 2"),
        ("2 a\tb\n", "a.txt:1: expected number 1, which starts a dialogue, found 2"),
        ("1 a\tb\tc\n", "a.txt:1: expected one tab, between user and bot, found 2"),
        ("1 a\tb\n2 c d\n", "a.txt:2: expected a tab, or a fact of three words, found 'c d'"),
        ("1 a\tb\n2 c d e f\n", "a.txt:2: expected a tab, or a fact of three words, found 'c d e f'"),
        ("1 a\tb\n2 \n", "a.txt:2: expected a tab, or a fact of three words, found ''"),
        (
            "1 a\tb\n" + "9" * 5000 + " c\td\n",
            "a.txt:2: expected number 2, or 1 to start another dialogue, found 999",
        ),
    ],
)
def test_a_line_that_is_none_is_told(tmp_path, content, words):
    with pytest.raises(UserError) as told:
        read_dialogues([write(tmp_path / "a.txt", content)])
    assert words in str(told.value)


def test_contexts_are_what_stands_before_each_turn_of_the_bot(tmp_path):
    path = write(tmp_path / "a.txt.gz", BOOKING)
    found = list(read_contexts(path))
    assert found == [one.context for one in exchanges(read_dialogues([path]))]
    assert found[2][-1].text == "<SILENCE>"
