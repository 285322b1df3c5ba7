"""Features are computed once for each picture, found by content, verified, and refused if of another kind."""

import dataclasses

import numpy as np
import pytest
import torch

from heedful.data.image import FeatureFolder, FeatureSpec, PictureInput, compute_features, load_feature_spec
from heedful.errors import UserError

Image = pytest.importorskip("PIL.Image")

READ = PictureInput(12, 16, "stretch")


class Network:
    """Means of blocks of 4 × 4 pixels, and a fourth channel; counts the pictures that it has read."""

    def __init__(self, name="blocks 1", block=4):
        self.identity, self.block, self.read = name, block, 0

    def features(self, pictures):
        self.read += len(pictures)
        grid = torch.nn.functional.avg_pool2d(pictures, self.block)
        return torch.cat([grid, grid.sum(1, keepdim=True)], dim=1)


@pytest.fixture
def paths(tmp_path):
    random = np.random.default_rng(1)
    found = [tmp_path / f"{number}.png" for number in range(5)]
    for path in found:
        Image.fromarray(random.integers(0, 256, (12, 16, 3)).astype(np.uint8)).save(path)
    return found


def test_features_are_the_networks_cell_by_cell(paths, tmp_path):
    network = Network()
    folder = compute_features(network, paths, tmp_path / "f", picture_input=READ, batch=2)
    assert folder.spec == FeatureSpec("blocks 1", 3, 4, dim=4, input=READ)
    expected = network.features(READ.batch(paths)).flatten(2).transpose(1, 2)
    assert torch.equal(folder.batch(paths), expected)
    assert torch.equal(FeatureFolder(tmp_path / "f").read(paths[3]), expected[3])
    assert folder.batch([]).shape == (0, 12, 4)
    # With a batch of another size, too: no picture's features depend on the others.
    again = compute_features(Network(), paths, tmp_path / "g", picture_input=READ, batch=5)
    assert torch.equal(again.batch(paths), folder.batch(paths))


def test_what_is_there_is_not_computed_again(paths, tmp_path):
    compute_features(Network(), paths[:3], tmp_path / "f", picture_input=READ)
    network = Network()
    said = []
    folder = compute_features(network, [*paths, paths[0]], tmp_path / "f", picture_input=READ, say=said.append)
    assert network.read == 2
    assert said == ["features: 2 of 2 pictures"]
    assert folder.batch(paths).shape == (5, 12, 4)


def test_a_picture_is_found_by_its_content_and_a_changed_one_is_not(paths, tmp_path):
    folder = compute_features(Network(), paths, tmp_path / "f", picture_input=READ)
    expected = folder.read(paths[0])
    paths[0].rename(tmp_path / "other name.png")
    assert torch.equal(folder.read(tmp_path / "other name.png"), expected)
    Image.new("RGB", (16, 12), "red").save(paths[0])
    with pytest.raises(UserError, match=r"0\.png: there are no features of this picture.*compute_features"):
        FeatureFolder(tmp_path / "f").read(paths[0])
    network = Network()
    compute_features(network, paths, tmp_path / "f", picture_input=READ)
    assert network.read == 1


@pytest.mark.parametrize("spoil", ["cut", "bit", "empty", "swapped"])
def test_damage_is_noticed_and_mended(paths, tmp_path, spoil):
    folder = compute_features(Network(), paths, tmp_path / "f", picture_input=READ)
    expected, file, other = folder.read(paths[0]), folder.file(paths[0]), folder.file(paths[1])
    content = file.read_bytes()
    file.write_bytes({
        "cut": content[:-8],
        "bit": content[:-1] + bytes([content[-1] ^ 1]),
        "empty": b"",
        "swapped": other.read_bytes(),
    }[spoil])  # fmt: skip
    with pytest.raises(UserError, match=rf"{file.name}: (these features are damaged|this is no array)"):
        FeatureFolder(tmp_path / "f").read(paths[0])
    network = Network()
    mended = compute_features(network, paths, tmp_path / "f", picture_input=READ)
    assert network.read == 1
    assert torch.equal(mended.read(paths[0]), expected)


def test_a_folder_of_another_network_or_input_is_refused(paths, tmp_path):
    compute_features(Network(), paths[:1], tmp_path / "f", picture_input=READ)
    with pytest.raises(UserError, match=r"f: these features have the network blocks 1, but blocks 2 is expected"):
        compute_features(Network("blocks 2"), paths, tmp_path / "f", picture_input=READ)
    for change in ({"fit": "crop"}, {"height": 16}, {"mean": (0.1, 0.5, 0.5)}):
        with pytest.raises(UserError, match="these features have the input"):
            compute_features(Network(), paths, tmp_path / "f", picture_input=dataclasses.replace(READ, **change))


