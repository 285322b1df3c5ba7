"""The oracle against numbers worked by hand."""

import math

import numpy as np
import pytest

from heedful.testing import oracle

Q = np.array([[1.0, 2.0]])
K = np.array([[3.0, 4.0], [0.0, 1.0]])


def test_scores_by_hand() -> None:
    # <(1,2),(3,4)> = 3 + 8 = 11 and <(1,2),(0,1)> = 2
    assert oracle.scores(Q, K, oracle.dot(1.0)) == pytest.approx(np.array([[11.0, 2.0]]))
    assert oracle.scores(Q, K, oracle.dot()) == pytest.approx(np.array([[11.0, 2.0]]) / math.sqrt(2))
    # q^T W = (1*1 + 2*0, 1*1 + 2*2) = (1, 5); (1,5).(3,4) = 23; (1,5).(0,1) = 5
    weight = np.array([[1.0, 1.0], [0.0, 2.0]])
    assert oracle.scores(Q, K, oracle.general(weight)) == pytest.approx(np.array([[23.0, 5.0]]))
    # |q| = sqrt 5, |k| = 5 and 1
    assert oracle.scores(Q, K, oracle.cosine()) == pytest.approx(np.array([[11 / (5 * 5**0.5), 2 / 5**0.5]]))
    assert oracle.scores(Q, K, oracle.cosine(3.0)) == pytest.approx(np.array([[33 / (5 * 5**0.5), 6 / 5**0.5]]))
    # 1*1 + 1*2 + 0*3 + 2*4 = 11; 3 + 0 + 2 = 5
    pair = oracle.concat(np.array([1.0, 1.0]), np.array([0.0, 2.0]))
    assert oracle.scores(Q, K, pair) == pytest.approx(np.array([[11.0, 5.0]]))
    # W q + b = 1 + 2 + 0.5 = 3.5 and U k = 4, 1, one hidden unit, v = 2
    pair = oracle.additive(np.array([[1.0, 1.0]]), np.array([0.5]), np.array([[0.0, 1.0]]), weight=np.array([2.0]))
    assert oracle.scores(Q, K, pair) == pytest.approx(np.array([[2 * math.tanh(7.5), 2 * math.tanh(4.5)]]))
    # row s of W: (1,0).(1,2) = 1 and (0,1).(1,2) = 2
    assert oracle.location(Q, 2, np.eye(2)) == pytest.approx(np.array([[1.0, 2.0]]))


def test_regions_drawn() -> None:
    def draw(mask: np.ndarray) -> list[str]:
        return ["".join("#" if seen else "." for seen in row) for row in mask]

    assert draw(oracle.everywhere(2, 3)) == ["###", "###"]
    assert draw(oracle.causal(3, 3)) == ["#..", "##.", "###"]
    assert draw(oracle.causal(2, 4)) == ["###.", "####"]  # the last query stands at the last key
    assert draw(oracle.causal(4, 2)) == ["..", "..", "#.", "##"]
    assert draw(oracle.window(3, 5, 1)) == [".###.", "..###", "...##"]
    assert draw(oracle.window(2, 5, 1, centre=[0, 3])) == ["##...", "..###"]
    assert draw(oracle.window(2, 5, 1, centre=[1.5, 4.5])) == [".##..", "....#"]
    assert draw(oracle.padding(2, 3, 1)) == ["#..", "#.."]


def test_gaussian_by_hand() -> None:
    # radius 2, so sigma 1: exp(-d^2 / 2) at distances 1.5, 0.5, 0.5
    gate = oracle.gaussian(3, [1.5], 2.0)
    assert gate == pytest.approx(np.array([[math.exp(-1.125), math.exp(-0.125), math.exp(-0.125)]]))


def test_choices_by_hand() -> None:
    row = np.array([math.log(1), math.log(3)])
    assert oracle.softmax()(row) == pytest.approx([1 / 4, 3 / 4])
    assert oracle.softmax(0.5)(row) == pytest.approx([1 / 10, 9 / 10])  # squares: 1 and 9
    assert oracle.argmax(np.array([2.0, 5.0, 5.0])) == pytest.approx([0, 1, 0])
    # sparsemax of (1, 0.5): tau = (1.5 - 1) / 2 = 0.25, so (0.75, 0.25); -3 stays out
    assert oracle.sparsemax(np.array([1.0, 0.5, -3.0])) == pytest.approx([0.75, 0.25, 0.0])
    # entmax-1.5 of (2, 0): (1 - tau)^2 + tau^2 = 1 for 0 - tau >= 0, so tau = 0: all on the first
    assert oracle.entmax15(np.array([2.0, 0.0])) == pytest.approx([1.0, 0.0])
    # of (0, 0): two equal shares, tau = -sqrt(1/2)
    assert oracle.entmax15(np.array([0.0, 0.0])) == pytest.approx([0.5, 0.5])
    # of (1, 0): gaps g and g + 1/2 with g^2 + (g + 1/2)^2 = 1: g = (sqrt 7 - 1) / 4
    gap = (math.sqrt(7) - 1) / 4
    assert oracle.entmax15(np.array([1.0, 0.0])) == pytest.approx([(gap + 0.5) ** 2, gap**2])
    assert oracle.topk(2)(np.array([math.log(1), 9.0, 9 - math.log(3)])) == pytest.approx([0, 3 / 4, 1 / 4])
    assert oracle.topk(5)(row) == pytest.approx([1 / 4, 3 / 4])


def test_attention_by_hand() -> None:
    scores = np.array([[0.0, math.log(3), 7.0], [1.0, 1.0, 1.0]])
    visible = np.array([[True, True, False], [False, False, False]])
    weights = oracle.align(scores, visible, oracle.softmax())
    assert weights == pytest.approx(np.array([[0.25, 0.75, 0.0], [0.0, 0.0, 0.0]]))
    value = np.array([[4.0], [8.0], [np.nan]])
    assert oracle.attend(weights, value) == pytest.approx(np.array([[7.0], [0.0]]))  # 1 + 6
    gate = np.array([[0.5, 1.0, 1.0], [1.0, 1.0, 1.0]])
    assert oracle.align(scores, visible, oracle.softmax(), gate=gate)[0] == pytest.approx([0.125, 0.75, 0.0])
    # H(1/4, 3/4) = ln 4 - 3/4 ln 3
    assert oracle.entropy(scores, visible) == pytest.approx([math.log(4) - 0.75 * math.log(3), 0.0])
    assert oracle.log_probability(scores, visible)[0, :2] == pytest.approx([-math.log(4), math.log(3 / 4)])


def test_the_oracle_can_disagree() -> None:
    # The oracle proves nothing if it agrees with everything: a scale forgotten, a causal mask one off, a softmax
    # over all keys and a gate normalised again are all told apart.
    assert oracle.scores(Q, K, oracle.dot()) != pytest.approx(oracle.scores(Q, K, oracle.dot(1.0)))
    assert (oracle.causal(3, 3) != oracle.visible(3, 3, lambda t, s: s < t)).any()
    scores, half = np.array([[0.0, 1.0]]), np.array([[True, False]])
    assert oracle.align(scores, half, oracle.softmax()) != pytest.approx(
        oracle.align(scores, ~half | half, oracle.softmax())
    )
    gate = np.array([[0.5, 0.25]])
    assert oracle.align(scores, half | ~half, oracle.softmax(), gate=gate).sum() < 0.5
