"""Training on the made-up shop: every output layer learns, and balanced classes reach the rare categories."""

from itertools import islice

import pytest

import heedful
from heedful.data.corpus import Shop

pytest.importorskip("lightning")

pytestmark = pytest.mark.usefixtures("unchecked_shapes")

TRAIN = {"epochs": None, "steps": 120, "valid_every": 120, "rate": 2e-2, "warmup": 5, "tokens": 500, "average": 0}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Files of a shop of 27 categories."""
    folder, made = tmp_path_factory.mktemp("shop"), Shop(27, depth=3, seed=4)
    for stream, (name, count) in enumerate([("train", 1200), ("test", 300)]):
        rows = [f"{title.text}\t{title.label}\n" for title in islice(made.titles(stream), count)]
        (folder / f"{name}.tsv").write_text("text\tlabel\n" + "".join(rows))
    return folder


def train(shop, out, **settings):
    """The scores of a bag of words on the test titles."""
    settings = {"train": TRAIN, "model": {"embed": 32, "dropout": 0.0, "embed_dropout": 0.0}} | settings
    trained = heedful.fit(
        "classify", shop / "train.tsv", model="words", settings=settings, out=out, valid=shop / "test.tsv"
    )
    return trained, heedful.evaluate(trained.predictor, shop / "test.tsv")


@pytest.mark.parametrize("output", [pytest.param("full", marks=pytest.mark.slow), "sampled", "hierarchical"])
def test_each_output_layer_learns_the_categories(shop, tmp_path, output):
    model = {"embed": 32, "dropout": 0.0, "embed_dropout": 0.0, "output": output, "samples": 1}
    trained, found = train(shop, tmp_path / "run", model=model)
    assert found["accuracy"] > 0.7, "the most frequent category has 0.26"
    assert found["accuracy"] <= found["accuracy_at_3"] <= found["accuracy_at_5"]
    levels = [found["levels"][level]["accuracy"] for level in "123"]
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] == found["accuracy"]
    assert trained.fit.best == found["accuracy"], "validation counts as eval does"


@pytest.mark.slow
def test_balanced_classes_reach_rare_categories(shop, tmp_path):
    """The control is the same training without balance: it must do worse on the mean over categories."""
    short = TRAIN | {"steps": 40, "valid_every": 40}
    _, plain = train(shop, tmp_path / "plain", train=short)
    trained, balanced = train(shop, tmp_path / "balanced", train=short, data={"balance": 1.0})
    assert balanced["macro_f1"] > plain["macro_f1"] + 0.05
    assert trained.predictor.config.data.balance == 1.0
