"""The parser: whatever its weights, trees over the words; the same alone and together, saved and loaded."""

from pathlib import Path
from typing import Any

import pytest
import torch

import heedful
from heedful.data.batch import pad_sources
from heedful.data.tree import Tree, read_trees
from heedful.decode import Bracketing, greedy
from heedful.errors import UserError
from heedful.task.config import make_settings
from heedful.task.parse.config import ParseConfig
from heedful.task.parse.evaluate import evaluate, flat
from heedful.task.parse.models import MODELS

SENTENCES = ["The dog sees a cat.", "", "John runs", "zebras ( 42 ) jumping quickly over the lazy U.S. dog -- again !"]


@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize("name", MODELS.names)
@pytest.mark.parametrize("beam", [1, 3])
def test_every_answer_is_a_tree_over_its_words(make_parser: Any, name: str, beam: int) -> None:
    parser = make_parser(name)
    with torch.no_grad():
        for parameter in parser.model.parameters():
            parameter.copy_(torch.randn_like(parameter))
    found = parser.predict(SENTENCES, beam=beam)
    assert [one.words for one in found][1:3] == [(), ("John", "runs")]
    assert found[0].words == ("The", "dog", "sees", "a", "cat", ".")
    for one in found:
        assert (one.tree is None) == (not one.words)
        if one.tree is not None:
            assert one.tree.words == one.words
            assert all(node.label for node in one.tree.nodes())
            looks = name != "sutskever"
            with pytest.deprecated_call(match=r"use Parse\.map"):
                assert one.seen is one.map
            assert (one.map is not None) == looks
            if one.map is not None:
                assert list(one.map.rows) == list(one.symbols)
                assert list(one.map.columns) == [*one.words, "</s>"]
                torch.testing.assert_close(one.map.weights.sum(-1), torch.ones(len(one.symbols)))


@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize("name", MODELS.names)
def test_an_answer_does_not_depend_on_its_neighbours(make_parser: Any, name: str) -> None:
    parser = make_parser(name)
    together = parser.predict(SENTENCES)
    for text, one in zip(SENTENCES, together, strict=True):
        (alone,) = parser.predict([text])
        assert alone.symbols == one.symbols
        assert alone.score == pytest.approx(one.score, abs=1e-4)


def test_where_it_looks_is_in_the_order_of_the_sentence(make_parser: Any) -> None:
    """Reversed or not, a column is its word's: the map of what search saw, turned back."""
    parser = make_parser("grammar-lstm")
    assert parser.config.data.reverse
    words = ["the", "dog", "runs"]
    ids = parser.symbols.ids(Tree("S", (Tree("XX", word="a"),) * 3))
    (seen,) = parser.maps([words], [ids])
    source, lengths = pad_sources([parser.source_ids(words)])
    rule = Bracketing(parser.symbols.brackets(), lengths - 1)
    (found,) = greedy(
        parser.model, parser.model.encode(source, lengths), constraint=rule, attention=True, max_length=28
    )
    (again,) = parser.maps([words], [found.tokens])
    assert found.attention is not None
    turned = torch.cat([found.attention[:, :-1].flip(-1), found.attention[:, -1:]], dim=-1)
    torch.testing.assert_close(again.weights, turned, atol=1e-5, rtol=1e-4)
    assert seen.weights.shape == (5, 4)


def test_saved_and_loaded_it_says_the_same(make_parser: Any, tmp_path: Path) -> None:
    parser = make_parser("guided-lstm", data={"tags": "all"})
    parser.save(tmp_path / "run")
    again = heedful.load(tmp_path / "run")
    assert [one.symbols for one in again.predict(SENTENCES)] == [one.symbols for one in parser.predict(SENTENCES)]
    assert again.symbols.linear.kept is None
    with pytest.raises(UserError, match="training has fixed that"):
        heedful.task.load(tmp_path / "run", settings={"data": {"tags": "none"}})


def test_a_long_sentence_is_cut_and_says_so(make_parser: Any) -> None:
    parser = make_parser(decode={"longest_source": 3})
    (one,) = parser.predict(["the dog sees a cat"])
    assert one.is_cut
    assert one.tree is not None
    assert one.tree.words == ("the", "dog", "sees")


def test_evaluation_counts_what_was_cut(make_parser: Any, files: Path) -> None:
    gold = read_trees([files])
    for parser in (make_parser(), make_parser(decode={"longest_source": 2})):
        found = evaluate(parser, gold)
        assert found["well_formed"] == 1.0
        assert found["sentences"] == 4
        assert 0 <= found["bracket_f1"] <= 100


def test_what_is_no_tree_counts_as_flat(make_parser: Any, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the constraint an untrained model says anything: it is counted, and scored as a flat tree."""
    from heedful.decode import Hypothesis

    parser, gold = make_parser(), read_trees([files])
    monkeypatch.setattr(parser, "search", lambda sources, size: [Hypothesis([4, 4], 0.0, 0.0, None) for _ in sources])
    found = evaluate(parser, gold)
    assert found["well_formed"] == 0.0
    assert found["bracket_precision"] == 100.0  # S over all words is in every gold tree
    assert found["bracket_f1"] < 60
    assert str(flat(["a", "b"])) == "(S (XX a) (XX b))"


def test_words_split_at_blanks(make_parser: Any) -> None:
    parser = make_parser(data={"split": "blanks"})
    assert parser.predict(["The dog."])[0].words == ("The", "dog.")
    assert parser.predict([["The", "dog", "."]])[0].words == ("The", "dog", ".")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"data": {"reverse": True}}, "uses the position of the next word"),
        ({"model": "transformer", "data": {"reverse": True}}, "uses the position"),
        ({"model": "gramar-lstm"}, "did you mean 'grammar-lstm'"),
        ({"data": {"tags": "some"}}, "data.tags"),
    ],
)
def test_settings_that_do_not_fit(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        make_settings(ParseConfig, given)
