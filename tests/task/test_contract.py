"""What a task or a model of the user's own lacks, or does otherwise than expected, is named with what was expected."""

from typing import Any

import pytest
import torch
from torch import nn

import heedful
from heedful.errors import UserError
from heedful.task.base import Predictor, Prepared, Task
from heedful.task.contract import check_task
from tests.task.letters import LetterCounter, LettersConfig, LettersTask
from tests.task.test_custom import SHORT, Bag
from tests.task.test_engine import QUICK, write_lines

pytest.importorskip("lightning")
pytest.importorskip("torchmetrics")

# Where heedful checks shapes and types at run time, the tests would meet those errors and not ours.
pytestmark = pytest.mark.usefixtures("unchecked_shapes")

ATTRIBUTES = ["summary", "files", "config", "predictor", "usage"]


def without(name: str) -> type[Task[Any, Any]]:
    """The task of letters that lacks one method or attribute."""
    own = {key: value for key, value in vars(LettersTask).items() if key != name and not key.startswith(("__", "_abc"))}
    return type("Lacking", (Task,), own)


def changed(**methods: Any) -> type[Task[Any, Any]]:
    """The task of letters with other methods."""
    return type("Changed", (LettersTask,), methods)


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    return write_lines(tmp_path_factory.mktemp("contract") / "lines.tsv", 40)


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    path = tmp_path_factory.mktemp("contract") / "texts.tsv"
    path.write_text("".join(f"{'ab'[row % 2]} c d\t{'xy'[row % 2]}\n" for row in range(20)))
    return path


