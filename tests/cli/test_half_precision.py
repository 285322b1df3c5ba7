"""bfloat16 asked for on the command line where the processor's LSTM has none: one line says so, and it runs."""

import pytest

pytest.importorskip("lightning")

from heedful.cli.run import run
from tests.cli import small

SAID = "torch cannot run an LSTM in bfloat16 on this processor"


@pytest.mark.parametrize("way", ["parse", "chat", "autoencoder"])
def test_training_and_answers_go_on_in_float32(way, tmp_path, no_half_lstm, capfd, caplog):
    task, out = small.WAYS[way][0], tmp_path / "run"
    path, changed = small.write(task, tmp_path), {"train__precision": "bfloat16"}
    if task != "pretrain":
        changed |= {"decode__precision": "bfloat16"}
    if task == "chat":
        changed |= {"model__cell": "lstm"}
    assert run(small.words(way, path, out, **changed)) == 0, capfd.readouterr().err
    assert caplog.text.count(SAID) == 1
    if task == "parse":
        texts = tmp_path / "texts"
        texts.write_text("a b c\n")
        assert run(["predict", str(out), str(texts)]) == 0, capfd.readouterr().err
        assert capfd.readouterr().out.strip()
