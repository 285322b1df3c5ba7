"""Every format gives the same dialogues, speakers take turns where nobody names them, and faults are told by line."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.dialogue import Dialogue, Turn, exchanges, next_speaker, read_contexts, read_dialogues
from heedful.errors import UserError

TURN = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=7)


def write(path, text):
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def said(dialogue):
    return [(turn.speaker, turn.text) for turn in dialogue.turns]


def lines(*objects):
    return "".join(json.dumps(one) + "\n" for one in objects)


@given(found=st.lists(st.lists(TURN, min_size=1, max_size=5), min_size=1, max_size=4), blank=st.integers(1, 3))
def test_plain_text_and_jsonl_agree(tmp_path_factory, found, blank):
    folder = tmp_path_factory.mktemp("dialogues")
    plain = write(folder / "a.txt", ("\n" * (blank + 1)).join("\n".join(turns) for turns in found) + "\n" * blank)
    jsonl = write(folder / "a.jsonl.gz", lines(*({"turns": turns} for turns in found)))
    of_text, of_json = read_dialogues([plain]), read_dialogues([jsonl])
    assert list(map(said, of_text)) == list(map(said, of_json))
    assert [[turn.text for turn in one.turns] for one in of_text] == found


ROWS = [("how are you?", "fine"), ("and you, my dear?", "too")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", "context\treply\nhow are you?\tfine\nand you, my dear?\ttoo\n"),
        ("a.tsv", "how are you?\tfine\nand you, my dear?\ttoo\n"),
        ("a.csv", 'reply,id,context\nfine,1,how are you?\ntoo,2,"and you, my dear?"\n'),
        ("a.csv", 'how are you?,fine\n"and you, my dear?",too\n'),
        ("a.jsonl", lines(*({"context": context, "reply": reply} for context, reply in ROWS))),
        ("a.jsonl", lines(*({"context": [context], "reply": reply} for context, reply in ROWS))),
        ("a.jsonl", lines(*({"turns": row} for row in ROWS))),
        ("a.txt", "how are you?\nfine\n\nand you, my dear?\ntoo\n"),
    ],
)
def test_pairs_are_dialogues_of_two_turns(tmp_path, name, content):
    found = read_dialogues([write(tmp_path / name, content)])
    assert [said(one) for one in found] == [[("1", context), ("2", reply)] for context, reply in ROWS]
    assert [len(exchanges([one])) for one in found] == [1, 1]


def test_two_files_are_contexts_and_replies(tmp_path):
    contexts = write(tmp_path / "a.q", "how are you?\nand you, my dear?\n")
    replies = write(tmp_path / "a.a", "fine\ntoo\n")
    found = read_dialogues([contexts, replies])
    assert [said(one) for one in found] == [[("1", context), ("2", reply)] for context, reply in ROWS]


def test_speakers_may_be_named(tmp_path):
    turns = [{"speaker": "ann", "text": "hi "}, {"speaker": "ann", "text": "who?"}, {"speaker": "bob", "text": "me"}]
    named, answered = read_dialogues(
        [write(tmp_path / "a.jsonl", lines({"turns": turns}, {"context": turns, "reply": "ok"}))]
    )
    assert said(named) == [("ann", "hi"), ("ann", "who?"), ("bob", "me")]
    assert said(answered)[-1] == ("ann", "ok"), "the turn of the other one"
    assert [one.index for one in exchanges([named])] == [1, 2]
    assert [one.index for one in exchanges([named], learn="bob")] == [2]
    assert [one.index for one in exchanges([answered])] == [3], "a context is only read"


def test_a_context_ends_with_the_other_speaker(tmp_path):
    path = write(tmp_path / "a.jsonl", lines({"context": ["a", "b", "c", "d"], "reply": "e"}))
    assert said(read_dialogues([path])[0]) == [("2", "a"), ("1", "b"), ("2", "c"), ("1", "d"), ("2", "e")]


def test_a_turn_knows_its_place(tmp_path):
    plain = write(tmp_path / "a.txt", "\na\nb\n\n\nc\nd\n")
    assert [[turn.where for turn in one.turns] for one in read_dialogues([plain])] == [
        [f"{plain}:2", f"{plain}:3"],
        [f"{plain}:6", f"{plain}:7"],
    ]
    jsonl = write(tmp_path / "a.jsonl", "\n" + lines({"turns": ["a", "b"]}))
    assert read_dialogues([jsonl])[0].turns[1].where == f"{jsonl}:2, turn 2"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "a.jsonl:1: this is not JSON"),
        ("[1]", "expected an object with 'turns', or 'context' and 'reply'"),
        (lines({"turn": ["a"]}), "found 'turn'"),
        (lines({"turns": ["a"], "context": "b"}), "found both"),
        (lines({"turns": "a"}), "expected a list in 'turns', found 'a' (a list of"),
        (lines({"turns": ["a", 3]}), "a.jsonl:1, turn 2: expected text in 'turns', found 3"),
        (lines({"turns": ["a", {"speaker": "b", "text": "c"}]}), "turn 1 has no speaker, but others have one"),
        (
            lines({"turns": [{"name": "b", "text": "c"}]}),
            "expected 'speaker' and 'text' in a turn, found 'name', 'text'",
        ),
        (lines({"turns": [{"speaker": "b", "text": None}]}), "expected text in 'text', found None"),
        (lines({"context": "a"}), "there is a 'context' but no 'reply'"),
        (lines({"context": "a", "reply": ["b"]}), "expected text in"),
        ("", "the file is empty"),
    ],
)
def test_what_is_no_dialogue_is_told_by_its_line(tmp_path, content, words):
    with pytest.raises(UserError) as told:
        read_dialogues([write(tmp_path / "a.jsonl", content)])
    assert words in str(told.value)


def test_a_table_of_other_columns_is_no_dialogue(tmp_path):
    with pytest.raises(UserError, match=r"expected the columns 'context' and 'reply', found 'question', 'answer'"):
        read_dialogues([write(tmp_path / "a.tsv", "question\tanswer\na\tb\n")])


def test_tabs_in_plain_text_are_a_table_misnamed(tmp_path):
    with pytest.raises(UserError, match=r"a\.txt:2: there is a tab in the turn 'b\\tc' \(a file of context"):
        read_dialogues([write(tmp_path / "a.txt", "a\nb\tc\n")])


def test_three_files_are_too_many(tmp_path):
    path = write(tmp_path / "a.txt", "a\n")
    with pytest.raises(UserError, match="expected one or two files, got 3"):
        read_dialogues([path] * 3)


def test_nobody_has_that_name():
    dialogue = Dialogue((Turn("a", "anna"), Turn("b", "bernd")), "here")
    with pytest.raises(UserError, match=r"no speaker is called 'ana' \(did you mean 'anna'"):
        exchanges([dialogue], learn="ana")


def test_facts_of_a_dialogue_are_read_and_not_learnt_unless_asked_for():
    dialogue = Dialogue(tuple(Turn("a", name) for name in ("anna", "bernd", "kb", "anna")), "here")
    assert [one.index for one in exchanges([dialogue])] == [1, 3]
    assert [one.index for one in exchanges([dialogue], learn="kb")] == [2]


def test_contexts_wait_for_a_reply(tmp_path):
    plain = write(tmp_path / "a.txt", "hello\n\nwho?\n")
    assert [[turn.text for turn in turns] for turns in read_contexts(plain)] == [["hello"], [""], ["who?"]]
    found = [{"turns": ["a", "b"]}, {"context": "c", "reply": "not read"}, {"context": ["d"]}]
    jsonl = write(tmp_path / "a.jsonl", lines(*found))
    assert [[turn.text for turn in turns] for turns in read_contexts(jsonl)] == [["a", "b"], ["c"], ["d"]]
    for name, content in (("a.tsv", "id\treply\tcontext\n1\tno\te f\n"), ("b.tsv", "e f\n"), ("a.csv", "e f,no\n")):
        table = write(tmp_path / name, content)
        assert [[turn.text for turn in turns] for turns in read_contexts(table)] == [["e f"]]
    with pytest.raises(UserError, match=r"c\.tsv:1: expected the columns 'context', found 'question', 'id'"):
        list(read_contexts(write(tmp_path / "c.tsv", "question\tid\na\t1\n")))
    with pytest.raises(UserError, match=r"a\.jsonl:1: expected 'turns' or 'context', found 'text'"):
        list(read_contexts(write(tmp_path / "a.jsonl", lines({"text": "a"}))))


def test_who_is_to_reply():
    def turns(names):
        return [Turn("", name) for name in names]

    assert next_speaker(turns("ABA")) == "B"
    assert next_speaker(turns("ABCC")) == "B"
    assert next_speaker(turns(["A", "B", "kb", "A"])) == "B", "a source of facts does not reply"
    assert next_speaker(turns(["A", "B", "kb"])) == "A"
    assert next_speaker(turns(["kb"])) == "2"
    assert next_speaker(turns("A")) not in "A"
    assert next_speaker(turns("1")) == "2"
    assert next_speaker(turns("2")) == "1"
    assert next_speaker([]) == "2"
