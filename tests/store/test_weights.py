"""Weights files: ties, exactness, damage, a full disk."""

import errno
import json
import os
import pickle
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import nn

from heedful.errors import UserError
from heedful.store import load_module, load_tensors, read_metadata, save_tensors

TYPES = [torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.int64, torch.bool, torch.uint8]


class Tied(nn.Module):
    """A vocabulary seen from both ends."""

    def __init__(self, *, tie: bool) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 7)
        self.readout = nn.Linear(7, 11)
        if tie:
            self.readout.weight = self.embedding.weight


@given(st.data())
def test_what_was_saved_is_loaded_bit_for_bit(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    shapes = data.draw(st.lists(st.lists(st.integers(0, 5), max_size=3), max_size=4))
    tensors = {
        f"t{i}": (torch.randn(shape) * 100).to(data.draw(st.sampled_from(TYPES))) for i, shape in enumerate(shapes)
    }
    save_tensors(path, tensors, {"note": "一"})
    loaded = load_tensors(path)
    assert loaded.keys() == tensors.keys()
    assert read_metadata(path)["note"] == "一"
    for name, tensor in tensors.items():
        assert loaded[name].dtype == tensor.dtype
        assert torch.equal(loaded[name], tensor)


def test_nan_and_parts_of_one_larger_tensor_are_kept(tmp_path):
    whole = torch.arange(49.0).reshape(7, 7)
    whole[0, 0] = torch.nan
    views = {
        "whole": whole,
        "turned": whole.T,  # the same memory and shape, other strides
        "above": whole[:3],
        "below": whole[2:5],  # the same shape and strides, other memory, and some of it shared
        "column": whole[:, 3],
        "spread": torch.ones(1).expand(13),
    }
    save_tensors(tmp_path / "a.safetensors", views)
    loaded = load_tensors(tmp_path / "a.safetensors")
    for name, view in views.items():
        assert torch.equal(loaded[name].nan_to_num(-1.0), view.nan_to_num(-1.0))
    assert loaded["whole"][0, 0].isnan()


def test_empty_tensors_are_not_tied_for_having_no_memory(tmp_path):
    save_tensors(tmp_path / "a.safetensors", {"a": torch.ones(0, 3), "b": torch.ones(0, 3)})
    loaded = load_tensors(tmp_path / "a.safetensors")
    assert loaded["a"] is not loaded["b"]


def test_tied_weights_are_stored_once_and_tied_again(tmp_path):
    path = tmp_path / "model.safetensors"
    module = Tied(tie=True)
    save_tensors(path, module.state_dict())
    assert set(load_file(path)) == {"embedding.weight", "readout.bias"}
    assert json.loads(read_metadata(path)["heedful.aliases"]) == {"readout.weight": "embedding.weight"}
    loaded = load_tensors(path)
    assert loaded["readout.weight"] is loaded["embedding.weight"]


@pytest.mark.parametrize("tie", [True, False])
def test_a_module_gets_its_weights_and_its_ties_back(tmp_path, tie):
    path = tmp_path / "model.safetensors"
    saved, fresh = Tied(tie=True), Tied(tie=tie)
    save_tensors(path, saved.state_dict())
    load_module(fresh, path)
    assert fresh.readout.weight is fresh.embedding.weight
    assert all(torch.equal(value, saved.state_dict()[name]) for name, value in fresh.state_dict().items())


def test_equal_values_that_are_not_tied_stay_two(tmp_path):
    save_tensors(tmp_path / "a.safetensors", {"a": torch.ones(3), "b": torch.ones(3)})
    loaded = load_tensors(tmp_path / "a.safetensors")
    assert loaded["a"] is not loaded["b"]
    module = Tied(tie=False)
    save_tensors(tmp_path / "b.safetensors", module.state_dict())
    load_module(module, tmp_path / "b.safetensors")
    assert module.readout.weight is not module.embedding.weight


def test_weights_of_another_model_are_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    save_tensors(path, nn.Linear(3, 5).state_dict())
    with pytest.raises(UserError, match=r"'bias' is \[5\] in the file, \[7\] in the model"):
        load_module(nn.Linear(3, 7), path)
    with pytest.raises(UserError, match="1 too many, such as 'bias'"):
        load_module(nn.Linear(3, 5, bias=False), path)
    with pytest.raises(UserError, match=r"missing, such as 'embedding\.weight'"):
        load_module(Tied(tie=True), path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone\.safetensors: there is no such file"):
        load_tensors(tmp_path / "gone.safetensors")


@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.99])
def test_a_file_cut_short_is_damaged(tmp_path, part):
    path = tmp_path / "model.safetensors"
    save_tensors(path, Tied(tie=True).state_dict())
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(UserError, match=r"model\.safetensors: this file is damaged"):
        load_tensors(path)


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_any_byte_that_changed_is_seen(tmp_path_factory, place, change):
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    saved = {"a": torch.randn(5, 7), "b": torch.arange(13)}
    save_tensors(path, saved)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= change
    path.write_bytes(content)
    try:
        loaded = load_tensors(path)
    except UserError:
        return
    # a byte of the header may be without meaning, but names, values, types and shapes may not differ
    assert loaded.keys() == saved.keys()
    assert all(torch.equal(loaded[name], saved[name]) for name in saved)


@pytest.mark.parametrize("aliases", ["[]", "{", '{"b": "gone"}', '{"b": ["a"]}', "3"])
def test_a_damaged_alias_table_is_damage(tmp_path, aliases):
    path = tmp_path / "model.safetensors"
    save_file({"a": torch.ones(3)}, path, metadata={"heedful.aliases": aliases})
    with pytest.raises(UserError, match="damaged"):
        load_tensors(path)


def test_weights_of_other_programs_are_read(tmp_path):
    save_file({"a": torch.ones(3)}, tmp_path / "other.safetensors")
    assert torch.equal(load_tensors(tmp_path / "other.safetensors")["a"], torch.ones(3))


def test_a_pickle_is_refused_and_its_code_not_run(tmp_path):
    class Attack:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    path = tmp_path / "model.safetensors"
    path.write_bytes(pickle.dumps(Attack()))
    with pytest.raises(UserError, match="damaged"):
        load_tensors(path)
    torch.save({"a": Attack()}, path)
    with pytest.raises(UserError, match="damaged"):
        load_tensors(path)
    assert not (tmp_path / "ran").exists()


def test_a_disk_that_fills_at_the_end_leaves_the_old_weights(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    save_tensors(path, {"a": torch.zeros(3)})

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(UserError, match=r"model\.safetensors: cannot write.*free some space"):
            save_tensors(path, {"a": torch.ones(3)})
    assert torch.equal(load_tensors(path)["a"], torch.zeros(3))
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.safetensors"]


FILLS = """
import resource, signal, sys
from pathlib import Path
import torch
from heedful.errors import UserError
from heedful.store import save_tensors
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    save_tensors(Path(sys.argv[1]), {"a": torch.ones(1_000_003)})
except UserError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="sets a limit on the size of files")
def test_a_disk_that_fills_in_the_middle_leaves_the_old_weights(tmp_path):
    path = tmp_path / "model.safetensors"
    save_tensors(path, {"a": torch.zeros(3)})
    run = subprocess.run([sys.executable, "-c", FILLS, path], capture_output=True, text=True, check=True)
    assert "cannot write this file" in run.stdout
    assert "free some space" in run.stdout
    assert torch.equal(load_tensors(path)["a"], torch.zeros(3))
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.safetensors"]
