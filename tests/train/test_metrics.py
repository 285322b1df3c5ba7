"""metrics.jsonl: lines appended, lines after the checkpoint dropped; and which number is better."""

import errno
import json
import math
import os

import pytest

pytest.importorskip("lightning")

from heedful.errors import UserError
from heedful.train.metrics import MetricsFile, is_better


def steps_in(path):
    return [json.loads(line)["step"] for line in path.read_text().splitlines()]


def test_resuming_drops_what_comes_after_the_checkpoint_and_a_line_cut_short(tmp_path):
    file = MetricsFile(tmp_path / "metrics.jsonl")
    file.begin(0)
    for step in (3, 6, 9):
        file.write({"step": step, "train_loss": 1.5})
    with file.path.open("a") as text:
        text.write('{"step": 12, "train_l')
    file.begin(6)
    file.write({"step": 9})
    assert steps_in(file.path) == [3, 6, 9]


def test_a_new_run_begins_an_empty_file(tmp_path):
    file = MetricsFile(tmp_path / "metrics.jsonl")
    file.path.write_text('{"step": 3}\n')
    file.begin(0)
    assert file.path.read_text() == ""


def test_a_number_that_is_not_defined_is_null(tmp_path):
    file = MetricsFile(tmp_path / "metrics.jsonl")
    file.begin(0)
    file.write({"step": 3, "valid_map": math.nan})
    assert file.path.read_text() == '{"step": 3, "valid_map": null}\n'


def test_a_full_disk_is_said_in_one_line(tmp_path, monkeypatch):
    file = MetricsFile(tmp_path / "metrics.jsonl")
    file.begin(0)

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"metrics\.jsonl.*space"):
        file.sync()
    with pytest.raises(UserError, match="cannot write"):
        MetricsFile(tmp_path / "no" / "metrics.jsonl").write({})


@pytest.mark.parametrize("metric", ["valid_bleu", "accuracy", "valid_loss_bleu"])
def test_most_metrics_are_better_when_higher(metric):
    assert is_better(metric, 2.0, 1.0)
    assert not is_better(metric, 1.0, 1.0)


@pytest.mark.parametrize("metric", ["valid_loss", "loss", "valid_perplexity", "valid_aer", "wer"])
def test_losses_and_error_rates_are_better_when_lower(metric):
    assert is_better(metric, 1.0, 2.0)
    assert not is_better(metric, 1.0, 1.0)


@pytest.mark.parametrize("metric", ["valid_bleu", "valid_loss"])
def test_any_number_beats_none_and_nan_beats_nothing(metric):
    assert is_better(metric, 0.0, None)
    assert not is_better(metric, math.nan, None)
    assert not is_better(metric, math.nan, 1.0)
