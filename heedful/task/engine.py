"""The course of every run: files to a trained model in a folder, and from there to answers and scores.

What differs between tasks is in their `Task`; nothing here knows one of them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from heedful.data.report import Report
from heedful.errors import UserError
from heedful.task.base import Answer, Draw, Files, Options, Parts, Predictor, Prepared, Shown, Task, Trained
from heedful.task.batches import Batches, in_chunks
from heedful.task.config import RunConfig, changed_for_use, with_settled
from heedful.task.contract import check_measured, check_model, check_parts, check_prepared
from heedful.task.custom import Custom, build_model, check_custom
from heedful.task.folder import CONFIG, WEIGHTS, load_settings, save_config, save_parts, save_readme, with_weights
from heedful.train import TRAINING, FitResult, fit, init_ranks


@dataclass(frozen=True)
class Sets:
    """The examples of a run as `Task.read` gives them; None where the user gave none."""

    train: Any
    valid: Any = None
    test: Any = None


def read_sets(task: Task[Any, Any], config: Any) -> Sets:
    """The examples that the settings name.

    Raises: UserError, when there are none to learn from, or a file cannot be used.
    """
    data = config.data
    if not data.train:
        raise UserError("--train is missing", hint=f"give {task.files}")
    splits = {"train": data.train, "valid": data.valid, "test": data.test}
    return Sets(**{
        split: task.read(config, Files([Path(name) for name in names], split)) if names else None
        for split, names in splits.items()
    })  # fmt: skip


class Run:
    """A run in the folder `out`: a new one or, with `resume`, the one that lies there.

    `leads` says whether this process is the one that writes and speaks, `has_parts` whether the run's parts and
    settings lie in the folder already, and `has_begun` whether training left a state to go on from.
    Raises: UserError, when the folder holds a run and `resume` is not asked for.
    """

    def __init__(self, config: RunConfig, out: Path, *, resume: bool = False, shown: Shown | None = None) -> None:
        self.out, self.resume, self.shown = out, resume, shown or Shown()
        self.ranks = init_ranks(config.train.devices)
        self.leads = self.ranks.rank == 0
        self.has_parts = resume and (out / CONFIG).exists()
        self.has_begun = resume and (out / TRAINING).exists()
        if self.leads and not resume and ((out / TRAINING).exists() or (out / WEIGHTS).exists()):
            raise UserError(
                "this folder holds a run already",
                where=str(out),
                hint="go on with it by --resume, or choose another folder with --out",
            )

    def say(self, lines: Iterable[str]) -> None:
        """Tells the person, once however many processes train."""
        for line in lines if self.leads else ():
            self.shown.say(line)


def train(
    task: Task[Any, Any],
    config: Any,
    sets: Sets,
    out: Path,
    *,
    resume: bool = False,
    shown: Shown | None = None,
    custom: Custom | None = None,
) -> Trained:
    """Trains a model of a task and leaves it in the folder `out`, with its results on the test set, if there is one.

    Raises: UserError, when the folder holds a run and `resume` is not asked for, or examples and settings do not fit.
    """
    run, code = Run(config, out, resume=resume, shown=shown), custom or {}
    check_custom(config, code)
    if run.has_parts:
        config = with_settled(config, load_settings(task.config, out))
    else:
        config = task.settle(config, sets.train)
    if sets.valid is None:
        held = task.hold_out(config, sets.train)
        sets = Sets(held.train, held.valid, sets.test)
        run.say([held.note])
    predictor, notes = _begin(task, config, sets.train, run, code)
    if run.leads:
        save_parts(out, config, predictor.parts)
        save_readme(out, config, task.usage, {})
    prepared = check_prepared(task, task.prepare(predictor, sets.train, sets.valid))
    run.say([*notes, *prepared.warnings])
    result = _fit(task, predictor, prepared, run)
    if result.exit_status or not run.leads:
        return Trained(predictor, result, run.ranks, out)
    return _finish(task, predictor, prepared, sets.test, Trained(predictor, result, run.ranks, out))


def _begin(
    task: Task[Any, Any], config: Any, examples: Any, run: Run, code: Custom
) -> tuple[Predictor[Any], list[str]]:
    """A predictor with fresh weights, and lines about those; its parts are the run's own if it has any yet."""
    parts = task.load_parts(config, run.out) if run.has_parts else task.learn(config, examples)
    torch.manual_seed(config.train.seed)
    predictor = _predictor(task, config, check_parts(task, parts), code)
    notes = [] if run.has_begun else task.begin(config, predictor.model, parts)
    return predictor, notes


def _predictor(task: Task[Any, Any], config: Any, parts: Parts, code: Custom) -> Predictor[Any]:
    model = build_model(config, task.sizes(config, parts), code)
    check_model(task, model)
    return task.predictor(config, model, parts, task=task)


