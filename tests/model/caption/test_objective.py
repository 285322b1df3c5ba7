"""The losses of captioners: the penalty by hand, and REINFORCE against the exact gradient, cell by cell."""

from itertools import product
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from heedful.errors import UserError
from heedful.model.attention_config import AttentionConfig
from heedful.model.caption import Captioner, DoublyStochastic, HardCaptionerConfig, Reinforce, hard, soft
from heedful.model.caption.config import SoftCaptionerConfig
from heedful.model.caption.objective import coverage_penalty
from heedful.model.encoder import Encoded
from heedful.model.seq2seq import SeqToSeq, SeqToSeqConfig, word_vectors
from heedful.model.seq2seq.show_attend_tell import Looks
from heedful.shapes import BOS, EOS, PAD

CELLS, WORDS = 3, 7


class Batch(NamedTuple):
    source: Tensor
    source_lengths: Tensor
    target_in: Tensor
    target_out: Tensor


class Cells(nn.Module):
    """Features of cells as they are; the last ones are padding."""

    def __init__(self, width: int, padding: int = 0) -> None:
        super().__init__()
        self.output_dim, self.padding = width, padding

    def forward(self, source: Tensor, lengths: Tensor) -> Encoded:
        keep = torch.arange(source.shape[1]) < source.shape[1] - self.padding
        return Encoded(source, keep.expand(source.shape[0], -1))


SMALL: dict[str, Any] = {"embed": 5, "hidden": 6, "dropout": 0.0}


def batch_of(*captions: list[int], cells: int = CELLS) -> Batch:
    longest = max(map(len, captions)) + 1
    out = torch.tensor([[*ids, EOS, *[PAD] * (longest - 1 - len(ids))] for ids in captions])
    begin = torch.tensor([[BOS, *ids, *[PAD] * (longest - 1 - len(ids))] for ids in captions])
    lengths = torch.full((len(captions),), cells)
    return Batch(torch.randn(len(captions), cells, 4, dtype=torch.float64), lengths, begin, out)


def captioner(objective: nn.Module, seed: int = 3) -> Captioner:
    torch.manual_seed(seed)
    config = SeqToSeqConfig(decoder="show-attend-tell", cell="lstm", smoothing=0.0, **SMALL)
    network = SeqToSeq(config, Cells(4), word_vectors(WORDS, 5))
    model = Captioner(network, objective).double()
    for parameter in model.parameters():
        parameter.data = 0.7 * torch.randn_like(parameter)
    return model.train()


# ---------------------------------------------------------------------------------------------- the doubly stochastic


def test_the_penalty_counts_real_words_and_real_cells() -> None:
    weights = torch.tensor([[[0.5, 0.3, 0.2], [0.9, 0.1, 0.0], [5.0, 5.0, 5.0]]])
    steps = torch.tensor([[True, True, False]])  # the third is padding
    by_hand = (1 - 1.4) ** 2 + (1 - 0.4) ** 2 + (1 - 0.2) ** 2
    assert coverage_penalty(weights, steps, torch.ones(1, 3).bool()).item() == pytest.approx(by_hand)
    two_cells = torch.tensor([[True, True, False]])
    assert coverage_penalty(weights, steps, two_cells).item() == pytest.approx(by_hand - 0.8**2)
    nothing = torch.zeros(1, 3).bool()  # a process whose share of a batch is empty
    assert coverage_penalty(weights, nothing, two_cells).item() == 0


def test_the_penalised_loss_is_the_likelihood_and_the_penalty() -> None:
    batch = batch_of([4, 5], [6])
    model = captioner(DoublyStochastic(0.7))
    embedded, position = model.network.inputs(batch.target_in)
    source = model.encode(batch.source, batch.source_lengths)
    _, looks = model.network.decoder.unroll_looks(embedded, source, position, take=lambda weights: weights)
    penalty = coverage_penalty(looks.weights, batch.target_out != PAD, source.keep)
    found, plain = model.loss(batch), model.network.loss(batch)
    torch.testing.assert_close(found.total, plain.total + 0.7 * penalty)
    torch.testing.assert_close(found.nll, plain.nll)
    assert found.tokens == plain.tokens == 5
    found.total.backward()
    assert model.network.decoder.look.attention.score.weight.grad.abs().max() > 0
    torch.testing.assert_close(model.eval().loss(batch).total, plain.total)


def test_the_penalty_asks_for_even_attention() -> None:
    steps, cells = torch.ones(1, 2).bool(), torch.ones(1, 4).bool()
    even, one = torch.full((1, 2, 4), 0.25), torch.eye(4)[:1].expand(1, 2, 4)
    assert coverage_penalty(even, steps, cells) < coverage_penalty(one, steps, cells)


# --------------------------------------------------------------------------------------------------------- REINFORCE


def forced(cells: tuple[int, ...]) -> Any:
    """A draw that gives these cells, one for each step."""
    order = iter(cells)
    return lambda weights: torch.full((weights.shape[0],), next(order))


