"""From texts to documents: cut where the settings say, labels told apart, strange ones told."""

import tracemalloc

import pytest

from heedful.data.document import UNLABELLED, as_document
from heedful.data.labelled import Labelled
from heedful.data.labels import class_numbers
from heedful.data.sentence import LONGEST
from heedful.data.tokenise import WordTokeniser
from heedful.errors import UserError
from heedful.task.classify.config import ClassifyConfig
from heedful.task.classify.task import Classify
from heedful.task.config import make_settings

TOKENISER = WordTokeniser.train(["one two three four . five six seven ."])
TEXT = "One two three. Four five. Six."


def texts(*labels):
    return [Labelled("x", label, f"f:{number}") for number, label in enumerate(labels, start=1)]


def find_labels(found):
    """The labels that training on these texts settles."""
    return Classify().settle(make_settings(ClassifyConfig), found).labels


def label_numbers(found, labels):
    return class_numbers(found, labels, "texts")


def words(document):
    return [TOKENISER.pieces(sentence) for sentence in document.sentences]


def test_a_text_is_its_sentences():
    document, is_cut = as_document("one two . Three four .", TOKENISER, longest=99, label=2)
    assert words(document) == [["one", "two", "."], ["<unk>", "four", "."]]
    assert (document.label, is_cut) == (2, False)


@pytest.mark.parametrize(("longest", "lengths"), [(1, [1]), (4, [4]), (5, [4, 1]), (7, [4, 3]), (8, [4, 3, 1])])
def test_a_text_is_cut_after_so_many_tokens_and_says_so(longest, lengths):
    document, is_cut = as_document(TEXT, TOKENISER, longest=longest)
    assert [len(sentence) for sentence in document.sentences] == lengths, "no sentence without words is left behind"
    assert is_cut


@pytest.mark.parametrize("longest", [9, 10])
def test_a_text_as_long_as_may_be_is_not_cut(longest):
    document, is_cut = as_document(TEXT, TOKENISER, longest=longest)
    assert [len(sentence) for sentence in document.sentences] == [4, 3, 2]
    assert not is_cut


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u3000"])
def test_an_empty_text_is_one_sentence_without_words(text):
    document, is_cut = as_document(text, TOKENISER, longest=5)
    assert document.sentences == [[]]
    assert not is_cut


@pytest.mark.parametrize("joint", [" ", "\n", ". ", ""], ids=["line", "lines", "sentences", "one word"])
def test_of_a_document_of_100000_words_no_more_is_kept_than_may_be_read(joint):
    class Counting(WordTokeniser):
        """Counts what it is asked to read."""

        characters = 0

        def encode(self, text):
            Counting.characters += len(text)
            return super().encode(text)

    tokeniser = Counting(TOKENISER._vocabulary)
    text = joint.join(["seven"] * 100_000)
    tracemalloc.start()
    document, is_cut = as_document(text, tokeniser, longest=50)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert is_cut
    assert document.length == 50
    assert Counting.characters <= 51 * LONGEST, "and no more is read"
    assert peak < 40 * len(text), "a few copies of the text, and its sentences"


def test_labels_that_are_numbers_come_in_their_order():
    assert find_labels(texts("10", "9", "neg", "-1", "Pos", "2.5")) == ("-1", "2.5", "9", "10", "Pos", "neg")


def test_one_label_is_nothing_to_tell_apart():
    with pytest.raises(UserError, match=r"f:1: all training texts have the label 'a'.*data\.label_column"):
        find_labels(texts("a", "a", "a"))


def test_known_labels_have_numbers_and_nothing_is_said():
    assert label_numbers(texts("b", "a", "b"), ("a", "b")) == ([1, 0, 1], None)


def test_a_label_that_training_has_not_shown_is_told_with_its_place():
    numbers, note = label_numbers(texts("b", "zebra", "a", "yak", "yak"), ("a", "b"))
    assert numbers == [1, UNLABELLED, 0, UNLABELLED, UNLABELLED]
    assert note is not None
    assert "3 of 5 texts" in note
    assert "'yak', 'zebra'; the first is f:2" in note
    assert "they count as errors" in note


def test_where_no_label_is_known_they_are_written_in_another_way():
    with pytest.raises(UserError, match=r"f:1: none of 2 texts has .*; the first is 'POS'.*'neg', 'pos'"):
        label_numbers(texts("POS", "NEG"), ("neg", "pos"))
