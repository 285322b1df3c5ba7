"""What is written is read back: weights, titles, layers, every axis; what is no map is refused with its place."""

import json

import numpy as np
import pytest
import torch

from heedful import UserError
from heedful.watch import Cells, Grid, Lines, Map, Seconds, Slots, Words, load_maps, save_maps

PIXELS = np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)
AXES = [
    Words(["a", "<b>", "书", ""]),
    Grid(2, 3, (30, 20), crop=(0.0, -5.0, 30.0, 25.0), pixels=PIXELS),
    Grid(2, 3, (30, 20)),
    Seconds(1.5, 0.25, 7),
    Slots(5),
    Cells(["Berlin", "Rome"], ["year", "area", "height"]),
    Lines(["one", "", "three"], first=11),
]


@pytest.mark.parametrize("suffix", [".npz", ".jsonl"])
@pytest.mark.parametrize("columns", AXES, ids=lambda axis: type(axis).__name__)
def test_every_axis_comes_back(tmp_path, columns, suffix):
    size = len(columns)
    maps = [
        Map(torch.rand(2, size), ["x", "y"], columns, "a title", {"l": torch.rand(3, 2, size)}),
        Map(torch.rand(size, 1), columns, ["x"]),
    ]
    save_maps(maps, tmp_path / f"out{suffix}")
    read = load_maps(tmp_path / f"out{suffix}")
    assert [(one.title, one.rows, one.columns) for one in read] == [(one.title, one.rows, one.columns) for one in maps]
    for one, other in zip(read, maps, strict=True):
        torch.testing.assert_close(one.weights, other.weights, atol=0 if suffix == ".npz" else 1e-5, rtol=0)
    if suffix == ".npz":
        assert torch.equal(read[0].layers["l"], maps[0].layers["l"])
        if isinstance(columns, Grid) and columns.pixels is not None:
            assert np.array_equal(read[0].columns.pixels, PIXELS)


@pytest.mark.parametrize("suffix", [".npz", ".jsonl"])
def test_nan_and_empty_maps_come_back(tmp_path, suffix):
    maps = [
        Map(torch.tensor([[float("nan"), 1.0]]), ["x"], ["a", "b"]),
        Map(torch.zeros(0, 2), [], ["a", "b"]),
        Map(torch.zeros(2, 0), ["a", "b"], Slots(0)),
    ]
    save_maps(maps, tmp_path / f"out{suffix}")
    read = load_maps(tmp_path / f"out{suffix}")
    assert [tuple(one.weights.shape) for one in read] == [(1, 2), (0, 2), (2, 0)]
    assert read[0].weights.isnan().tolist() == [[True, False]]
    if suffix == ".jsonl":
        assert "NaN" not in (tmp_path / "out.jsonl").read_text(), "which is no JSON"


def test_a_file_of_words_is_as_the_first_release_wrote_it(tmp_path):
    save_maps([Map(torch.tensor([[0.25, 0.75]]), ["x"], ["a", "书"], "t")], tmp_path / "out.jsonl")
    line = '{"title": "t", "rows": ["x"], "columns": ["a", "书"], "weights": [[0.25, 0.75]]}\n'
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == line
    old = {"0/weights": np.ones((1, 1), np.float32), "0/rows": np.array(["x"]), "0/columns": np.array(["a"])}
    np.savez_compressed(tmp_path / "old.npz", **old)
    assert [(one.title, list(one.rows), list(one.columns)) for one in load_maps(tmp_path / "old.npz")] == [
        ("", ["x"], ["a"])
    ]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("not json", r"out.jsonl.*no maps"),
        ('{"title": "", "rows": ["x"], "weights": [[1]]}', "columns"),
        ('{"title": "", "rows": ["x"], "columns": ["a", "b"], "weights": [[1]]}', "no maps"),
        ('{"title": "", "rows": ["x"], "columns": {"axis": "grid"}, "weights": [[1]]}', r"out.jsonl:1.*mean 'Grid'"),
        ('{"title": "", "rows": ["x"], "columns": {"axis": "Slots", "n": 1}, "weights": [[1]]}', "not the axis Slots"),
        ('{"title": "", "rows": ["x"], "columns": {"axis": "Slots", "length": -1}, "weights": []}', "fewer than 0"),
        ('{"title": "", "rows": ["x"], "columns": 3, "weights": [[1]]}', "no axis"),
    ],
)
def test_what_is_no_map_is_refused(tmp_path, text, word):
    (tmp_path / "out.jsonl").write_text(text)
    with pytest.raises(UserError, match=word):
        load_maps(tmp_path / "out.jsonl")


def test_other_files_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"'\.html'.*\.jsonl, \.npz"):
        load_maps(tmp_path / "out.html")
    with pytest.raises(UserError, match="cannot read"):
        load_maps(tmp_path / "none.npz")
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(UserError, match="no maps"):
        load_maps(tmp_path / "bad.npz")


def test_an_axis_of_ones_own_is_written_as_its_labels(tmp_path):
    from heedful.axes import Axis

    class Notes(Axis):
        def __len__(self):
            return 2

        def label(self, index):
            return "CD"[index]

    save_maps([Map(torch.rand(1, 2), ["x"], Notes())], tmp_path / "out.jsonl")
    assert json.loads((tmp_path / "out.jsonl").read_text())["columns"] == ["C", "D"]
    assert load_maps(tmp_path / "out.jsonl")[0].columns == Words(["C", "D"])