def test_a_run_refuses_features_of_another_network_shape_or_input(tmp_path):
    spec = FeatureSpec("efficientnet 1a2b", 7, 7, dim=1280, input=READ)
    spec.save(tmp_path, "features")
    assert load_feature_spec(tmp_path, "features") == spec
    spec.check(spec, where="f")
    for other, named in [
        (dataclasses.replace(spec, network="resnet 3c4d"), "network resnet 3c4d, but efficientnet 1a2b"),
        (dataclasses.replace(spec, dim=512), "shape 7 × 7 × 512, but 7 × 7 × 1280"),
        (dataclasses.replace(spec, height=14), "shape 14 × 7"),
        (dataclasses.replace(spec, input=None), "input not stated"),
    ]:
        with pytest.raises(UserError, match=named):
            spec.check(other, where="f")
    (tmp_path / "features.json").write_text('{"network": "x"}')
    with pytest.raises(UserError, match=r"features\.json: this file is damaged: KeyError"):
        load_feature_spec(tmp_path, "features")


def test_pictures_that_cannot_be_read_are_left_out(paths, tmp_path):
    paths[1].write_bytes(paths[1].read_bytes()[:80])
    said = []
    folder = compute_features(
        Network(), [*paths, tmp_path / "gone.png"], tmp_path / "f", picture_input=READ, say=said.append
    )
    assert sum("left out" in line for line in said) == 2
    assert folder.batch([paths[0], *paths[2:]]).shape == (4, 12, 4)
    with pytest.raises(UserError, match="no picture whose features can be computed"):
        compute_features(Network(), [paths[1]], tmp_path / "g", picture_input=READ)


def test_arrays_of_the_users_are_found_by_name(tmp_path):
    for name, shape in (("a", (9, 5)), ("b", (3, 3, 5))):
        np.save(tmp_path / f"{name}.npy", np.arange(45).reshape(shape))
    folder = FeatureFolder(tmp_path)
    assert folder.spec == FeatureSpec("unnamed", 3, 3, dim=5)
    batch = folder.batch([tmp_path / "a.jpg", tmp_path / "b.jpg"])
    assert torch.equal(batch, torch.arange(45.0).view(9, 5).expand(2, 9, 5))
    with pytest.raises(UserError, match=r"c\.jpg: there are no features of this picture.*expected c\.npy"):
        folder.read(tmp_path / "c.jpg")


def test_arrays_lie_in_folders_as_pictures_of_one_name_do(tmp_path):
    for label, level in (("hat", 1.0), ("shoe", 2.0)):
        (tmp_path / "f" / label).mkdir(parents=True)
        np.save(tmp_path / "f" / label / "1.npy", np.full((2, 2, 5), level))
    folder = FeatureFolder(tmp_path / "f")
    for label, level in (("shoe", 2.0), ("hat", 1.0)):
        assert (folder.read(tmp_path / "pictures" / label / "1.jpg") == level).all()
    np.save(tmp_path / "f" / "2.npy", np.zeros((2, 2, 5)))
    folder = FeatureFolder(tmp_path / "f")
    folder.read(tmp_path / "hat" / "2.jpg")
    folder.read(tmp_path / "hat" / "2.jpg")
    with pytest.raises(UserError, match=r"2\.npy: these features would be those of .*hat/2.*shoe/2.*shoe/2\.npy"):
        folder.read(tmp_path / "shoe" / "2.jpg")


@pytest.mark.parametrize(
    ("array", "named"),
    [
        (np.zeros((10, 5)), r"these features are \[10, 5\].*square"),
        (np.zeros((5, 3, 3)), r"these features are \[5, 3, 3\].*transpose\(1, 2, 0\)"),
        (np.zeros(5), r"these features are \[5\]"),
        (np.full((3, 3, 5), np.nan), "hold NaN or infinity"),
        (np.zeros((3, 3, 6)), "shape 3 × 3 × 6, but 3 × 3 × 5 is expected"),
        (np.zeros((3, 3, 5), bool), "no array of numbers"),
        (np.array([{}]), "no array of numbers"),
    ],
)
def test_arrays_that_are_no_features_are_named(tmp_path, array, named):
    np.save(tmp_path / "a.npy", np.zeros((3, 3, 5)))
    np.save(tmp_path / "b.npy", array, allow_pickle=True)
    with pytest.raises(UserError, match=rf"b\.npy: .*{named}"):
        FeatureFolder(tmp_path).read(tmp_path / "b.jpg")


def test_a_folder_without_features_is_named(tmp_path):
    with pytest.raises(UserError, match="holds no features"):
        FeatureFolder(tmp_path)
    with pytest.raises(UserError, match="cannot read this folder"):
        FeatureFolder(tmp_path / "gone")
