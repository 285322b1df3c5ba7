"""BCNN and ABCNN: what attention does to features and pooling, what padding and swapping do not."""

from dataclasses import replace

import pytest
import torch

import heedful
from heedful.data.matched import MatchBatch, MatchExample, collate_matches
from heedful.errors import UserError
from heedful.layer.mutual import EvenPooling, MutualPooling, Side, WordsAndAttention, normalised, raw
from heedful.layer.nearness import nearness
from heedful.model.match.convolutional import PRESETS, SIMILARITIES, ConvolutionalConfig, ConvolutionalMatch
from heedful.model.match.goal import Classes, Relevance
from heedful.shapes import keep_from_lengths

WORDS = 23
SMALL = {"embed": 5, "kernels": 7, "width": 3, "dropout": 0.0, "max_length": 13}
EXAMPLES = [
    MatchExample([4, 5, 6, 7, 8], [6, 7, 9], 1.0, (0.5,)),
    MatchExample([10], [11, 12, 13, 14, 15, 16, 17], 0.0, (0.1,)),
    MatchExample([4, 5, 6], [4, 5, 6], 1.0, (0.9,)),
]


def make(name: str, **changes) -> ConvolutionalMatch:
    config = PRESETS[name].model_copy(update=SMALL | changes)
    return ConvolutionalMatch(config, WORDS, Classes(2), features=1).double().eval()


def batch_of(examples=EXAMPLES) -> MatchBatch:
    batch = collate_matches(examples)
    return replace(batch, features=batch.features.double(), labels=batch.labels.double())


def side(words: int, *lengths: int, width: int = 5) -> Side:
    keep = keep_from_lengths(torch.tensor(lengths), words)
    return Side(torch.randn(len(lengths), words, width, dtype=torch.float64), keep)


def swapped(batch: MatchBatch) -> MatchBatch:
    return replace(
        batch,
        left=batch.right,
        left_lengths=batch.right_lengths,
        right=batch.left,
        right_lengths=batch.left_lengths,
    )


every_model = pytest.mark.parametrize("name", PRESETS)


@every_model
def test_swapping_the_texts_leaves_the_output(name):
    model = make(name)
    assert torch.allclose(model(batch_of()), model(swapped(batch_of())), atol=1e-12)


@every_model
def test_swapping_the_texts_swaps_the_branches(name):
    left, right = side(7, 7, 2), side(5, 3, 5)
    block = make(name).blocks[0]
    there, back = block(left, right), block(right, left)
    for (one, mean), (other, other_mean) in zip(there, reversed(back), strict=True):
        assert torch.allclose(mean, other_mean, atol=1e-12)
        assert torch.allclose(one.words[one.keep], other.words[other.keep], atol=1e-12)


@every_model
@pytest.mark.parametrize("weights", ["normalised", "raw"])
def test_padding_and_neighbours_change_nothing(name, weights):
    model, batch = make(name, weights=weights), batch_of()
    together = model(batch)
    for row, example in enumerate(EXAMPLES):
        assert torch.allclose(model(batch_of([example]))[0], together[row], atol=1e-12)
    longer = replace(
        batch,
        left=torch.nn.functional.pad(batch.left, (0, 6), value=3),
        right=torch.nn.functional.pad(batch.right, (0, 4)),
    )
    assert torch.allclose(model(longer), together, atol=1e-12)


@every_model
@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_equal_texts_have_finite_gradients(name, similarity):
    model = make(name, similarity=similarity).train()
    model.loss(batch_of([EXAMPLES[2], MatchExample([4], [4], 0.0, (0.0,))])).total.backward()
    for parameter in model.parameters():
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()


@every_model
def test_every_parameter_learns(name):
    model = make(name)
    for weight in (value for key, value in model.named_parameters() if key.startswith("output")):
        torch.nn.init.normal_(weight)  # it begins at zero, which lets nothing below it learn in the first step
    model.loss(batch_of()).total.backward()
    still = [key for key, value in model.named_parameters() if value.grad is None or not value.grad.any()]
    assert still == []


