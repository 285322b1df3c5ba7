"""The user's own model and score in place of a name: trained, kept by name alone, and needed again to load."""

import random

import pytest
import torch
from torch import Tensor, nn

import heedful
from heedful import General
from heedful.cli.run import run
from heedful.errors import UserError
from heedful.layer.label import label_loss
from heedful.store import read_yaml

pytest.importorskip("lightning")
pytest.importorskip("sacrebleu")
pytest.importorskip("torchmetrics")

SHORT = {"steps": 4, "valid_every": 4, "warmup": 1, "schedule": "constant"}
SHORT |= {"tokens": 100, "precision": "float32", "average": 0}
PAIRS = {
    "train": SHORT,
    "model": {"embed": 8, "hidden": 8},
    "data": {"shared": False, "source": {"tokeniser": "word"}, "target": {"tokeniser": "word"}},
    "decode": {"beam": 1, "precision": "float32"},
}


class Bag(nn.Module):
    """The mean of word vectors, by a programmer who has never seen this package's models."""

    def __init__(self, size: int, classes: int) -> None:
        super().__init__()
        self.words, self.out = nn.Embedding(size, 6), nn.Linear(6, classes)

    def logits(self, tokens: Tensor, lengths: Tensor, sentences: Tensor) -> Tensor:
        known = torch.arange(tokens.shape[1]) < lengths[:, None]
        return self.out((self.words(tokens) * known[..., None]).sum(1) / lengths[:, None])

    def loss(self, batch):
        return label_loss(self.logits(batch.tokens, batch.lengths, batch.sentences), batch.labels)


class Bilinear(nn.Module):
    """A score that is no Score: a function of query and key with weights."""

    def __init__(self, query_dim: int, key_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(query_dim, key_dim) / query_dim)

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        return query @ self.weight @ key.mT


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder, draw = tmp_path_factory.mktemp("custom"), random.Random(1)
    rows = [draw.choices("abcd", k=5) for _ in range(40)]
    (folder / "texts.tsv").write_text("".join(f"{' '.join(row)}\t{'xy'['a' in row]}\n" for row in rows))
    (folder / "pairs.tsv").write_text("".join(f"{' '.join(row)}\t{' '.join(row).upper()}\n" for row in rows))
    return folder


@pytest.fixture(scope="module")
def bag(folder):
    return heedful.fit("classify", folder / "texts.tsv", model=Bag, settings={"train": SHORT}, out=folder / "bag")


@pytest.fixture(scope="module")
def bilinear(folder):
    made = folder / "bilinear"
    return heedful.fit("translate", folder / "pairs.tsv", model="rnnsearch", score=Bilinear, settings=PAIRS, out=made)


def test_a_model_of_ones_own_is_trained_and_loaded(bag, folder):
    assert isinstance(bag.predictor.model, Bag)
    again = heedful.load(bag.folder, model=Bag)
    texts = ["a b c", "d d", "a " * 30]
    found, expected = again.predict(texts), bag.predictor.predict(texts)
    assert [one.probabilities for one in found] == [one.probabilities for one in expected]
    assert all(one.words == [] for one in found), "it does not say what it looks at"
    assert heedful.evaluate(again, folder / "texts.tsv")["texts"] == 40
    assert heedful.show(again, "a b")[0].text.startswith(("x", "y"))
    again.save(folder / "copy")
    assert heedful.load(folder / "copy", model=Bag).predict(["a"])[0].label == again.predict(["a"])[0].label


def test_the_folder_names_the_code_and_holds_none(bag, bilinear):
    for trained, what, name in ((bag, "model", "Bag"), (bilinear, "score", "Bilinear")):
        settings = read_yaml(trained.folder / "config.yaml")
        assert list(settings["custom"]) == [what]
        assert settings["custom"][what].endswith(f"test_custom.{name}")
    assert read_yaml(bag.folder / "config.yaml")["model"]["name"] == "custom"
    assert read_yaml(bilinear.folder / "config.yaml")["model"]["attention"]["score"] == "custom"
    assert "custom: a classifier" in (bag.folder / "README.md").read_text()


@pytest.mark.parametrize("what", ["model", "score"])
def test_without_the_code_it_says_which_and_how_to_give_it(bag, bilinear, what):
    trained, name = (bag, "Bag") if what == "model" else (bilinear, "Bilinear")
    expected = rf"{what} of this run is the user's own code, \S*{name}, .*pass it: {what}=build, where build\("
    with pytest.raises(UserError, match=expected):
        heedful.load(trained.folder)
    with pytest.raises(UserError, match=expected):
        heedful.fit(trained.predictor.task.name, out=trained.folder, resume=True)


@pytest.mark.parametrize("what", ["model", "score"])
def test_the_command_line_ends_in_one_clear_line(bag, bilinear, what, capsys):
    trained, name = (bag, "Bag") if what == "model" else (bilinear, "Bilinear")
    folder, task = str(trained.folder), trained.predictor.task.name
    for words in (
        ["predict", folder],
        ["show", folder, "a b"],
        ["eval", folder, "x.tsv"],
        ["check", task, "x.tsv", "--run", folder],
        ["train", task, "--resume", "--out", folder],
    ):
        capsys.readouterr()
        assert run(words) == 1, words
        told = capsys.readouterr()
        assert told.out == ""
        error, hint = told.err.splitlines()
        assert error.startswith(f"error: the {what} of this run is the user's own code, ")
        assert name in error
        assert hint.startswith("hint: load it from Python")


