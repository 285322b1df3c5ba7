"""Every way to set up a Transformer works from end to end: trained, loaded, translated with, scored, seen."""

import json

import pytest
import torch

import heedful
from heedful.cli.run import run
from heedful.data.batch import Example

TINY = {
    "data.shared": "false",
    "data.source.tokeniser": "word",
    "data.target.tokeniser": "word",
    "model.width": 16,
    "model.heads": 4,
    "model.feedforward": 32,
    "model.encoder_layers": 1,
    "model.decoder_layers": 2,
    "train.steps": 6,
    "train.valid_every": 6,
    "train.tokens": 300,
    "train.precision": "float32",
    "decode.beam": 1,
    "decode.ratio": 0.5,
}
ABLATIONS = [
    {"heads": 1},
    {"norm": "post"},
    {"position": "learned", "max_length": 210},
    {"position": "rotary"},
    {"position": "none"},
    {"tie": "none"},
]
BRANCHES = [{}, {"branched": "self", "norm": "post"}, {"branched": "both", "position": "rotary"}]


@pytest.fixture
def go(pairs, tmp_path, capsys):
    """Trains a tiny model with some of its settings changed; gives a function that runs commands on its folder."""
    pytest.importorskip("lightning")
    pytest.importorskip("sacrebleu")

    def call(*words):
        capsys.readouterr()
        status = run([str(word) for word in words])
        captured = capsys.readouterr()
        assert status == 0, captured.err
        return captured.out

    def go(name, changed):
        settings = TINY | {f"model.{key}": value for key, value in changed.items()}
        words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        files = {part: [pairs / f"{part}.src", pairs / f"{part}.tgt"] for part in ("train", "valid")}
        call("train", "translate", "--train", *files["train"], "--valid", *files["valid"], "--model", name, *words,
             "--out", tmp_path / "run")  # fmt: skip
        return lambda command, *more: call(command, tmp_path / "run", *more)

    return go


def works(on_run, pairs, folder):
    """Predicts, shows and scores; gives the scores and what was shown."""
    assert len(on_run("predict", pairs / "test.src").splitlines()) == 25
    for seen in heedful.load(folder).maps([Example([4, 5, 6], [4, 5])])[0].values():
        torch.testing.assert_close(seen.sum(-1), torch.ones(seen.shape[:2]))
        assert seen.shape[1:] == (3, 4)
    return json.loads(on_run("eval", pairs / "test.src", pairs / "test.tgt", "--json")), on_run("show", "a b", "--all")


@pytest.mark.parametrize("changed", ABLATIONS, ids=lambda changed: "-".join(map(str, changed.values())))
def test_a_transformer_with_other_heads_positions_norms_and_ties(go, pairs, tmp_path, changed):
    scores, _ = works(go("transformer", changed), pairs, tmp_path / "run")
    assert "bleu" in scores
    assert not [name for name in scores if "kappa" in name]


@pytest.mark.parametrize("changed", BRANCHES, ids=lambda changed: changed.get("branched", "source"))
def test_a_weighted_transformer_tells_and_draws_its_branches(go, pairs, tmp_path, changed):
    scores, drawing = works(go("weighted-transformer", changed), pairs, tmp_path / "run")
    readme = (tmp_path / "run" / "README.md").read_text()
    found = {name: value for name, value in scores.items() if name.startswith(("kappa", "alpha"))}
    branched = changed.get("branched", "source")
    places = ["encoder.0.self"]
    places += [f"decoder.{i}.{what}" for i in (0, 1) for what in ("self", "source") if branched in (what, "both")]
    assert set(found) == {f"{what} {place}" for what in ("kappa", "alpha") for place in places}
    for name, weights in found.items():
        assert len(weights) == 4
        assert min(weights) >= 0.0
        assert sum(weights) == pytest.approx(1.0, abs=3e-4), "of rounded weights"
        assert f"| {name} | {weights} |" in readme
    assert any(len(set(weights)) > 1 for weights in found.values()), "they have moved"
    assert "\nkappa\n" in drawing
    assert "\nalpha\n" in drawing
    assert "branch 3" in drawing
    for name in ("kappa", "alpha"):
        assert "encoder.0.self" in (tmp_path / "run" / f"{name}.svg").read_text()
