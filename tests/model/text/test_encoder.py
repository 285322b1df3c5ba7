"""Every encoder: rows alone and padding change nothing, gradients are finite, words are what they say."""

from typing import Any

import pytest
import torch
from torch import Tensor

from heedful.errors import UserError
from heedful.model.text import ENCODERS, POOLINGS, TextConfig, TextEncoder, WordVectors
from heedful.shapes import PAD, UNK, ShapeError, keep_from_lengths

SIZE, LENGTHS = 11, torch.tensor([3, 7, 1])
SMALL: dict[str, Any] = {"embed": 5, "hidden": 6, "maps": 4, "heads": 3, "feedforward": 7, "layers": 2}
SHAPES: list[dict[str, Any]] = [
    {"encoder": "words"},
    {"encoder": "cnn"},
    {"encoder": "rnn"},
    {"encoder": "rnn", "cell": "gru", "merge": "sum"},
    {"encoder": "rnn", "bidirectional": False},
    {"encoder": "rcnn"},
    {"encoder": "transformer"},
    {"encoder": "transformer", "norm": "post", "embed": 6},
]
EVERY = pytest.mark.parametrize("settings", SHAPES, ids=lambda settings: "-".join(map(str, settings.values())))


def build(**settings: Any) -> TextEncoder:
    torch.manual_seed(3)
    model = TextEncoder(TextConfig(**(SMALL | settings)), SIZE).double().eval()
    for name, parameter in model.named_parameters():
        parameter.data = 0.7 * torch.randn_like(parameter)
        if name == "vectors.embedding.weight":
            parameter.data[PAD] = 0.0
    return model


def texts() -> Tensor:
    return torch.randint(3, SIZE, (3, 7))


def test_every_encoder_is_tried() -> None:
    assert {settings["encoder"] for settings in SHAPES} == set(ENCODERS)


@EVERY
def test_a_text_alone_is_its_row_and_padding_is_not_read(settings: dict[str, Any]) -> None:
    model, tokens = build(**settings), texts()
    read = model(tokens, LENGTHS)
    assert read.states.shape == (3, 7, model.output_dim)
    assert read.keep.equal(keep_from_lengths(LENGTHS, 7))
    for row, length in enumerate(LENGTHS.tolist()):
        alone = model(tokens[row : row + 1, :length], LENGTHS[row : row + 1])
        torch.testing.assert_close(alone.states[0], read.states[row, :length])
        longer = torch.cat([tokens, torch.randint(0, SIZE, (3, 4))], dim=1)
        torch.testing.assert_close(model(longer, LENGTHS).states[row, :length], read.states[row, :length])


@EVERY
@pytest.mark.parametrize("pooling", POOLINGS)
def test_every_pooling_fits_every_encoder_and_gradients_are_finite(settings: dict[str, Any], pooling: str) -> None:
    config = TextConfig(**(SMALL | settings | {"pooling": pooling}))
    model = build(**(settings | {"pooling": pooling}))
    query_dim = model.encoder.output_dim if pooling == "asked" else None
    pool = POOLINGS[pooling](config, model.encoder, query_dim).double()  # pyright: ignore
    read = model.train()(texts(), LENGTHS)
    queries = None if query_dim is None else torch.randn(3, query_dim, dtype=torch.float64)
    pooled = pool(read.states, read.keep, queries)
    assert pooled.shape == (3, pool.output_dim)
    pooled.square().sum().backward()
    assert all(one.grad is not None and one.grad.isfinite().all() for one in model.parameters())


def test_the_last_state_is_that_of_each_direction_though_others_are_added() -> None:
    last = build(encoder="rnn", merge="sum", pooling="last")
    assert (last.encoder.directions, last.output_dim) == (2, 12)
    mean = build(encoder="rnn", merge="sum", pooling="mean")
    assert (mean.encoder.directions, mean.output_dim) == (1, 6)


def test_the_sum_of_both_directions_is_their_sum() -> None:
    tokens = texts()
    both, added = build(encoder="rnn"), build(encoder="rnn", merge="sum")
    states = both(tokens, LENGTHS).states
    torch.testing.assert_close(states[..., :6] + states[..., 6:], added(tokens, LENGTHS).states)


def test_padding_has_no_vector_and_gets_no_gradient() -> None:
    vectors = WordVectors(SIZE, 4)
    assert vectors.embedding.weight[PAD].eq(0).all()
    vectors(torch.tensor([[5, PAD]])).sum().backward()
    assert vectors.embedding.weight.grad is not None
    assert vectors.embedding.weight.grad[PAD].eq(0).all()


def test_word_dropout_makes_unknown_words_in_training_only() -> None:
    vectors, tokens = WordVectors(SIZE, 4, word_dropout=0.25), torch.randint(4, SIZE, (100, 100))
    tokens[:, 90:] = PAD
    dropped = vectors.word_dropout(tokens)
    assert dropped[:, 90:].eq(PAD).all()
    changed = dropped != tokens
    assert dropped[changed].eq(UNK).all()
    assert 0.22 < changed[:, :90].float().mean() < 0.28
    assert vectors.eval().word_dropout(tokens) is tokens


def test_known_words_begin_with_their_vectors_and_others_are_of_their_size() -> None:
    vectors, given = WordVectors(1000, 4), 3.0 * torch.randn(1000, 4)
    known = torch.arange(1000) % 2 == 0
    before = vectors.embedding.weight.detach().clone()
    vectors.start_from(given, known)
    weight = vectors.embedding.weight.detach()
    assert weight[PAD].eq(0).all()
    assert weight[known][1:].equal(given[known][1:])
    torch.testing.assert_close(weight[~known].std(), weight[known].std(), rtol=0.1, atol=0.0)
    torch.testing.assert_close(weight[~known] / before[~known], (weight[1, 0] / before[1, 0]).expand(500, 4))
    with pytest.raises(ShapeError, match=r"float32\[1000, 5\]"):
        vectors.start_from(torch.randn(1000, 5), known)
    vectors.start_from(given, torch.zeros(1000, dtype=torch.bool))
    assert vectors.embedding.weight.equal(weight)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"encoder": "lstm"}, "unknown encoder 'lstm'"),
        ({"pooling": "atention"}, "did you mean 'attention'"),
        ({"encoder": "transformer", "hidden": 10, "heads": 4}, "10 is no multiple of heads 4"),
        ({"widths": (3, 0)}, "below 1"),
        ({"gain": "linear"}, "gain 'linear'"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        TextConfig(**settings)