def _fit(task: Task[Any, Any], predictor: Predictor[Any], prepared: Prepared[Any], run: Run) -> FitResult:
    """Trains to the end, or until it is interrupted."""
    settings, examples, draw = predictor.config.train, prepared.train, run.shown.draw

    def validate(model: nn.Module, step: int) -> dict[str, float]:
        numbers = check_measured(task, task.measure(predictor, prepared.valid))
        return {f"valid_{name}": value for name, value in numbers.items()}

    return fit(
        predictor.model,
        Batches(examples.plan(settings, run.ranks), examples.collate, counted=examples.counted),
        settings=settings,
        folder=run.out,
        validate=validate,
        watch=_watch(task, predictor, prepared.valid, draw) if draw else None,
        resume=run.resume,
    )


def _watch(task: Task[Any, Any], predictor: Predictor[Any], valid: Any, draw: Draw) -> Any:
    """From the model to a drawing of where it looks at one validation example, for `heedful.train.fit`."""
    look = task.watch(predictor, valid)

    def drawn(model: nn.Module) -> Any:
        found = look() if look else None
        return None if found is None else draw(found)

    return drawn


def _finish(
    task: Task[Any, Any], predictor: Predictor[Any], prepared: Prepared[Any], test: Any, trained: Trained
) -> Trained:
    """Lets the task do what is left, scores the test set, and writes the results into the folder."""
    predictor.model.eval()
    config, numbers = task.finish(predictor, prepared.valid, trained.folder)
    if config is not predictor.config:
        save_config(config, trained.folder)
        predictor = task.predictor(config, predictor.model, predictor.parts, task=task)
    results = _course_numbers(config, trained.fit) | dict(numbers)
    if test is not None:
        scores = task.score(predictor, test, {}).items()
        # Tables and lists are for `heedful eval`: a README and the last lines of training have one number a line.
        results |= {f"test {name}": value for name, value in scores if not isinstance(value, Mapping | list)}
    save_readme(trained.folder, config, task.usage, results)
    return Trained(predictor, trained.fit, trained.ranks, trained.folder, results)


def _course_numbers(config: RunConfig, result: FitResult) -> dict[str, Any]:
    """How a run went, as its results begin."""
    numbers: dict[str, Any] = {f"best {config.train.metric}": result.best, "weights": result.kept}
    return numbers | {"steps": result.steps, "minutes": result.seconds / 60}


def load(
    task: Task[Any, Any],
    folder: Path,
    device: str = "cpu",
    *,
    changes: Mapping[str, Any] | None = None,
    custom: Custom | None = None,
) -> Predictor[Any]:
    """The predictor that lies in a run folder, ready to answer; `changes` are settings of how it answers.

    Raises: UserError, when the folder or a file in it is missing or damaged, or the user's code that it needs.
    """
    config = changed_for_use(load_settings(task.config, folder), changes or {})
    code = custom or {}
    check_custom(config, code, str(folder))
    predictor = _predictor(task, config, task.load_parts(config, folder), code)
    with_weights(predictor.model, folder, device)
    return predictor


def answers(
    task: Task[Any, Any], predictor: Predictor[Any], file: str, *, size: int, maps: bool, options: Options
) -> Iterator[list[Answer]]:
    """Answers to the questions of a file, or of standard input for "-", `size` questions at a time."""
    first = 1
    for chunk in in_chunks(task.questions(predictor.config, file), size):
        yield task.answer(predictor, chunk, first=first, maps=maps, options=options)
        first += len(chunk)


def evaluate(task: Task[Any, Any], predictor: Predictor[Any], files: Files) -> dict[str, Any]:
    """How good the answers to the examples of files are, as numbers by name."""
    return task.score(predictor, task.read(predictor.config, files), files.options)


def show(
    task: Task[Any, Any], predictor: Predictor[Any], texts: tuple[str, ...], *, every: bool, options: Options
) -> list[Answer]:
    """The question that these texts make, answered with its maps; `every` asks for all layers and heads.

    Raises: UserError, when there are more or fewer texts than a question has.
    """
    if task.show_takes not in (None, len(texts)):
        expected, hint = {1: ("one text", "put quotes around it")}.get(
            task.show_takes, ("two texts", 'each in quotes: "a text" "another"')
        )
        raise UserError(f"expected {expected}, got {len(texts)}", hint=hint)
    return task.show(predictor, texts, every=every, options=options)


def check(task: Task[Any, Any], config: Any, files: Files, predictor: Predictor[Any] | None = None) -> Report:
    """What there is in files and what is wrong with it, tokenised as the settings, or the predictor, say."""
    config = config if predictor is None else predictor.config
    raw = task.read(config, files)
    return task.report(config, raw, task.learn(config, raw) if predictor is None else predictor.parts)
