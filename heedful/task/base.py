"""What a task is: what the engine, and so the command line and `heedful.fit`, ask of one.

A new task is a final subclass of `Task`, a `RunConfig`, and a `Predictor`; `heedful.task.engine` does everything that
is the same for all of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast, runtime_checkable

import torch
from torch import nn

from heedful.data.report import Report
from heedful.data.tokenise import load_tokeniser
from heedful.task.batches import Examples
from heedful.task.config import RunConfig
from heedful.task.hold_out import HeldOut, Strata, hold_out
from heedful.task.models import Models
from heedful.task.option import Option
from heedful.train import FitResult, Ranks
from heedful.watch import Map

C = TypeVar("C", bound=RunConfig)
Raw = TypeVar("Raw")
V = TypeVar("V")

Draw = Callable[[Map], Any]
"""How a map is drawn for the person who watches training."""

Options = Mapping[str, Any]
"""Options of a command that the user gave, by name; a task says which it knows in `Task.options`."""

STEPWISE = {
    "encode": "encode(source, lengths) -> memory",
    "start": "start(memory) -> state",
    "step": "step(token, state, memory) -> heedful.layer.step.Step",
}
"""The methods of a model whose outputs are searched for or sampled, as `Task.model_methods` has them."""

TOKENISER = "text"
"""The name of the part that most tasks have: one tokeniser."""


@runtime_checkable
class Part(Protocol):
    """What a model needs beside its weights, such as a tokeniser; it lies in the run folder under a name."""

    def save(self, folder: Path, name: str) -> None:
        """Writes files ``folder/name.*``."""
        ...


Parts = Mapping[str, Any]
"""The parts of a trained model by their names in the run folder; each is a `Part`."""


class Predictor(ABC, Generic[C]):
    """A trained model with all that it needs to answer; `heedful.load(folder)` gives one.

    A task's own class adds `predict`, from a list of whatever the task asks to a list of results in the same order.
    `task` is needed where the settings name no task of this package.
    """

    def __init__(self, config: C, model: nn.Module, parts: Parts, *, task: "Task[Any, Any] | None" = None) -> None:
        self.config, self.model, self.parts, self._task = config, model, parts, task

    @abstractmethod
    def predict(self, questions: Sequence[Any], /) -> Sequence[Any]:
        """The answer to each question, in the order given."""

    @property
    def task(self) -> "Task[Any, Any]":
        """The task that the model was trained for."""
        from heedful.task.tasks import task_named

        return self._task or task_named(self.config.task)

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    def save(self, folder: str | Path) -> None:
        """Writes a folder that `heedful.load` reads, with a README that says how to use it.

        Raises: UserError, when a file cannot be written.
        """
        from heedful.task.folder import save_predictor

        save_predictor(self, Path(folder))


@dataclass(frozen=True)
class Answer:
    """The answer to one question.

    `text` is what is printed, `maps` is where the model looked, `note` what a person should know of it, and `record`
    the same as `text` for a program, one JSON object.
    """

    text: str
    maps: Sequence[Map] = ()
    note: str | None = None
    record: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Shown:
    """What a person sees of training: lines of text, and how a validation example's map is drawn."""

    say: Callable[[str], None] = lambda line: None
    draw: Draw | None = None


@dataclass(frozen=True)
class Trained:
    """What training gave: the predictor, how the run ended, and the results on the test set, if there was one.

    Where several processes train, only rank 0 has results. `folder` is the run folder.
    """

    predictor: Any
    fit: FitResult
    ranks: Ranks
    folder: Path
    results: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Files:
    """Files to read examples from.

    `split` says what a run needs them for: train, valid or test; None where a command reads them for itself, with the
    options that it was given.
    """

    paths: Sequence[Path]
    split: str | None = None
    options: Options = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Usage:
    """How a run folder is used, as its README and the end of training tell it.

    `made` is what training makes, "a translator". `intro` says what `commands` do; in these ``{run}`` stands for the
    folder. `python` is a name for the predictor and an expression with it.
    """

    made: str
    intro: str
    commands: tuple[str, ...]
    python: tuple[str, str] | None = None

    def next_commands(self, folder: str) -> list[str]:
        """The commands for a folder, its name quoted as a shell wants it."""
        return [command.replace("{run}", folder) for command in self.commands]


@dataclass(frozen=True)
class Prepared(Generic[V]):
    """Examples as the model reads them: those to learn from, what validation needs, and lines for the person."""

    train: Examples
    valid: V
    warnings: Sequence[str] = ()


