"""Beam search against enumeration, against a plain search in Python lists, and against replaying its outputs."""

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor

from heedful.decode import Hypothesis, beam, greedy
from heedful.shapes import EOS, take_rows

# Half of the time; the tests of tasks run the same functions with their shapes checked.
pytestmark = pytest.mark.usefixtures("unchecked_shapes")

WORDS = (3, 4, 5, 6)
PENALTIES = [(0.0, 0.0), (1.0, 0.0), (0.6, 0.4), (-0.5, 0.1), (2.0, 1.0)]


Penalty = tuple[float, float]


def worth(kit: Any, model: Any, source: Tensor, outputs: list[list[int]], penalty: Penalty) -> list[float]:
    """Scores of outputs from their definition; EOS stands among their tokens if it was said."""
    length_penalty, coverage = penalty
    return [
        one.log_probability / ((5 + len(heard)) / 6) ** length_penalty
        + coverage * one.attention.sum(0).clamp(1e-9, 1).log().sum().item()
        for heard, one in zip(outputs, kit.replay(model, source, len(source), outputs), strict=True)
    ]


def without_end(heard: list[int]) -> list[int]:
    return heard[:-1] if heard[-1] == EOS else heard


@pytest.mark.parametrize("penalty", PENALTIES)
def test_a_beam_wide_enough_finds_the_best_of_all(kit: Any, penalty: Penalty) -> None:
    model, longest = kit.translator(3, words=6), 4
    source, lengths = kit.sentences(3, rows=2, longest=3)
    found = beam(
        model,
        model.encode(source, lengths),
        size=128,
        nbest=7,
        length_penalty=penalty[0],
        coverage_penalty=penalty[1],
        max_length=longest,
    )
    outputs = [
        [*tokens, EOS] if count < longest else list(tokens)
        for count in range(longest + 1)
        for tokens in itertools.product((3, 4, 5), repeat=count)
    ]
    for row, length in enumerate(lengths.tolist()):
        scores = worth(kit, model, source[row, :length], outputs, penalty)
        best = sorted(range(len(scores)), key=lambda index: -scores[index])[:7]
        assert [one.tokens for one in found[row]] == [without_end(outputs[index]) for index in best]
        assert [one.score for one in found[row]] == pytest.approx([scores[index] for index in best], abs=1e-5)


def plain_beam(
    kit: Any, model: Any, source: Tensor, *, size: int, longest: int, penalty: Penalty
) -> tuple[list[int], float]:
    """The search of the docstring in lists, one sentence, never stopping for lack of hope."""
    live: list[list[int]] = [[]]
    finished: list[list[int]] = []
    for count in range(1, longest + 1):
        steps = [[*tokens, word] for tokens in live for word in (EOS, *WORDS)]
        ranked = sorted(
            zip(kit.replay(model, source, len(source), steps), steps, strict=True),
            key=lambda one: -one[0].log_probability,
        )
        ordered = [heard for _, heard in ranked]
        live = [heard for heard in ordered if heard[-1] != EOS][:size]
        finished += [heard for heard in ordered[:size] if heard[-1] == EOS]
        finished += live if count == longest else []
        if len(finished) >= size:
            break
    scores = worth(kit, model, source, finished, penalty)
    best = max(range(len(scores)), key=lambda index: scores[index])
    return without_end(finished[best]), scores[best]


@pytest.mark.parametrize(
    ("size", "penalty", "seeds"),
    [(2, (1.0, 0.0), (0, 1)), (3, (0.6, 0.4), (2, 7)), (2, (-1.0, 0.2), (4, 5)), (3, (3.0, 0.0), (8, 10))],
)
def test_stopping_early_loses_nothing(kit: Any, size: int, penalty: Penalty, seeds: tuple[int, ...]) -> None:
    for seed in seeds:
        model = kit.translator(seed)
        source, lengths = kit.sentences(seed, rows=2, longest=4)
        found = beam(
            model,
            model.encode(source, lengths),
            size=size,
            length_penalty=penalty[0],
            coverage_penalty=penalty[1],
            max_length=6,
        )
        for row, length in enumerate(lengths.tolist()):
            tokens, score = plain_beam(kit, model, source[row, :length], size=size, longest=6, penalty=penalty)
            assert found[row][0].tokens == tokens
            assert found[row][0].score == pytest.approx(score, abs=1e-5)


@pytest.mark.parametrize("longest", [1, 2, 13])
def test_outputs_are_what_the_model_says_of_them(kit: Any, model: Any, longest: int) -> None:
    source, lengths = kit.sentences(1)
    for row, group in enumerate(
        beam(model, model.encode(source, lengths), size=4, nbest=4, attention=True, max_length=longest)
    ):
        assert 1 <= len(group) <= 4
        assert len({tuple(one.tokens) for one in group}) == len(group)
        assert [one.score for one in group] == sorted((one.score for one in group), reverse=True)
        for one in group:
            assert set(one.tokens) <= set(WORDS)
            ended = len(one.tokens) < longest
            length = int(lengths[row])
            (again,) = kit.replay(model, source[row], length, [[*one.tokens, EOS] if ended else one.tokens])
            assert one.log_probability == pytest.approx(again.log_probability, abs=1e-4)
            count = len(one.tokens) + ended
            assert one.score == pytest.approx(one.log_probability / ((5 + count) / 6), abs=1e-5)
            if again.attention is None and one.tokens:
                assert one.attention is None
            elif one.tokens:
                assert one.attention.shape == (len(one.tokens), source.shape[1])
                expected = again.attention[: len(one.tokens)]
                torch.testing.assert_close(one.attention[:, :length], expected, atol=1e-5, rtol=1e-5)
                assert one.attention[:, length:].eq(0).all(), "padding is not looked at"


