"""Maps as a page: tables and texts, each with its key, and nothing that words could break."""

from html.parser import HTMLParser

import torch

from heedful.watch import Map
from heedful.watch.page import page


class Spans(HTMLParser):
    """The classes, titles and texts of a page's words."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.inside = False

    def handle_starttag(self, tag, attrs):
        self.inside = tag == "span" and bool(dict(attrs).get("title"))
        if self.inside:
            self.found.append([dict(attrs)["class"], dict(attrs)["title"], ""])

    def handle_data(self, data):
        if self.inside:
            self.found[-1][2] += data
            self.inside = False


def words_of(text):
    spans = Spans()
    spans.feed(text)
    return spans.found


def test_one_row_is_text_whose_words_are_shaded():
    weights = torch.tensor([[0.2, 0.4, float("nan"), 0.0]])
    text = page([Map(weights, ("pos",), ("good", "<b>&", "x", "书"), "a <title>")], scale="map")
    assert words_of(text) == [
        ["b8", "0.200", "good"],
        ["b16", "0.400", "<b>&"],
        ["bn", "nan", "x"],
        ["b0 wide", "0.000", "书"],
    ]
    assert "<b>" not in text
    assert "a &lt;title&gt;" in text
    assert "</i> 0.4</p>" in text, "what the darkest shade stands for"


def test_chinese_characters_stand_close_and_words_apart():
    text = page([Map(torch.zeros(1, 5), ("",), ("good", "很", "好", "ok", "!"))])
    assert text.count("</span>\n<span") == 3
    assert text.count("</span><span") == 1


def test_sentences_are_one_section_with_one_key():
    han = [Map(torch.rand(1, 2), ("0.9",), ("a", "b"), "han"), Map(torch.rand(1, 2), ("0.1",), ("c", "d"))]
    text = page([*han, Map(torch.rand(2, 2), ("a", "b"), ("c", "d"))])
    assert text.count("<section>") == text.count('<p class="key">') == 2
    assert text.count("the heaviest of each") == 1
    assert text.count("<tr>") == 2 + 3


def test_nothing_to_look_at_says_so():
    assert "empty" in page([Map(torch.zeros(1, 0), ("x",), ())])


def test_a_weight_that_is_no_number_has_a_shade_of_its_own():
    text = page([Map(torch.tensor([[float("nan")], [0.0]]), ("a", "b"), ("c",))])
    assert '<td class="wn" title="nan">' in text
    assert '<td class="w0" title="0.000">' in text


def test_a_label_of_a_table_is_cut():
    assert "x" * 100 not in page([Map(torch.rand(2, 1), ("x" * 100, "b"), ("x" * 100,))])