def test_the_attention_feature_map_is_the_papers():
    layer, left, right = WordsAndAttention(5, 13).double(), side(7, 7, 2), side(5, 3, 5)
    above, below = layer(left, right)
    scores = nearness(left.words, right.words) * left.keep.unsqueeze(-1) * right.keep.unsqueeze(-2)
    assert torch.allclose(above.words[..., :5], left.words)
    assert torch.allclose(above.words[..., 5:], scores @ layer.weight[:5])  # F_0,a = W_0 A^T, by columns
    assert torch.allclose(below.words[..., 5:], scores.mT @ layer.weight[:7])  # F_1,a = W_1 A
    assert (above.words[..., 5:][~left.keep] == 0).all()


def test_places_of_the_other_text_may_be_permuted_with_their_weights():
    layer, left, right = WordsAndAttention(5, 7).double(), side(5, 5, 2), side(7, 7, 7)
    order = torch.randperm(7)
    before = layer(left, right)[0].words
    with torch.no_grad():
        layer.weight.copy_(layer.weight[order].clone())
    assert torch.allclose(layer(left, Side(right.words[:, order], right.keep))[0].words, before)


def test_pooling_weights_are_sums_of_a():
    pooling, left, right = MutualPooling(raw), side(7, 7, 2), side(5, 3, 5)
    scores = nearness(left.words, right.words) * left.keep.unsqueeze(-1) * right.keep.unsqueeze(-2)
    of_left, of_right = pooling(left, right)
    assert torch.allclose(of_left[left.keep], scores.sum(2)[left.keep])
    assert torch.allclose(of_right[right.keep], scores.sum(1)[right.keep])
    mean = normalised(of_left, left.keep).sum(-1) / left.keep.sum(-1)
    assert torch.allclose(mean, torch.ones(2, dtype=torch.float64))


def test_where_all_windows_are_equally_near_attention_pools_as_the_mean():
    same = Side(torch.ones(2, 7, 5, dtype=torch.float64), keep_from_lengths(torch.tensor([7, 3]), 7))
    weights = MutualPooling(normalised)(same, same)
    assert torch.allclose(weights[0][same.keep], torch.ones(10, dtype=torch.float64))
    assert EvenPooling(normalised)(same, same) == (None, None)


@pytest.mark.parametrize(
    ("name", "maps"),
    [
        ("abcnn1", {"blocks.0.input.left": (3, 1, 5, 7), "blocks.0.input.right": (3, 1, 7, 5)}),
        ("abcnn2", {"blocks.0.pooling.left": (3, 1, 7, 9), "blocks.0.pooling.right": (3, 1, 9, 7)}),
    ],
)
def test_a_is_recorded_and_recording_changes_no_bit(name, maps):
    model = make(name)
    with heedful.record(model) as seen:
        recorded = model(batch_of())
    assert torch.equal(recorded, model(batch_of()))
    assert {key: tuple(value.shape) for key, value in seen.maps.items() if ".0." in key} == maps
    there, back = (seen.maps[key][0, 0] for key in maps)
    rows, columns = {7: (5, 3), 9: (7, 5)}[there.shape[1]]  # of the first pair; windows are two more than words
    assert torch.allclose(there[:rows, :columns], back[:columns, :rows].mT)
    assert (there[:rows, :columns] > 0).all()
    assert (there[:, columns:] == 0).all()


def test_equal_texts_have_a_diagonal_of_ones():
    model = make("abcnn1")
    with heedful.record(model) as seen:
        model(batch_of([EXAMPLES[2]]))
    found = seen.maps["blocks.0.input.left"][0, 0]
    assert torch.allclose(found.diagonal(), torch.ones(3, dtype=found.dtype), atol=1e-4)
    assert torch.allclose(found, found.mT)


def test_texts_too_long_for_the_places():
    long = batch_of([MatchExample([5] * 14, [6], 1.0, (0.0,))])
    with pytest.raises(UserError, match="14 words is too long for the 13 positions"):
        make("abcnn3")(long)
    assert make("abcnn2")(long).shape == (1, 2)


def test_unknown_names():
    with pytest.raises(UserError, match=r"unknown pooling 'atention' .*did you mean 'attention'"):
        ConvolutionalConfig(pooling="atention")


def test_features_alone_can_decide():
    model = ConvolutionalMatch(PRESETS["bcnn"].model_copy(update=SMALL), WORDS, Relevance(), features=2)
    examples = [replace(one, features=(*one.features, 1.0)) for one in EXAMPLES]
    assert model(collate_matches(examples)).shape == (3, 1)