def test_a_beam_of_one_is_greedy(kit: Any, model: Any) -> None:
    source, lengths = kit.sentences(2, rows=7)
    for one, (other,) in zip(
        greedy(model, model.encode(source, lengths), max_length=13),
        beam(model, model.encode(source, lengths), size=1, length_penalty=0.0, max_length=13),
        strict=True,
    ):
        assert one.tokens == other.tokens
        assert one.log_probability == pytest.approx(other.log_probability, abs=1e-5)
        assert other.score == pytest.approx(other.log_probability)


def same(first: list[Hypothesis], second: list[Hypothesis]) -> bool:
    return [one.tokens for one in first] == [one.tokens for one in second]


def test_a_sentence_does_not_depend_on_the_batch(kit: Any, model: Any) -> None:
    source, lengths = kit.sentences(4, rows=7)
    together = beam(model, model.encode(source, lengths), size=3, nbest=3, max_length=11)
    for row, length in enumerate(lengths.tolist()):
        (alone,) = beam(
            model, model.encode(source[row : row + 1, :length], lengths[row : row + 1]), size=3, nbest=3, max_length=11
        )
        assert same(alone, together[row])


def test_sharing_a_memory_changes_nothing(kit: Any) -> None:
    model = kit.translator(5)
    source, lengths = kit.sentences(5, rows=7)
    shared = beam(model, model.encode(source, lengths), size=3, nbest=3, max_length=11)
    copied = beam(kit.Unshared(model), model.encode(source, lengths), size=3, nbest=3, max_length=11)
    assert all(map(same, shared, copied))


def test_finished_sentences_leave_the_batch_and_memory_is_not_copied(kit: Any) -> None:
    model = kit.translator(6)
    source, lengths = kit.sentences(6, rows=7)
    rows: list[tuple[int, int]] = []
    plain_step = model.step

    def step(token: Tensor, state: Any, memory: Any) -> Any:
        rows.append((token.shape[0], memory.keep.shape[0]))
        return plain_step(token, state, memory)

    model.step = step
    beam(model, model.encode(source, lengths), size=3, max_length=50)
    assert rows[0] == (7, 7)
    assert all(tokens == 3 * memory for tokens, memory in rows[1:])
    assert rows[-1][1] < 7
    assert sorted(rows[1:], reverse=True) == rows[1:]


def test_more_coverage_is_chosen_when_it_counts(kit: Any) -> None:
    model = kit.translator(7)
    source, lengths = kit.sentences(7, rows=7)

    def uncovered(weight: float) -> float:
        found = beam(
            model, model.encode(source, lengths), size=9, coverage_penalty=weight, attention=True, max_length=9
        )
        return sum((1 - one.attention.sum(0).clamp(max=1)).sum().item() for (one,) in found)

    assert uncovered(5.0) < uncovered(0.0)


def test_nothing_and_next_to_nothing(kit: Any, model: Any) -> None:
    memory = model.encode(torch.tensor([[EOS]]), torch.tensor([1]))
    assert beam(model, take_rows(memory, torch.empty(0, dtype=torch.long)), max_length=5) == []
    ((one,),) = beam(model, memory, attention=True, max_length=5)
    assert one.attention is None or one.attention.shape == (len(one.tokens), 1)


def test_gradients_are_not_made(kit: Any) -> None:
    model = kit.translator(8)
    source, lengths = kit.sentences(8)
    (first, *_) = beam(model, model.encode(source, lengths), attention=True, max_length=5)
    assert not first[0].attention.requires_grad


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"size": 2, "nbest": 3}, "nbest is 3"),
        ({"size": 0}, "size 0"),
        ({"max_length": 0}, "max_length is 0"),
        ({"coverage_penalty": -1.0}, "coverage penalty is"),
    ],
)
def test_impossible_numbers_are_refused(kit: Any, settings: dict[str, Any], word: str) -> None:
    model, (source, lengths) = kit.translator(1), kit.sentences(1)
    with pytest.raises(ValueError, match=word):
        beam(model, model.encode(source, lengths), **{"max_length": 5} | settings)


def test_coverage_needs_a_model_that_looks(kit: Any) -> None:
    model, (source, lengths) = kit.translator(1), kit.sentences(1)
    with pytest.raises(ValueError, match="no attention"):
        beam(kit.Blind(model), model.encode(source, lengths), coverage_penalty=0.1, max_length=5)
