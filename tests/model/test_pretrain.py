"""SA-LSTM's objectives: one set of layers reads and says, losses by hand, and a transplant that is exact."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, linear

from heedful.data.stream import collate_segments, split_documents
from heedful.errors import UserError
from heedful.model.pretrain import OBJECTIVES, PretrainConfig, Pretraining
from heedful.model.text import TextClassifier, TextConfig
from heedful.shapes import BOS, EOS, PAD, UNK

WORDS = 13
DOCUMENTS = [[5, 6, 7, 8], [9], [10, 11, 12, 4, 5, 6]]


def build(objective: str = "autoencoder", **settings: Any) -> Pretraining:
    torch.manual_seed(0)
    small = {"embed": 7, "hidden": 8, "word_dropout": 0.0}
    return Pretraining(PretrainConfig(objective=objective, **(small | settings)), WORDS).eval()


def batch(documents: list[list[int]] = DOCUMENTS, window: int = 50) -> Any:
    runs = split_documents(documents, window)
    return collate_segments(runs, range(len(runs)))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_loss_is_that_of_saying_each_text_from_its_state(objective: str, layers: int, cell: str) -> None:
    model = build(objective, layers=layers, cell=cell)
    expected = torch.zeros(())
    for ids in DOCUMENTS:
        inputs, targets = torch.tensor([[BOS, *ids]]), torch.tensor([[*ids, EOS]])
        state = None
        if objective == "autoencoder":
            for place in range(targets.shape[1]):  # the same layers, one word at a time
                _, state = model.recurrent(model.vectors(targets[:, place : place + 1]), state)
        expected = expected + cross_entropy(model.logits(inputs, state)[0], targets[0], reduction="sum")
    loss = model.loss(batch())
    torch.testing.assert_close(loss.total, expected)
    assert loss.tokens == 5 + 2 + 7


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_batch_of_one_equals_its_row_and_padding_changes_nothing(objective: str) -> None:
    model = build(objective)
    alone = sum(float(model.loss(batch([ids])).total.detach()) for ids in DOCUMENTS)
    together = batch()
    wide = SimpleNamespace(
        **{name: torch.nn.functional.pad(getattr(together, name), (0, 3), value=PAD) for name in ("inputs", "targets")}
    )
    assert float(model.loss(together).total.detach()) == pytest.approx(alone, rel=1e-5)
    assert float(model.loss(wide).total.detach()) == pytest.approx(alone, rel=1e-5)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_parameter_learns_but_the_padding(objective: str) -> None:
    model = build(objective)
    model.loss(batch()).total.backward()
    assert [name for name, one in model.named_parameters() if one.grad is None or not one.grad.any()] == []


def test_a_rank_without_a_row_takes_part() -> None:
    runs = split_documents(DOCUMENTS, 50)
    loss = build().loss(collate_segments(runs, [], all_rows=[0, 1, 2]))
    loss.total.backward()
    assert (loss.tokens, float(loss.total.detach())) == (0, 0.0)


def test_the_transplant_is_exact() -> None:
    """States of the same words are equal to the last bit, and so are the language model's logits made of them."""
    model = build("next-word")
    config = TextConfig(encoder="rnn", pooling="last", bidirectional=False, embed=7, hidden=8)
    classifier = TextClassifier(config, WORDS, 2).eval()
    classifier.transplant(model.embedding, model.recurrent)
    inputs = batch().inputs
    before = model.logits(inputs)
    states, _ = classifier.recurrent(classifier.vectors(inputs))
    after = linear(model.readout(states), model.output_weight, model.output_bias)
    assert torch.equal(after, before)
    other = Pretraining(PretrainConfig(embed=7, hidden=9), WORDS)
    with pytest.raises(UserError, match="do not fit"):
        classifier.transplant(other.embedding, other.recurrent)


def test_padding_has_no_vector_whatever_is_learned() -> None:
    model = build("next-word")
    optimiser = torch.optim.SGD(model.parameters(), lr=1.0)
    model.loss(batch()).total.backward()
    optimiser.step()
    assert model.vectors(torch.tensor([[PAD]])).abs().sum() == 0.0


def test_word_dropout_takes_words_for_unknown_ones_in_training_only() -> None:
    model = build(word_dropout=0.5)
    seen: list[Tensor] = []
    model.embedding.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    model.loss(batch())
    assert not any((tokens == UNK).any() for tokens in seen)
    model.train().loss(batch())
    assert all((tokens == UNK).any() for tokens in seen[2:])


def test_a_long_document_is_learned_run_by_run() -> None:
    long = batch([list(range(4, 13)) * 50], window=40)
    assert long.inputs.shape[1] == 40
    assert build().loss(long).tokens == 451


def learned(objective: str, steps: int) -> tuple[float, float]:
    """Nats per word of new texts of 6 digits in any order: after having read them, and by one who read another."""
    torch.manual_seed(0)
    model = Pretraining(PretrainConfig(objective=objective, embed=16, hidden=48, word_dropout=0.0), 14)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    generator = torch.Generator().manual_seed(0)

    def texts() -> Any:
        digits = torch.randint(4, 14, (64, 4), generator=generator)
        ends = [torch.full((64, 1), one) for one in (BOS, EOS)]
        return SimpleNamespace(inputs=torch.cat([ends[0], digits], 1), targets=torch.cat([digits, ends[1]], 1))

    for _ in range(steps):
        loss = model.loss(texts())
        optimiser.zero_grad()
        (loss.total / loss.tokens).backward()
        optimiser.step()
    new = texts()
    shuffled = SimpleNamespace(inputs=new.inputs.roll(1, 0), targets=new.targets.roll(1, 0))
    right = model.loss(new)
    states, _ = model.recurrent(model.vectors(new.inputs), model.read(shuffled.targets))
    logits = linear(model.readout(states), model.output_weight, model.output_bias).flatten(0, 1)
    return float(right.nll) / right.tokens, float(cross_entropy(logits, new.targets.flatten()).detach())


def test_the_autoencoder_learns_to_hold_a_text_and_a_language_model_does_not() -> None:
    """Four of ten digits at random are 1.84 nats a word, their end aside; reading them makes them none."""
    right, wrong = learned("autoencoder", 400)
    assert right < 0.2
    assert wrong > 1.8
    assert learned("next-word", 200)[0] > 1.8


def test_an_unknown_objective_is_refused() -> None:
    with pytest.raises(UserError, match="did you mean 'autoencoder'"):
        PretrainConfig(objective="autoencode")