class Task(ABC, Generic[Raw, V]):
    """A kind of job: what its files hold, which models serve it, how it answers and is scored.

    Tasks have no state. `Raw` is what `read` makes of files, such as a list of labelled texts, and `V` what validation
    needs of it. `summary` and `files` say in a few words what the task does and what a data file is. `config` and
    `predictor` are the task's own classes, `usage` how its run folders are used, `options` what only some tasks'
    commands take. `show_takes` is how many texts make one question for `heedful show`; None for any number.
    `model_methods` are methods that the predictor calls of a model, with what they take and return.
    """

    summary: ClassVar[str]
    files: ClassVar[str]
    config: ClassVar[type[RunConfig]]
    predictor: ClassVar[Callable[..., Predictor[Any]]]
    usage: ClassVar[Usage]
    options: ClassVar[tuple[Option, ...]] = ()
    show_takes: ClassVar[int | None] = 1
    model_methods: ClassVar[Mapping[str, str]] = {}

    @property
    def name(self) -> str:
        """The task's name, as its settings have it."""
        return self.config.model_fields["task"].default

    @property
    def models(self) -> Models:
        """The models that can be asked for by name."""
        return self.config.models

    # --------------------------------------------------------------------------------------- from files to examples

    @abstractmethod
    def read(self, config: Any, files: Files) -> Raw:
        """The examples in files, as a person wrote them.

        Raises: UserError, with file and line, for whatever cannot be read as such.
        """

    def settle(self, config: Any, raw: Raw) -> Any:
        """The settings with what the training examples decide, such as the labels.

        Raises: UserError, when the examples and the settings do not fit.
        """
        return config

    def strata(self, config: Any, raw: Raw) -> Strata:
        """Which examples are alike, or belong together, when some are held out or dealt into folds."""
        return Strata()

    def hold_out(self, config: Any, raw: Raw) -> HeldOut[Raw]:
        """The training examples without a share of them, which is held out for validation.

        Raises: UserError, when none can be spared.
        """
        strata, share = self.strata(config, raw), config.data.hold_out
        return cast(HeldOut[Raw], hold_out(cast(Sequence[Any], raw), share, config.train.seed, strata=strata))

    @abstractmethod
    def learn(self, config: Any, raw: Raw) -> Parts:
        """What is learned from the training examples before any weight: tokenisers, vocabularies, counts."""

    def load_parts(self, config: Any, folder: Path) -> Parts:
        """The parts that lie in a run folder.

        Raises: UserError, when one is missing or damaged.
        """
        return {TOKENISER: load_tokeniser(folder, TOKENISER)}

    # ----------------------------------------------------------------------------------------------------- training

    @abstractmethod
    def sizes(self, config: Any, parts: Parts) -> Mapping[str, Any]:
        """What a model must know beside its settings, by the names of its arguments: sizes of vocabularies, classes."""

    def begin(self, config: Any, model: nn.Module, parts: Parts) -> list[str]:
        """Puts weights that were learned elsewhere into a fresh model, and says which.

        Raises: UserError, when they do not fit.
        """
        return []

    @abstractmethod
    def prepare(self, predictor: Any, train: Raw, valid: Raw) -> Prepared[V]:
        """The examples as the model reads them, without those that training cannot use.

        Raises: UserError, when none is left.
        """

    @abstractmethod
    def measure(self, predictor: Any, valid: V) -> Mapping[str, float]:
        """How good the weights are now, as numbers by name; the setting train.metric names one, after "valid_"."""

    def watch(self, predictor: Any, valid: V) -> Callable[[], Map | None] | None:
        """What draws the map of one validation example, always the same, while the model learns."""
        return None

    def finish(self, predictor: Any, valid: V, folder: Path) -> tuple[Any, Mapping[str, Any]]:
        """What is left to do when the weights are final: the settings, perhaps changed, and numbers for the results."""
        return predictor.config, {}

    # ---------------------------------------------------------------------------------------------------- answering

    @abstractmethod
    def questions(self, config: Any, file: str) -> Iterator[Any]:
        """The questions of a file, or of standard input for "-", one by one; a run's settings say how it is read.

        Raises: UserError, for what is no question, and for a table without the columns that the run learnt from.
        """

    @abstractmethod
    def answer(
        self, predictor: Any, questions: Sequence[Any], *, first: int, maps: bool, options: Options
    ) -> list[Answer]:
        """One answer a question, in order; with `maps`, where the model looked. `first` is the first one's line."""

    @abstractmethod
    def show(self, predictor: Any, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """The question that these texts make, answered with its maps; `every` asks for all layers and heads."""

    @abstractmethod
    def score(self, predictor: Any, raw: Raw, options: Options) -> dict[str, Any]:
        """How good the answers to these examples are, as numbers by name."""

    @abstractmethod
    def report(self, config: Any, raw: Raw, parts: Parts) -> Report:
        """What there is in these examples and what is wrong with them, tokenised by these parts."""