@pytest.mark.parametrize("name", sorted(Task.__abstractmethods__))
def test_a_method_that_is_missing_is_named(name, lines, tmp_path):
    with pytest.raises(UserError, match=rf"the task Lacking lacks the method {name} "):
        heedful.fit(without(name), lines, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_attribute_that_is_missing_is_named_with_what_was_expected(name, lines, tmp_path):
    with pytest.raises(UserError, match=rf"the task Lacking lacks {name} \(expected "):
        heedful.fit(without(name), lines, out=tmp_path / "run")


def test_what_is_no_task_is_told():
    for wrong in (3, int, LetterCounter):
        with pytest.raises(
            UserError, match=r"is no task \(expected a name, or a subclass of heedful\.task\.base\.Task"
        ):
            check_task(wrong)
    assert check_task(LettersTask).name == check_task(LettersTask()).name == "letters"


def test_settings_that_are_no_settings_of_a_task_are_told():
    class Nameless(LettersConfig, frozen=True):
        task: str

    for config, words in ((dict, "Changed has config"), (Nameless, "Nameless lacks models, or a field task")):
        with pytest.raises(UserError, match=words):
            check_task(changed(config=config))


def test_a_predictor_that_cannot_be_made_is_told():
    class Silent(Predictor[LettersConfig]):
        """Has no predict."""

    class Alone(LetterCounter):
        def __init__(self, config: Any, model: Any) -> None:
            super().__init__(config, model, {})

    with pytest.raises(UserError, match=r"the predictor Silent lacks the method predict"):
        check_task(changed(predictor=Silent))
    with pytest.raises(UserError, match=r"the predictor Alone cannot be called with config, model, parts, task="):
        check_task(changed(predictor=Alone))


def test_a_method_that_lacks_an_argument_is_told():
    def answer(self, predictor, questions, *, first, maps, options):
        return []

    def show(self, predictor, texts, *, options):
        return []

    expected = r"Changed\.answer cannot be called .* 'every' \(expected def answer\(self, predictor, questions, \*, fi"
    with pytest.raises(UserError, match=expected):
        check_task(changed(answer=answer))
    with pytest.raises(UserError, match=r"Changed\.show cannot be called .*show\(self, predictor, texts, \*, every, "):
        check_task(changed(show=show))
    assert check_task(changed(answer=lambda self, predictor, questions, **rest: []))


@pytest.mark.parametrize(
    ("method", "returned", "words"),
    [
        ("learn", [1], r"Changed\.learn returned list \(expected a mapping of parts by name"),
        (
            "learn",
            {"text": 3},
            r"Changed\.learn returned int \(expected parts with save\(folder, name\); 'text' has",
        ),
        ("prepare", ([], []), r"Changed\.prepare returned tuple \(expected a heedful\.task\.base\.Prepared"),
        (
            "prepare",
            lambda: Prepared([1, 2], []),
            r"Changed\.prepare returned list \(expected train examples with",
        ),
        ("measure", 0.5, r"Changed\.measure returned float \(expected numbers by name"),
        ("measure", {"loss": "low"}, r"Changed\.measure returned dict \(expected numbers by name"),
    ],
)
def test_what_a_method_returns_is_checked(method, returned, words, lines, tmp_path):
    made = returned() if callable(returned) else returned
    with pytest.raises(UserError, match=words):
        heedful.fit(changed(**{method: lambda *given: made}), lines, settings=QUICK, out=tmp_path / "run")


def test_a_metric_that_measure_does_not_give_is_named(lines, tmp_path):
    with pytest.raises(UserError, match="valid_loss"):
        heedful.fit(changed(measure=lambda *given: {"error": 1.0}), lines, settings=QUICK, out=tmp_path / "run")


def fit_model(model: Any, texts: Any, tmp_path: Any) -> None:
    heedful.fit("classify", texts, model=model, settings={"train": SHORT}, out=tmp_path / "run")


@pytest.mark.parametrize("method", ["loss", "logits"])
def test_a_model_that_lacks_a_method_is_told_before_it_is_trained(method, texts, tmp_path):
    own = {"__init__": Bag.__init__, "loss": Bag.loss, "logits": Bag.logits}
    del own[method]
    lacking = type("Lacking", (nn.Module,), {**own, "__init__": lambda self, size, classes: nn.Module.__init__(self)})
    expected = rf"the model Lacking lacks the method {method} \(the task 'classify' needs {method}\("
    with pytest.raises(UserError, match=expected):
        fit_model(lacking, texts, tmp_path)
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_a_model_whose_output_has_another_shape_is_told(texts, tmp_path):
    class Wide(Bag):
        def logits(self, tokens, lengths, sentences):
            return torch.cat([super().logits(tokens, lengths, sentences)] * 2, -1)

    with pytest.raises(UserError, match=r"Wide\.logits returned .*\[2, 4\].*expected \[2, 2\]: one row per text"):
        fit_model(Wide, texts, tmp_path)


def test_a_loss_that_is_no_token_loss_is_told(texts, tmp_path):
    class Plain(Bag):
        def loss(self, batch):
            return super().loss(batch).total

    with pytest.raises(UserError, match=r"Plain\.loss returned Tensor \(expected a heedful\.layer\.loss\.TokenLoss"):
        fit_model(Plain, texts, tmp_path)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (
            lambda size: Bag(size, 2),
            r"cannot be called with size, classes: .*expected model=build, where build\(size=, ",
        ),
        (
            lambda size, classes: None,
            r"returned NoneType \(expected model=build, where build\(size=, classes=\)",
        ),
        (lambda size, classes: Bag, r"returned type \(expected model=build"),
        (3, r"model is 3 \(expected model=build, where build\(\.\.\.\) returns a torch\.nn\.Module"),
    ],
)
def test_a_builder_of_models_is_called_with_the_sizes_and_returns_a_module(build, words, texts, tmp_path):
    with pytest.raises(UserError, match=words):
        fit_model(build, texts, tmp_path)


def test_an_error_inside_the_users_code_is_their_own(texts, tmp_path):
    def build(size: int, classes: int) -> nn.Module:
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        fit_model(build, texts, tmp_path)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda query_dim: None, r"score: \S+ cannot be called with query_dim, key_dim: .*expected score=build"),
        (lambda query_dim, key_dim: 3, r"score: \S+ returned int \(expected a Score, or a function"),
    ],
)
def test_a_builder_of_scores_is_called_with_the_widths_and_returns_a_score(build, words, texts, tmp_path):
    with pytest.raises(UserError, match=words):
        heedful.fit("classify", texts, model="birnn", score=build, settings={"train": SHORT}, out=tmp_path / "run")


def test_only_a_predictor_is_evaluated_and_shown(texts):
    for ask in (lambda: heedful.evaluate(Bag(9, 2), texts), lambda: heedful.show(nn.Linear(2, 2), "a")):
        with pytest.raises(UserError, match=r"is no trained model \(pass what heedful\.load\(folder\) returns\)"):
            ask()


def test_the_whole_contract_is_kept_by_the_made_up_task(lines, tmp_path):
    """What the tests above change is all that is wrong with it."""
    short = {"train": {**QUICK["train"], "steps": 2, "valid_every": 2}}
    assert heedful.fit(changed(), lines, settings=short, out=tmp_path / "run").fit.steps == 2