def log_likelihoods(model: Captioner, batch: Batch, cells: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """``log p(s)`` and ``log p(y|s)`` of one sequence of cells, with gradients; the first over all steps."""
    network, order = model.network, iter(cells)
    embedded, position = network.inputs(batch.target_in)

    def take(weights: Tensor) -> Tensor:
        return nn.functional.one_hot(torch.tensor([[next(order)]]), CELLS).double()

    source = network.encode(batch.source, batch.source_lengths)
    features, looks = network.decoder.unroll_looks(embedded, source, position, take=take)
    log_p = torch.log_softmax(network.output(network.read_out(features)), -1)
    words = log_p.gather(-1, batch.target_out.unsqueeze(-1)).squeeze(-1) * (batch.target_out != PAD)
    return (looks.weights * looks.taken).sum(-1).log().sum(), words.sum()


def gradients(model: Captioner, scalar: Tensor) -> list[Tensor]:
    grads = torch.autograd.grad(scalar, list(model.parameters()), allow_unused=True)
    return [torch.zeros_like(p) if g is None else g for p, g in zip(model.parameters(), grads, strict=True)]


def added(total: list[Tensor], parts: list[Tensor], share: float) -> list[Tensor]:
    return [whole + share * part for whole, part in zip(total, parts, strict=True)]


@pytest.mark.parametrize("baseline", [0.0, -2.5, 40.0])
@pytest.mark.parametrize("padded", [False, True])
def test_the_estimator_is_exact_in_expectation_for_any_constant_baseline(baseline: float, padded: bool) -> None:
    """All sequences of cells, each with its probability: their estimates add up to the gradient of the bound L_s."""
    model = captioner(Reinforce(baseline, entropy=0.0, expected=0.0))
    batch = batch_of([4])
    if padded:  # a third step, which may not count
        pad = torch.full((1, 1), PAD)
        batch = batch._replace(
            target_in=torch.cat([batch.target_in, pad], 1), target_out=torch.cat([batch.target_out, pad], 1)
        )
    bound, estimate = torch.zeros((), dtype=torch.float64), [torch.zeros_like(p) for p in model.parameters()]
    for cells in product(range(CELLS), repeat=batch.target_in.shape[1]):
        log_cells, log_words = log_likelihoods(model, batch, cells)
        bound = bound + log_cells.exp() * log_words
        model.objective.draw = forced(cells)
        model.objective.baseline.fill_(baseline)  # each call moves it
        found = gradients(model, model.loss(batch).total)
        estimate = added(estimate, found, log_cells.exp().item())
    exact = gradients(model, -bound)
    assert max(g.abs().max().item() for g in exact) > 0.05, "the gradient is not zero"
    score = next(i for i, (name, _) in enumerate(model.named_parameters()) if name.endswith("score.weight"))
    assert exact[score].abs().max() > 1e-3, "the attention has a gradient, which only the policy gives it"
    worst = max((a - b).abs().max().item() for a, b in zip(exact, estimate, strict=True))
    assert worst < 1e-13 * max(1.0, abs(baseline))


def test_the_entropy_is_rewarded_by_its_gradient() -> None:
    """Of a caption of one step, where the entropy depends on no sample: exact, too."""
    model = captioner(Reinforce(-1.0, entropy=0.3, expected=0.0))
    batch = batch_of([])
    bound, estimate = torch.zeros((), dtype=torch.float64), [torch.zeros_like(p) for p in model.parameters()]
    for cell in range(CELLS):
        log_cells, log_words = log_likelihoods(model, batch, (cell,))
        bound = bound + log_cells.exp() * (log_words - 0.3 * log_cells)
        model.objective.draw = forced((cell,))
        model.objective.baseline.fill_(-1.0)
        estimate = added(estimate, gradients(model, model.loss(batch).total), log_cells.exp().item())
    for one, other in zip(gradients(model, -bound), estimate, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-13)


def test_the_policy_s_loss_by_hand() -> None:
    """The sign of the baseline, the words from a step on, and rows that sampled nothing."""
    objective = Reinforce(-2.0, reward=0.5, entropy=0.1)
    weights = torch.tensor([[[0.25, 0.75], [0.5, 0.5], [0.5, 0.5]]]).repeat(2, 1, 1)
    taken = torch.tensor([[[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]]]).repeat(2, 1, 1)
    log_p = torch.tensor([[-1.0, -3.0, 0.0]]).repeat(2, 1)
    steps = torch.tensor([[True, True, False]]).repeat(2, 1)
    found = objective.policy_loss(
        Looks(weights, taken), log_p, steps=steps, sampled=torch.tensor([True, False])
    ).item()  # fmt: skip
    log = lambda x: torch.tensor(x).log().item()  # noqa: E731
    # R_1 = -4 against two words of -2, and R_2 = -3 against one.
    policy = -((-4 + 4) * log(0.75) + (-3 + 2) * log(0.5))
    entropy = -(0.25 * log(0.25) + 0.75 * log(0.75)) + log(2.0)
    assert found == pytest.approx(0.5 * policy - 2 * 0.1 * entropy, abs=1e-6)


def test_the_baseline_is_the_moving_average_of_a_word_s_log_probability_and_moves_after_its_use() -> None:
    batch = batch_of([4, 5], [6])
    model = captioner(Reinforce(-1.5, expected=0.0))
    used: list[float] = []
    policy_loss = model.objective.policy_loss

    def seen(*args: Any, **kwargs: Any) -> Tensor:
        used.append(model.objective.baseline.item())
        return policy_loss(*args, **kwargs)

    model.objective.policy_loss = seen
    loss = model.loss(batch)
    mean = -loss.nll.item() / loss.tokens
    assert used == [-1.5]
    assert model.objective.baseline.item() == pytest.approx(0.9 * -1.5 + 0.1 * mean)
    assert "objective.baseline" in model.state_dict(), "a resumed run goes on with it"
    assert not model.objective.baseline.requires_grad


def test_captions_that_read_the_expectation_learn_as_with_soft_attention() -> None:
    batch = batch_of([4, 5], [6])
    model = captioner(Reinforce(-1.5, expected=1.0, entropy=0.0))
    for one, other in zip(
        gradients(model, model.loss(batch).total), gradients(model, model.network.loss(batch).total), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_every_caption_tosses_its_own_coin_for_all_of_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    model = captioner(Reinforce(-1.5))
    batch = batch_of(*[[4, 5]] * 40)
    taken: list[Tensor] = []
    decoder, unroll_looks = model.network.decoder, model.network.decoder.unroll_looks

    def seen(*args: Any, **kwargs: Any) -> Any:
        features, looks = unroll_looks(*args, **kwargs)
        taken.append(looks.taken)
        return features, looks

    monkeypatch.setattr(decoder, "unroll_looks", seen)
    model.loss(batch)
    one_cell = taken[0].amax(-1) == 1
    assert (one_cell.all(1) | ~one_cell.any(1)).all()
    assert 8 < one_cell[:, 0].sum() < 32


def test_cells_are_drawn_by_weight() -> None:
    torch.manual_seed(0)
    weights = torch.tensor([[0.7, 0.0, 0.3]]).expand(4000, 3)
    counts = Reinforce(0.0).draw(weights).bincount(minlength=3) / 4000
    assert counts[1] == 0
    assert abs(counts[0].item() - 0.7) < 0.03


def test_nothing_is_sampled_outside_of_training() -> None:
    batch = batch_of([4, 5], [6])
    model = captioner(Reinforce(-1.5)).eval()
    before = torch.get_rng_state()
    torch.testing.assert_close(model.loss(batch).total, model.network.loss(batch).total)
    logits = model.logits(batch.source, batch.source_lengths, batch.target_in)
    torch.testing.assert_close(logits, model.network.logits(batch.source, batch.source_lengths, batch.target_in))
    memory = model.encode(batch.source, batch.source_lengths)
    weights = model.step(batch.target_in[:, 0], model.start(memory), memory).attention()
    assert (weights.amax(-1) < 1).all(), "the expectation, no single cell"
    assert torch.equal(before, torch.get_rng_state())
    assert model.objective.baseline == -1.5


def test_weights_that_vanish_have_finite_gradients() -> None:
    weights = torch.tensor([[[0.0, 1.0]]], requires_grad=True)
    taken = torch.tensor([[[0.0, 1.0]]])
    loss = Reinforce(0.0).policy_loss(
        Looks(weights, taken), torch.tensor([[-1.0]]), steps=torch.tensor([[True]]), sampled=torch.tensor([True])
    )
    loss.backward()
    assert weights.grad.isfinite().all()
    assert loss.isfinite()


def test_a_batch_without_words_counts_nothing() -> None:
    batch = batch_of([4])
    blank = batch._replace(target_in=torch.tensor([[BOS]]), target_out=torch.tensor([[PAD]]))
    for objective in (Reinforce(-1.0), DoublyStochastic(1.0)):
        model = captioner(objective)
        loss = model.loss(blank)
        assert (loss.total.item(), loss.nll.item(), loss.tokens) == (0, 0, 0)
    assert captioner(Reinforce(-1.0)).objective.baseline == -1.0


def test_objectives_need_a_decoder_with_weights() -> None:
    network = SeqToSeq(SeqToSeqConfig(**SMALL), Cells(4), word_vectors(WORDS, 5)).double()
    with pytest.raises(TypeError, match="expected the decoder show-attend-tell, got Bahdanau"):
        Captioner(network, Reinforce(0.0)).train().loss(batch_of([4]))


def test_the_settings_arrive_at_the_objective() -> None:
    config = HardCaptionerConfig(entropy=0.2, reward=0.3, expected=0.4, decay=0.8, **SMALL)
    objective = hard(config, 50, encoder=Cells(4)).objective
    assert (objective.entropy, objective.reward, objective.expected, objective.decay) == (0.2, 0.3, 0.4, 0.8)
    assert objective.baseline.item() == pytest.approx(-torch.tensor(50.0).log().item())
    assert soft(SoftCaptionerConfig(penalty=0.2, **SMALL), 50, encoder=Cells(4)).objective.weight == 0.2
    for attention in ({"choice": "gumbel"}, {"region": "predicted"}):
        with pytest.raises(UserError, match="samples cells by weight"):
            HardCaptionerConfig(attention=AttentionConfig(**attention))
