"""The interface of a task: what the engine, the command line and `heedful.fit` call.

A new task consists of a final subclass of `Task`, a `RunConfig` and a `Predictor`. `heedful.task.engine` does
everything that all tasks have in common.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast, runtime_checkable

import torch
from torch import nn

from heedful.data.columns import Columns
from heedful.data.report import Report
from heedful.data.tokenise import load_tokeniser
from heedful.task.batches import Examples
from heedful.task.config import RunConfig
from heedful.task.hold_out import HeldOut, Strata, hold_out
from heedful.task.models import Models
from heedful.task.option import Option
from heedful.train import FitResult, Ranks
from heedful.watch import Map
from heedful.watch.notebook import answer_html

C = TypeVar("C", bound=RunConfig)
Raw = TypeVar("Raw")
V = TypeVar("V")

Draw = Callable[[Map], Any]
"""How a map is drawn for the person who watches training."""

Options = Mapping[str, Any]
"""Options that the user gave to a command, by name. `Task.options` lists those that a task accepts."""

STEPWISE = {
    "encode": "encode(source, lengths) -> memory",
    "start": "start(memory) -> state",
    "step": "step(token, state, memory) -> heedful.layer.step.Step",
}
"""The methods of a model whose outputs are searched for or sampled, as `Task.model_methods` has them."""

SEQ_TO_SEQ = {**STEPWISE, "logits": "logits(source, lengths, target_in) -> [B, T, V]"}
"""The methods of a model that is also forced to produce a target, for its loss and its maps."""

TOKENISER = "text"
"""The name of the tokeniser among the parts of a task that has only one."""


@runtime_checkable
class Part(Protocol):
    """Something that a model needs besides its weights, such as a tokeniser. It is saved in the run folder."""

    def save(self, folder: Path, name: str) -> None:
        """Writes the files ``folder/name.*``."""
        ...


Parts = Mapping[str, Any]
"""The parts of a trained model, by their names in the run folder. Each is a `Part`."""


class Predictor(ABC, Generic[C]):
    """A trained model with everything that it needs to answer. `heedful.load(folder)` returns one.

    Subclasses implement `predict`, which maps a list of questions to a list of results in the same order. `task` is
    required when the settings name a task that is not part of this package.
    """

    def __init__(self, config: C, model: nn.Module, parts: Parts, *, task: "Task[Any, Any] | None" = None) -> None:
        self.config, self.model, self.parts, self._task = config, model, parts, task

    @abstractmethod
    def predict(self, questions: Sequence[Any], /) -> Sequence[Any]:
        """The answer to each question, in the order of the questions."""

    @property
    def task(self) -> "Task[Any, Any]":
        """The task that the model was trained for."""
        from heedful.task.tasks import task_named

        return self._task or task_named(self.config.task)

    @property
    def device(self) -> torch.device:
        """The device that holds the model."""
        return next(self.model.parameters()).device

    def save(self, folder: str | Path) -> None:
        """Writes a folder that `heedful.load` can read, with a README that explains how to use it.

        Raises: UserError, when a file cannot be written.
        """
        from heedful.task.folder import save_predictor

        save_predictor(self, Path(folder))


@dataclass(frozen=True)
class Answer:
    """The answer to one question.

    `text` is printed. `maps` are the attention maps behind it. `note` is a remark for the user, such as that the input
    was truncated. `record` holds the same content as `text`, as one JSON object.
    """

    text: str
    maps: Sequence[Map] = ()
    note: str | None = None
    record: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __repr__(self) -> str:
        note = f", note={self.note!r}" if self.note else ""
        return f"Answer({self.text!r}, {len(self.maps)} maps{note})"

    def _repr_html_(self) -> str:
        """The answer and its maps, for notebooks."""
        return answer_html(self.text, self.maps, self.note)


def python_argument(name: str) -> str:
    """An argument of `heedful.fit` as a user of Python writes it."""
    return {"resume": "resume=True", "overwrite": "overwrite=True"}.get(name, f"{name}=...")


@dataclass(frozen=True)
class Shown:
    """How training reports to the user: `say` takes lines of text, `draw` draws the map of a validation example.

    `spell` writes an argument of `heedful.fit` as the user gives it, in Python or on the command line.
    """

    say: Callable[[str], None] = lambda line: None
    draw: Draw | None = None
    spell: Callable[[str], str] = python_argument


@dataclass(frozen=True)
class Trained:
    """The outcome of training: the predictor, how the run ended, and the results on the test set if there is one.

    When several processes train, only rank 0 has results. `folder` is the run folder.
    """

    predictor: Any
    fit: FitResult
    ranks: Ranks
    folder: Path
    results: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Files:
    """Files to read examples from.

    `split` is their role in a run: train, valid or test. It is None when a command such as ``heedful eval`` reads them;
    `options` are then the options of that command.
    """

    paths: Sequence[Path]
    split: str | None = None
    options: Options = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Usage:
    """How to use a run folder, as printed in its README and at the end of training.

    `made` names the product of training, such as "a translator". `intro` says what `commands` do; in the commands,
    ``{run}`` stands for the folder. `python` is a variable name for the predictor and an expression that uses it.
    """

    made: str
    intro: str
    commands: tuple[str, ...]
    python: tuple[str, str] | None = None

    def next_commands(self, folder: str) -> list[str]:
        """The commands for a folder, whose name must already be quoted for the shell."""
        return [command.replace("{run}", folder) for command in self.commands]


@dataclass(frozen=True)
class Prepared(Generic[V]):
    """Examples as the model reads them: the training examples, what validation needs, and warnings for the user."""

    train: Examples
    valid: V
    warnings: Sequence[str] = ()


class Task(ABC, Generic[Raw, V]):
    """A kind of job: what its files contain, which models it offers, how it answers and how answers are scored.

    Tasks have no state. `Raw` is the type that `read` returns, such as a list of labelled texts. `V` is the type that
    validation needs. `summary` and `files` say in a few words what the task does and what a data file looks like.
    `config` and `predictor` are the task's classes for settings and trained models. `usage` says how run folders are
    used. `options` are command options that not every task has. `show_takes` is the number of texts in one question of
    ``heedful show``, or None for any number. `has_all_maps` is False for a task without maps of all layers and heads,
    for which ``--all`` is refused. `model_methods` maps each method that the predictor calls on a model to its
    signature.
    """

    summary: ClassVar[str]
    files: ClassVar[str]
    config: ClassVar[type[RunConfig]]
    predictor: ClassVar[Callable[..., Predictor[Any]]]
    usage: ClassVar[Usage]
    options: ClassVar[tuple[Option, ...]] = ()
    show_takes: ClassVar[int | None] = 1
    has_all_maps: ClassVar[bool] = True
    model_methods: ClassVar[Mapping[str, str]] = {}

    @property
    def name(self) -> str:
        """The task's name, which is the default of the setting `task`."""
        return self.config.model_fields["task"].default

    @property
    def models(self) -> Models:
        """The models that can be chosen by name."""
        return self.config.models

    # --------------------------------------------------------------------------------------- from files to examples

    @abstractmethod
    def read(self, config: Any, files: Files) -> Raw:
        """Reads the examples in files as they were written, without tokenising them.

        Raises: UserError, with file and line, for anything that is not a valid example.
        """

    def columns(self, config: Any) -> Columns | None:
        """The columns of a training table; None for a task whose files are no tables."""
        return None

    def settle(self, config: Any, raw: Raw) -> Any:
        """Fills in the settings that the training examples determine, such as the labels.

        Raises: UserError, when the examples do not fit the settings.
        """
        return config

    def strata(self, config: Any, raw: Raw) -> Strata:
        """How to stratify and group the examples when some are held out or when folds are made."""
        return Strata()

    def hold_out(self, config: Any, raw: Raw) -> HeldOut[Raw]:
        """Splits a share of the training examples off for validation.

        Raises: UserError, when there are too few examples.
        """
        strata, share = self.strata(config, raw), config.data.hold_out
        return cast(HeldOut[Raw], hold_out(cast(Sequence[Any], raw), share, config.train.seed, strata=strata))

    @abstractmethod
    def learn(self, config: Any, raw: Raw) -> Parts:
        """Learns the parts from the training examples before weights are trained: tokenisers, vocabularies, counts."""

    def load_parts(self, config: Any, folder: Path) -> Parts:
        """Loads the parts from a run folder.

        Raises: UserError, when a file is missing or damaged.
        """
        return {TOKENISER: load_tokeniser(folder, TOKENISER)}

    # ----------------------------------------------------------------------------------------------------- training

    @abstractmethod
    def sizes(self, config: Any, parts: Parts) -> Mapping[str, Any]:
        """The arguments of a model besides its settings, by name: the sizes of vocabularies, the number of classes."""

    def begin(self, config: Any, model: nn.Module, parts: Parts) -> list[str]:
        """Initialises parts of a new model from pretrained weights; returns a line about each.

        Raises: UserError, when the weights do not fit the model.
        """
        return []

    @abstractmethod
    def prepare(self, predictor: Any, train: Raw, valid: Raw) -> Prepared[V]:
        """Encodes the examples for the model and drops those that cannot be trained on.

        Raises: UserError, when no training example is left.
        """

    @abstractmethod
    def measure(self, predictor: Any, valid: V) -> Mapping[str, float]:
        """Validation numbers of the current weights, by name. ``train.metric`` is one of them, prefixed by "valid_"."""

    def above_chance(self, predictor: Any, valid: V, metric: float) -> float | None:
        """How far ``train.metric`` is from what needs no learning (0) to perfect (1); None if that is unknown."""
        return None

    def doubts(self, numbers: Mapping[str, float]) -> Mapping[str, str]:
        """What validation numbers cast doubt on, such as that a model answers all questions alike.

        Returns: lines for the user by name; each is said when it first applies.
        """
        return {}

    def watch(self, predictor: Any, valid: V) -> Callable[[], Map | None] | None:
        """A function that returns the map of one fixed validation example, called during training; None for no map."""
        return None

    def finish(self, predictor: Any, valid: V, folder: Path) -> tuple[Any, Mapping[str, Any]]:
        """Runs once the weights are final. Returns the settings, possibly changed, and numbers for the results."""
        return predictor.config, {}

    # ---------------------------------------------------------------------------------------------------- answering

    @abstractmethod
    def questions(self, config: Any, file: str) -> Iterator[Any]:
        """Yields the questions in a file, or on standard input for "-", read as the run's settings say.

        Raises: UserError, for a line that is not a question, and for a table without the required columns.
        """

    @abstractmethod
    def answer(
        self,
        predictor: Any,
        questions: Sequence[Any],
        *,
        first: int,
        maps: bool,
        every: bool,
        options: Options,
    ) -> list[Answer]:
        """One answer per question, in order; with attention maps if `maps`, of all layers and heads if `every`.

        `first` is the first question's line.
        """

    @abstractmethod
    def show(self, predictor: Any, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """Answers the question that these texts form, with attention maps; `every` asks for all layers and heads."""

    @abstractmethod
    def score(self, predictor: Any, raw: Raw, options: Options) -> dict[str, Any]:
        """Scores the answers to these examples; returns numbers by name."""

    @abstractmethod
    def report(self, config: Any, raw: Raw, parts: Parts) -> Report:
        """Statistics of these examples and problems found in them, tokenised with these parts."""
