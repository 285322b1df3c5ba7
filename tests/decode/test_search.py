"""One search for any width: greedy's outputs for a width of one, the beam's for more."""

from typing import Any

import pytest

from heedful.decode import beam, greedy, search


def test_a_width_of_one_says_what_greedy_says(kit: Any) -> None:
    model = kit.translator(3)
    source, lengths = kit.sentences(3, rows=4, longest=5)
    found = search(model, model.encode(source, lengths), size=1, length_penalty=0.6, max_length=6)
    expected = greedy(model, model.encode(source, lengths), max_length=6)
    assert [[one.tokens for one in options] for options in found] == [[one.tokens] for one in expected]
    assert [options[0].score for options in found] == [one.log_probability for one in expected]


def test_a_wider_search_is_the_beam_with_its_penalties(kit: Any) -> None:
    model = kit.translator(3)
    source, lengths = kit.sentences(3, rows=4, longest=5)
    settings: Any = {"size": 3, "nbest": 2, "length_penalty": 0.6, "max_length": 6}
    found, expected = (
        search(model, model.encode(source, lengths), **settings),
        beam(model, model.encode(source, lengths), **settings),
    )
    of = [[(one.tokens, one.score) for one in options] for options in found]
    assert of == [[(one.tokens, one.score) for one in options] for options in expected]


def test_one_path_has_no_second_best(kit: Any) -> None:
    model = kit.translator(3)
    source, lengths = kit.sentences(3, rows=2, longest=4)
    with pytest.raises(ValueError, match="nbest is 2 and size 1"):
        search(model, model.encode(source, lengths), size=1, nbest=2, max_length=4)
