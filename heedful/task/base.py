"""What a task is: all that the command line, and `heedful.load`, ask of one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from torch import nn

from heedful.data.report import Report
from heedful.task.config import RunConfig
from heedful.task.models import Models
from heedful.train import FitResult, Ranks
from heedful.watch import Map

Draw = Callable[[Map], Any]
"""How a map is drawn for the person who watches training."""

Options = Mapping[str, Any]
"""Options of a command that the user gave, by name; a task says which it knows in `Task.options`."""


@runtime_checkable
class Predictor(Protocol):
    """A trained model with all that it needs to answer; `heedful.load(folder)` gives one.

    It has a `predict` of its own as well, from a list of whatever its task asks to a list of results.
    """

    @property
    def config(self) -> RunConfig: ...
    @property
    def model(self) -> nn.Module: ...
    def save(self, folder: str | Path) -> None:
        """Writes a folder that `heedful.load` reads."""
        ...


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

    Where several processes train, only rank 0 has results. `folder` is the run folder to go on with, where that is
    another than was asked for, as of one fold among several.
    """

    predictor: Any
    fit: FitResult
    ranks: Ranks
    results: dict[str, Any] = field(default_factory=dict[str, Any])
    folder: Path | None = None


@runtime_checkable
class Task(Protocol):
    """A kind of job: which files it reads, which models serve it, how it answers and is scored.

    `files` says in a few words what a data file is; `pairs_of_files` that two files one after the other may be one
    set; `options` which options of which command are this task's own; `question` is what one asks, in a word.
    """

    name: str
    summary: str
    files: str
    question: str
    pairs_of_files: bool
    options: Mapping[str, frozenset[str]]

    @property
    def models(self) -> Models: ...
    @property
    def config(self) -> type[RunConfig]: ...

    def train(self, config: Any, out: Path, *, resume: bool, shown: Shown, options: Options) -> Trained:
        """Reads the files that the settings name, trains, and leaves a run folder.

        Raises: UserError, when a file cannot be used, or the folder holds a run and `resume` is not asked for.
        """
        ...

    def load(self, folder: Path, device: str, changes: Mapping[str, Any]) -> Predictor:
        """The predictor that lies in a run folder, ready to answer; `changes` are settings of how it answers.

        Raises: UserError, when the folder or a file in it is missing or damaged.
        """
        ...

    def questions(self, config: Any, file: str) -> Iterator[Any]:
        """The questions of a file, or of standard input for "-", one by one; a run's settings say how it is read.

        Raises: UserError, for what is no question, and for a table without the columns that the run learnt from.
        """
        ...

    def answer(
        self, predictor: Any, questions: Sequence[Any], *, first: int, maps: bool, options: Options
    ) -> list[Answer]:
        """One answer a question, in order; with `maps`, where the model looked. `first` is the first one's line."""
        ...

    def show(self, predictor: Any, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """The question that these texts make, answered with its maps; `every` asks for all layers and heads."""
        ...

    def evaluate(self, predictor: Any, files: Sequence[Path], *, options: Options) -> dict[str, Any]:
        """Numbers by name that say how good the answers are."""
        ...

    def check(self, files: Sequence[Path], config: Any, predictor: Any | None) -> Report:
        """What there is in a file and what is wrong with it, tokenised as the settings (or the predictor) say."""
        ...

    def next_commands(self, folder: str) -> list[str]:
        """What to do with a run folder, its name quoted as a shell wants it."""
        ...
