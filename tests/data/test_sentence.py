"""Sentences end where a reader of English or Chinese says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.data import split_sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["I came.", "I saw!", "Did I win?", "Perhaps…", "Who knows"],
        ["Mr. Smith of the U.S. paid 3.5 million, i.e. too much.", "He was sad."],
        ['"Stop!" he said.', '"Why?"', "(She smiled.)", "They left."],
        ["He called it “done.”", "Nobody agreed."],
        ["He said no.", "See fig. 3 on p. 4 of Dr. No's book.", "It is at www.example.org/a.html now."],
        ["What?!", "No way...", "Yes."],
        ["Wait... what do you mean?", "Nothing."],
        ["the plot is thin .", "the acting , however , is not !", "go see it"],
        ["第一句。", "第二句！", "真的吗？", "好；", "是的……", "完"],
        ["他说：“好。”", "然后走了。", "（真的。）", "价格是3.5元。"],
        ["很好!", "下次再来?", "会的。"],
        ["质量不错……", "就是有点贵。"],
    ],
    ids=lambda sentences: sentences[0],
)
def test_sentences_end_at_their_marks(sentences: list[str]) -> None:
    chinese = any("\u4e00" <= letter <= "\u9fff" for letter in sentences[0])
    assert split_sentences(("" if chinese else " ").join(sentences)) == sentences


def test_a_text_of_several_lines_is_split_by_them_alone() -> None:
    assert split_sentences("One. Two.\n\n  Three!  \r\nfour\n") == ["One. Two.", "Three!", "four"]


def test_one_line_among_empty_ones_is_split_by_marks() -> None:
    assert split_sentences("\nOne. Two.\n\n") == ["One.", "Two."]


@pytest.mark.parametrize("text", ["", " \n\t\n ", "\n"])
def test_an_empty_text_has_no_sentences(text: str) -> None:
    assert split_sentences(text) == []


def test_a_sentence_that_is_too_long_is_cut() -> None:
    assert split_sentences("aa bb cc dd. ee", limit=6) == ["aa bb", "cc dd.", "ee"]
    assert split_sentences("长" * 7, limit=3) == ["长长长", "长长长", "长"]
    with pytest.raises(ValueError, match="limit is 0"):
        split_sentences("a", limit=0)


@given(st.text(alphabet="ab.!?…。；”\"' \n中A", max_size=60), st.integers(1, 9))
def test_nothing_is_lost_and_nothing_is_too_long(text: str, limit: int) -> None:
    sentences = split_sentences(text, limit)
    assert "".join("".join(sentences).split()) == "".join(text.split())
    assert all(0 < len(sentence) <= limit for sentence in sentences)


def test_a_very_long_text_takes_no_long_time() -> None:
    assert len(split_sentences("word " * 200_000)) == 1000
    assert len(split_sentences("A word. " * 100_000)) == 100_000
