"""Encoders of pictures: one state a cell, rows that do not depend on each other, and positions that can be told."""

import pytest
import torch

from heedful.axes import Grid
from heedful.errors import UserError
from heedful.model.encoder import Encoder, check_encoder, encode_source
from heedful.model.picture import FeatureEncoder, PictureConfig, PictureEncoder, build_picture_encoder
from heedful.model.picture.encoder import ResidualBlock, coordinates
from heedful.shapes import ShapeError

SMALL = PictureConfig(hidden=13, channels=(8, 16), blocks=1, dropout=0.0)


def encoder(**changes):
    return PictureEncoder(SMALL.model_copy(update=changes)).eval()


@pytest.mark.parametrize(("height", "width"), [(16, 24), (17, 23), (1, 1), (5, 3), (2, 7)])
@pytest.mark.parametrize("channels", [(8,), (8, 16), (8, 8, 16)])
def test_there_is_one_state_for_each_cell_of_the_grid(height, width, channels):
    made = encoder(channels=channels)
    rows, columns = made.grid(height, width)
    encoded = encode_source(made, torch.randn(3, 3, height, width), torch.ones(3, dtype=torch.long))
    assert encoded.states.shape == (3, rows * columns, 13)
    assert encoded.keep.all()
    assert encoded.states.isfinite().all()
    assert len(Grid(rows, columns, (width, height))) == rows * columns
    assert isinstance(made, Encoder)
    assert check_encoder(made) == 13


def test_a_row_does_not_depend_on_the_other_rows():
    made = encoder().double().train()  # in training, too: no statistics of the batch are used
    pictures = torch.randn(5, 3, 16, 24, dtype=torch.float64)
    together = made(pictures).states
    for row in range(5):
        assert torch.allclose(made(pictures[row : row + 1]).states[0], together[row], atol=1e-12)


def test_every_weight_learns():
    made = encoder().train()
    for block in filter(lambda layer: isinstance(layer, ResidualBlock), made.layers):
        torch.nn.init.ones_(block.second.norm.weight)  # else a block begins as the identity
    made(torch.randn(2, 3, 16, 16)).states.square().sum().backward()
    assert [name for name, weight in made.named_parameters() if weight.grad is None or not weight.grad.any()] == []


def test_a_block_begins_as_the_identity():
    made = encoder()
    inputs = torch.randn(2, 8, 5, 7).relu()
    assert torch.equal(made.layers[2](inputs), inputs)


def shifted_states(position):
    """The states of a picture of one spot on black, and of the spot one cell further right."""
    made = encoder(position=position).double()
    spot = torch.zeros(1, 3, 96, 104, dtype=torch.float64)
    spot[:, :, 44:48, 44:48] = torch.randn(3, 4, 4, dtype=torch.float64)
    states, moved = (made(picture).states.view(24, 26, 13) for picture in (spot, spot.roll(4, 3)))
    # Without the cells within 16 pixels of the edge, which see the zeros beside the picture.
    return states[4:-4, 4:-5], moved[4:-4, 5:-4]


def test_coordinates_tell_where_a_cell_is_and_without_them_states_do_not():
    states, moved = shifted_states("none")
    assert torch.allclose(states, moved, atol=1e-9)
    states, moved = shifted_states("coordinates")
    assert (states - moved).abs().amax(-1).min() > 1e-4


def test_coordinates_run_from_the_upper_left():
    assert coordinates(2, 3).tolist() == [[-1, -1], [0, -1], [1, -1], [-1, 1], [0, 1], [1, 1]]
    assert coordinates(1, 1).tolist() == [[0, 0]]


def test_features_become_states_and_padding_is_never_read():
    made = FeatureEncoder(PictureConfig(hidden=7, features=5, dropout=0.0))
    features = torch.randn(3, 4, 5)
    lengths = torch.tensor([4, 2, 0])
    encoded = encode_source(made, features, lengths)
    assert encoded.keep.tolist() == [[True] * 4, [True, True, False, False], [False] * 4]
    spoilt = features.clone()
    spoilt[~encoded.keep] = torch.nan
    spoilt.requires_grad_()
    again = made(spoilt, lengths)
    assert torch.equal(again.states[encoded.keep], encoded.states[encoded.keep])
    again.states[encoded.keep].sum().backward()
    assert made.states.linear.weight.grad.isfinite().all()
    assert made(features).keep.all()
    assert isinstance(made, Encoder)


def test_the_settings_choose_the_encoder():
    assert isinstance(build_picture_encoder(PictureConfig()), PictureEncoder)
    assert isinstance(build_picture_encoder(PictureConfig(features=5)), FeatureEncoder)


def test_what_does_not_fit_is_refused(unchecked_shapes):
    with pytest.raises(ShapeError, match=r"pictures are float32\[2, 4, 16, 16\]"):
        encoder()(torch.zeros(2, 4, 16, 16))
    with pytest.raises(ShapeError, match=r"features are float32\[2, 4, 6\], expected \[B, S, 5\]"):
        FeatureEncoder(PictureConfig(features=5))(torch.zeros(2, 4, 6))
    with pytest.raises(ValueError, match="features="):
        FeatureEncoder(PictureConfig())
    with pytest.raises(UserError, match=r"channels \[8, 12\] has 12, which is no multiple of 8"):
        PictureConfig(channels=(8, 12))
    with pytest.raises(UserError, match=r"unknown position 'coordinate'.*did you mean 'coordinates'"):
        PictureConfig(position="coordinate")