def test_a_name_that_stands_for_code_is_no_model_of_the_command_line(folder, tmp_path, capsys):
    words = ["train", "classify", "--train", str(folder / "texts.tsv"), "--out", str(tmp_path / "run")]
    for more, what in ((["--model", "custom"], "model"), (["--set", "model.attention.score=custom"], "score")):
        assert run([*words, *more]) == 1
        told = capsys.readouterr().err
        assert f"the {what} 'custom' is the user's own code" in told
        assert f"heedful.fit(..., {what}=build)" in told


def test_with_the_code_it_goes_on(folder, tmp_path):
    text, more = folder / "texts.tsv", {"train": {**SHORT, "steps": 8}}
    whole = heedful.fit("classify", text, model=Bag, settings=more, out=tmp_path / "whole")
    heedful.fit("classify", text, model=Bag, settings={"train": SHORT}, out=tmp_path / "half")
    half = heedful.fit("classify", model=Bag, settings={"train": {"steps": 8}}, out=tmp_path / "half", resume=True)
    states = [one.predictor.model.state_dict() for one in (whole, half)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_a_score_of_ones_own_is_named_wherever_the_run_is_shown(bilinear):
    readme = (bilinear.folder / "README.md").read_text()
    assert "| own score | " in readme
    assert "test_custom.Bilinear`. Whoever loads the run passes it again." in readme
    assert bilinear.results["own score"].endswith("test_custom.Bilinear")
    maps = heedful.show(bilinear.predictor, "a b c")[0].maps
    assert maps
    assert all(one.title.endswith("score Bilinear") for one in maps)


def test_a_score_of_ones_own_answers_alike_when_loaded(bilinear):
    modules = [one for one in bilinear.predictor.model.modules() if isinstance(one, Bilinear)]
    assert len(modules) == 1, "it stands inside the named model"
    again = heedful.load(bilinear.folder, score=Bilinear)
    for found, expected in zip(again.predict(["a b c", "d"]), bilinear.predictor.predict(["a b c", "d"]), strict=True):
        assert found.text == expected.text
        assert found.score == expected.score
        assert torch.equal(found.attention, expected.attention)


def test_a_known_score_built_by_hand_is_the_named_one_bit_by_bit(folder, tmp_path):
    named = {**PAIRS, "model": {**PAIRS["model"], "attention": {"score": "general"}}}
    pairs = folder / "pairs.tsv"
    one = heedful.fit("translate", pairs, model="rnnsearch", settings=named, out=tmp_path / "named")
    other = heedful.fit("translate", pairs, model="rnnsearch", score=General, settings=PAIRS, out=tmp_path / "built")
    states = [trained.predictor.model.state_dict() for trained in (one, other)]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_code_for_a_run_that_has_none_is_an_error(folder, tmp_path):
    heedful.fit("classify", folder / "texts.tsv", settings={"train": SHORT}, out=tmp_path / "run")
    for given in ({"model": Bag}, {"score": Bilinear}, {"encoder": Bag}):
        (what,) = given
        with pytest.raises(
            UserError, match=rf"{what}= was given, but this run was made without a {what} of the user's"
        ):
            heedful.load(tmp_path / "run", **given)


@pytest.mark.parametrize("model", ["textcnn", "words"])
def test_a_model_that_scores_nothing_takes_no_score(folder, tmp_path, model):
    with pytest.raises(UserError, match=f"the model '{model}' has no attention whose score can be chosen"):
        heedful.fit("classify", folder / "texts.tsv", model=model, score=Bilinear, out=tmp_path / "run")


SMALL = {"width": 8, "heads": 2, "feedforward": 8, "encoder_layers": 1, "decoder_layers": 1}


def test_a_score_of_ones_own_serves_every_attention_of_a_transformer(folder, tmp_path):
    settings, out = {**PAIRS, "model": SMALL}, tmp_path / "run"
    made = heedful.fit(
        "translate", folder / "pairs.tsv", model="transformer", score=Bilinear, settings=settings, out=out
    )
    scores = [name for name, module in made.predictor.model.named_modules() if isinstance(module, Bilinear)]
    parts = ("encoder.0.self", "decoder.0.self", "decoder.0.source")
    assert scores == [f"{part}.attention.score" for part in parts]
    again = heedful.load(out, score=Bilinear)
    assert [one.text for one in again.predict(["a b c", "d"])] == [
        one.text for one in made.predictor.predict(["a b c", "d"])
    ]


def test_a_score_of_ones_own_serves_the_attention_that_settings_name(folder, tmp_path):
    model = {**SMALL, "attention": {"source": {"score": "custom"}}}
    made = heedful.fit(
        "translate", folder / "pairs.tsv", model="transformer", score=Bilinear, settings={**PAIRS, "model": model},
        out=tmp_path / "run",
    )  # fmt: skip
    scores = [name for name, module in made.predictor.model.named_modules() if isinstance(module, Bilinear)]
    assert scores == ["decoder.0.source.attention.score"]


def test_weights_of_other_code_do_not_fit(bag):
    class Wide(Bag):
        def __init__(self, size, classes):
            super().__init__(size + 1, classes)

    with pytest.raises(UserError, match=r"words\.weight"):
        heedful.load(bag.folder, model=Wide)
