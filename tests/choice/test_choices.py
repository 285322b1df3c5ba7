"""Choices: known values, ties, exact zeros, and what is drawn."""

import math
from collections.abc import Iterator

import jaxtyping
import pytest
import torch

from heedful.attention import attend
from heedful.choice import (
    Argmax,
    Entmax15,
    Gumbel,
    Hard,
    Selection,
    Soft,
    Sparse,
    Sparsemax,
    StraightThrough,
    TopK,
    moving_baseline,
    reinforce,
)
from heedful.score import Cosine


@pytest.fixture
def as_users_have_it() -> Iterator[None]:
    """Without the annotations' run-time checks: the errors that a user meets."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


ROW = torch.tensor([[0.0, math.log(3), -9.0]])


def test_soft_by_hand() -> None:
    visible = torch.tensor([[True, True, False]])
    torch.testing.assert_close(Soft()(ROW, visible), torch.tensor([[0.25, 0.75, 0.0]]))
    torch.testing.assert_close(Soft(0.5)(ROW, visible), torch.tensor([[0.1, 0.9, 0.0]]))  # 1 : 3^2


def test_soft_tends_to_argmax_and_to_the_mean() -> None:
    torch.testing.assert_close(Soft(1e-3)(ROW), Hard()(ROW))
    torch.testing.assert_close(Soft(1e9)(ROW), torch.full((1, 3), 1 / 3))
    tied = torch.tensor([[5.0, 5.0, 0.0]])
    torch.testing.assert_close(Soft(1e-3)(tied), torch.tensor([[0.5, 0.5, 0.0]]))


def test_argmax_takes_the_first_of_equals() -> None:
    assert Hard()(torch.tensor([[1.0, 5.0, 5.0]])).tolist() == [[0.0, 1.0, 0.0]]
    assert Hard()(torch.tensor([[9.0, 5.0, 5.0]]), torch.tensor([[False, True, True]])).tolist() == [[0.0, 1.0, 0.0]]


def test_sparsemax_by_hand() -> None:
    # (1, 0.5, -3): tau = (1 + 0.5 - 1) / 2 = 0.25
    found = Sparse(Sparsemax())(torch.tensor([[1.0, 0.5, -3.0]]))
    torch.testing.assert_close(found, torch.tensor([[0.75, 0.25, 0.0]]))
    assert found[0, 2] == 0


def test_entmax_by_hand() -> None:
    # (1, 0): gaps g and g + 1/2 with squares that sum to 1, g = (sqrt 7 - 1) / 4; (2, 0): all on the first.
    gap = (math.sqrt(7) - 1) / 4
    found = Sparse(Entmax15())(torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 0.0]]))
    torch.testing.assert_close(found, torch.tensor([[(gap + 0.5) ** 2, gap**2], [1.0, 0.0], [0.5, 0.5]]))


def test_entmax_lies_between_softmax_and_sparsemax() -> None:
    scores = torch.randn(101, 11) * 2
    zeros = [int((choice(scores) == 0).sum()) for choice in (Soft(), Sparse(Entmax15()), Sparse(Sparsemax()))]
    assert zeros[0] == 0 < zeros[1] < zeros[2]


def test_top_k_by_hand() -> None:
    scores = torch.tensor([[math.log(1), 9.0, 9.0 - math.log(3), 0.5]])
    torch.testing.assert_close(Sparse(TopK(2))(scores), torch.tensor([[0.0, 0.75, 0.25, 0.0]]))
    torch.testing.assert_close(Sparse(TopK(1))(scores), Hard()(scores))
    torch.testing.assert_close(Sparse(TopK(9))(scores), Soft()(scores))
    one = torch.tensor([[True, False, False, False]])
    assert Sparse(TopK(2))(scores, one).tolist() == [[1.0, 0.0, 0.0, 0.0]]


@pytest.mark.parametrize("rule", [Sparsemax(), Entmax15()])
def test_sparse_rules_of_many_keys_and_large_scores(rule) -> None:
    scores = torch.cat([torch.randn(5, 1009) * 1e4, torch.zeros(5, 1009), torch.randn(5, 1009) * 1e-6])
    weights = Sparse(rule)(scores)
    assert weights.isfinite().all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(15), rtol=0, atol=2e-5)


def test_sparse_gradients_stay_on_the_support() -> None:
    for rule in (Sparsemax(), Entmax15(), TopK(3)):
        scores = torch.randn(7, 11, requires_grad=True)
        weights = Sparse(rule)(scores)
        (slope,) = torch.autograd.grad((weights * torch.randn(7, 11)).sum(), scores)
        assert (slope[weights == 0] == 0).all()
        torch.testing.assert_close(slope.sum(-1), torch.zeros(7), rtol=0, atol=1e-5)  # a shift changes nothing


def test_a_generator_makes_samples_repeatable() -> None:
    scores = torch.randn(50, 7)

    def draw(seed: int) -> torch.Tensor:
        return Hard(Gumbel(torch.Generator().manual_seed(seed)))(scores)

    assert torch.equal(draw(3), draw(3))
    assert not torch.equal(draw(3), draw(4))
    moving = Hard(Gumbel(torch.Generator().manual_seed(3)))
    assert not torch.equal(moving(scores), moving(scores))
    fixed = Hard(Gumbel(3))
    assert torch.equal(fixed(scores), fixed(scores))


def test_blocks_draw_their_own_noise() -> None:
    scores = torch.zeros(50, 7)
    fixed = Hard(Gumbel(3))
    assert torch.equal(fixed.seeded(0)(scores), fixed(scores))
    assert not torch.equal(fixed.seeded(50)(scores), fixed(scores))
    drawn = Hard(Gumbel()).seeded(0)
    assert torch.equal(drawn(scores), drawn(scores))


def test_only_sampling_is_random() -> None:
    assert Hard(Gumbel()).random
    for choice in (Soft(), Hard(), Hard(Argmax()), Sparse()):
        assert not choice.random
        assert torch.equal(choice.seeded(5)(ROW), choice(ROW))


def test_reinforce_by_hand() -> None:
    # -(3 - 1) * (-0.5) - 0.1 * 2 = 0.8
    selection = Selection(
        torch.zeros(1, 1), torch.zeros(1, dtype=torch.long), torch.tensor([-0.5]), torch.tensor([2.0])
    )
    loss = reinforce(selection, torch.tensor(3.0), baseline=1.0, entropy_weight=0.1)
    torch.testing.assert_close(loss, torch.tensor([0.8]))


def test_the_reward_and_the_baseline_are_constants() -> None:
    reward, baseline = torch.tensor(3.0, requires_grad=True), torch.tensor(1.0, requires_grad=True)
    log_probability = torch.tensor([-0.5], requires_grad=True)
    selection = Selection(torch.zeros(1, 1), torch.zeros(1, dtype=torch.long), log_probability, torch.zeros(1))
    reinforce(selection, reward, baseline=baseline).sum().backward()
    assert reward.grad is None
    assert baseline.grad is None
    assert log_probability.grad is not None
    assert log_probability.grad.item() == -2


def test_the_moving_baseline_by_hand() -> None:
    # 0.9 * 2 + 0.1 * (1 + 5) / 2 = 2.1
    torch.testing.assert_close(moving_baseline(2.0, torch.tensor([1.0, 5.0])), torch.tensor(2.1))
    torch.testing.assert_close(moving_baseline(torch.tensor(2.0), torch.tensor([1.0, 5.0]), 0.5), torch.tensor(2.5))


@pytest.mark.parametrize(("make", "word"), [(lambda: Soft(0.0), "use Hard"), (lambda: TopK(0), "at least 1 key")])
def test_settings_that_make_no_sense(make, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        make()


@pytest.mark.usefixtures("as_users_have_it")
@pytest.mark.parametrize("make", [Soft, StraightThrough, Cosine])
def test_a_temperature_that_would_never_learn_is_refused(make) -> None:
    with pytest.raises(TypeError, match=r"temperature is a tensor that requires a gradient.*pass a number"):
        make(torch.nn.Parameter(torch.tensor(0.5)))
    made = make(torch.tensor(0.5))
    assert float(torch.as_tensor(made.temperature).detach()) == 0.5


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan])
@pytest.mark.parametrize("make", [Soft, StraightThrough])
def test_a_temperature_has_to_be_above_zero(make, temperature: float) -> None:
    with pytest.raises(ValueError, match=r"temperature is .*expected more than 0"):
        make(temperature)


def test_an_infinite_temperature_is_the_mean() -> None:
    states = torch.randn(1, 5, 4)
    for engine in ("plain", "cpu", "sdpa"):
        torch.testing.assert_close(
            attend(states, states, choice=Soft(math.inf), engine=engine), states.mean(1, keepdim=True).expand(1, 5, 4)
        )


@pytest.mark.usefixtures("as_users_have_it")
@pytest.mark.parametrize("k", [2.0, math.inf, "2", None])
def test_a_number_of_keys_that_is_no_whole_number_is_refused(k) -> None:
    with pytest.raises(TypeError, match=r"TopK k is .*expected a whole number"):
        TopK(k)
