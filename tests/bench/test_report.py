"""The table and the lines of JSON say what was measured, and the picture names its lines."""

import json
from itertools import pairwise
from xml.etree import ElementTree

import pytest
import torch

from heedful.bench.benchmark import Benchmark
from heedful.bench.plot import save_plot, space_apart, worth_drawing
from heedful.bench.report import HEAD, Row, Setting, describe_run, json_lines, markdown, table_line
from heedful.bench.timing import Timing

SETTING = Setting(
    command="heedful bench dot",
    machine="a processor, 2 cores",
    features="avx512f",
    threads=2,
    buffers="kept",
    clock="the clock of the wall",
    version="heedful 0 at abc",
    date="2026-01-01 00:00 UTC",
    missing={"keras": "not installed: pip install keras"},
)
ROW = Row(
    "additive",
    512,
    "8x512x64",
    "forward",
    "eager",
    timing=Timing(1234.4, 99.99, 1500.0, 2.345, 9),
    ratio=34.567,
    bytes=3 * 2**19,
)
TRAINING = "forward + backward"


def test_a_row_is_a_line_of_the_table():
    assert (
        table_line(ROW)
        == "| additive | 8x512x64 | forward | eager | 1,234 | 99.99 to 1,500 | 2.35 | 9 | 34.57 | 1.50 |  |"
    )
    assert table_line(ROW).count("|") == HEAD[0].count("|") == HEAD[1].count("|")


def test_who_was_left_out_has_a_line_too():
    left = Row("dot", 8, "1x8x8x64", TRAINING, "flex", note="left out: a|b")
    assert table_line(left) == f"| dot | 1x8x8x64 | {TRAINING} | flex |  |  |  |  |  |  | left out: a\\|b |"


def test_the_report_names_command_machine_and_who_is_missing():
    text = markdown(SETTING, [ROW])
    for said in ("# `heedful bench dot`", "a processor, 2 cores", "avx512f", "2 threads", "heedful 0 at abc", "kept"):
        assert said in text
    assert "- Not here: keras: not installed: pip install keras\n" in text
    assert text.endswith(f"{HEAD[1]}\n{table_line(ROW)}\n")


def test_lines_of_json_hold_everything_unrounded():
    setting, row = map(json.loads, json_lines(SETTING, [ROW]).splitlines())
    assert setting["missing"] == SETTING.missing
    assert row["timing"] == {"wall": 1234.4, "low": 99.99, "high": 1500, "cpu": 2.345, "turns": 9}
    assert (row["ratio"], row["bytes"]) == (34.567, 3 * 2**19)


def test_a_run_is_described():
    found = describe_run("heedful bench", kept=False, device=torch.device("cpu"), missing={})
    assert found.threads == torch.get_num_threads()
    assert "as installed" in found.buffers
    assert f"torch {torch.__version__}" in found.machine


def sweep(memory: bool = True) -> list[Row]:
    return [
        Row(
            "lengths",
            length,
            f"1x{length}x64",
            TRAINING,
            peer,
            timing=Timing(slope * length**2, 0.0, 0.0, 0.0, 9),
            bytes=length * 1000 if memory else None,
        )
        for peer, slope in (("ours", 1e-3), ("eager", 2e-2), ("sdpa: dot product", 1.1e-3))
        for length in (64, 128, 256, 512)
    ]


def test_a_picture_has_two_panels_with_named_lines(tmp_path):
    pytest.importorskip("matplotlib")
    save_plot(sweep(), tmp_path / "a.svg", title="additive score")
    words = [element.text for element in ElementTree.parse(tmp_path / "a.svg").iter() if element.tag.endswith("}text")]
    for peer in ("ours", "eager", "sdpa: dot product"):
        assert words.count(peer) == 2
    for said in (f"additive score, {TRAINING}", "milliseconds a call", "MiB at the peak of a call", "512"):
        assert said in words
    save_plot(sweep(), tmp_path / "a.png", title="additive score")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_is_the_same_each_time_and_has_one_panel_without_memory(tmp_path):
    pytest.importorskip("matplotlib")
    for name in "ab":
        save_plot(sweep(memory=False), tmp_path / f"{name}.svg", title="x")
    first = (tmp_path / "a.svg").read_text()
    assert first == (tmp_path / "b.svg").read_text()
    assert "MiB" not in first


def test_names_stand_a_line_apart_below_the_top():
    placed = space_apart({"a": 50.0, "b": 51.0, "c": 98.0, "d": 99.0, "e": 10.0}, top=100.0)
    heights = sorted(placed.values())
    assert all(upper - lower >= 11 for lower, upper in pairwise(heights))
    assert heights[-1] <= 100
    assert sorted(placed, key=placed.__getitem__) == ["e", "a", "b", "c", "d"]
    assert placed["e"] == 10.0


def test_two_lengths_are_no_curve():
    assert worth_drawing(sweep())
    assert not worth_drawing([row for row in sweep() if row.length < 200])


def test_files_are_written_beside_and_pictures_are_in_the_report(tmp_path):
    pytest.importorskip("matplotlib")
    record = Benchmark(SETTING, tmp_path / "v1.2", sweep())
    assert sorted(path.name for path in record.write()) == ["v1.2.jsonl", "v1.2.md", "v1.2.png", "v1.2.svg"]
    assert "](v1.2.svg)" in (tmp_path / "v1.2.md").read_text()
    record.rows += [Row(**{**vars(row), "case": "dot"}) for row in sweep()]
    assert sorted(path.name for path in record.write() if path.suffix == ".svg") == ["v1.2-dot.svg", "v1.2-lengths.svg"]
