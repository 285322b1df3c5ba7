"""Any network of the user's gives features: by method, by layer, from a checkpoint; its weights stay as they are."""

import pytest
import torch
from torch import nn

from heedful.errors import UserError
from heedful.model.encoder import encode_source
from heedful.model.picture import GridFeatures, NetworkEncoder, PictureConfig
from heedful.model.picture.features import weights_hash
from heedful.store import save_tensors


class Network(nn.Module):
    """A classifier, as the libraries have them: features, pooling, labels."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4), nn.Dropout(0.5))
        self.layer4 = nn.Conv2d(4, 6, 3, stride=2, padding=1)
        self.head = nn.Linear(6, 10)

    def extract_features(self, pictures):
        return self.layer4(self.stem(pictures))

    def forward(self, pictures):
        return self.head(self.extract_features(pictures).mean((2, 3)))


@pytest.fixture
def network():
    return Network()


PICTURES = torch.randn(3, 3, 16, 24, generator=torch.Generator().manual_seed(1))


def test_features_by_method_and_by_layer_are_the_same(network):
    by_method = GridFeatures(network, method="extract_features").features(PICTURES)
    by_layer = GridFeatures(network, layer="layer4").features(PICTURES)
    assert by_method.shape == (3, 6, 4, 6)
    assert torch.equal(by_method, by_layer)
    assert torch.equal(GridFeatures(network.stem)(PICTURES), network.stem(PICTURES))
    assert not network.layer4._forward_hooks


def test_the_network_is_never_trained(network):
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    encoder = NetworkEncoder(GridFeatures(network, layer="layer4"), PictureConfig(hidden=5, dropout=0.0), size=(16, 24))
    encoder.train()
    network.train()
    for _ in range(3):
        encoded = encode_source(encoder, PICTURES, torch.ones(3, dtype=torch.long))
        encoded.states.sum().backward()
        with torch.no_grad():
            for weight in encoder.parameters():
                weight.sub_(0.0 if weight.grad is None else 0.1 * weight.grad)
    assert encoded.states.shape == (3, 24, 5)
    assert torch.equal(encoder(PICTURES).states, encoder(PICTURES).states)  # its dropout is off
    after = network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(weight.requires_grad for weight in network.parameters())  # so that no optimiser holds them


def test_weights_are_read_from_every_usual_file(network, tmp_path):
    weights = network.state_dict()
    torch.save(weights, tmp_path / "plain.pt")
    torch.save({"epoch": 3, "state_dict": weights}, tmp_path / "nested.pth")
    torch.save({f"module.{name}": tensor for name, tensor in weights.items()}, tmp_path / "parallel.pt")
    save_tensors(tmp_path / "safe.safetensors", weights)
    expected = GridFeatures(network, layer="layer4")
    for name in ("plain.pt", "nested.pth", "parallel.pt", "safe.safetensors"):
        loaded = GridFeatures(Network(), layer="layer4", checkpoint=tmp_path / name)
        assert torch.equal(loaded.features(PICTURES), expected.features(PICTURES)), name
        assert loaded.identity == expected.identity


def test_the_identity_changes_with_the_weights_and_what_is_taken(network):
    names = {
        GridFeatures(network, layer="layer4").identity,
        GridFeatures(network, method="extract_features").identity,
        GridFeatures(network, layer="layer4", name="mine").identity,
        GridFeatures(Network(), layer="layer4").identity,
    }
    assert len(names) == 4
    assert GridFeatures(network, layer="layer4").identity == f"Network.layer4 {weights_hash(network)}"


def test_files_that_are_no_weights_are_named(network, tmp_path):
    (tmp_path / "text.pt").write_text("no weights")
    torch.save({"a": [1, 2]}, tmp_path / "other.pt")
    torch.save(nn.Linear(2, 2), tmp_path / "whole.pt")  # a pickled module, which would run code
    torch.save({"stem.0.weight": torch.zeros(4, 3, 3, 3)}, tmp_path / "few.pt")
    for name, named in [
        ("gone.pt", "there is no such file"),
        ("gone.safetensors", "there is no such file"),
        ("text.pt", "this is no file of weights"),
        ("whole.pt", "this is no file of weights.*state_dict"),
        ("other.pt", "holds no weights by name"),
        ("few.pt", "do not fit the network"),
    ]:
        with pytest.raises(UserError, match=named) as caught:
            GridFeatures(Network(), checkpoint=tmp_path / name)
        assert caught.value.where == str(tmp_path / name)


def test_what_is_no_grid_is_refused(network):
    with pytest.raises(UserError, match=r"Network returned float32\[3, 10\], expected a grid.*layer="):
        GridFeatures(network).features(PICTURES)
    with pytest.raises(UserError, match=r"Network has no layer 'layer5'.*did you mean 'layer4'"):
        GridFeatures(network, layer="layer5")
    with pytest.raises(UserError, match="Network has no method 'features'"):
        GridFeatures(network, method="features")
