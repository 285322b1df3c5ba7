"""The engine that all tasks share: trains from files to a run folder, loads it, answers, evaluates and checks files.

Everything specific to a task is in its `Task`; nothing here depends on a particular one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from heedful.data.report import Report
from heedful.data.table import header_order
from heedful.errors import UserError
from heedful.task.base import Answer, Draw, Files, Options, Parts, Predictor, Prepared, Shown, Task, Trained
from heedful.task.batches import Batches, in_chunks
from heedful.task.config import RunConfig, changed_for_use, with_settled
from heedful.task.contract import check_measured, check_model, check_parts, check_prepared
from heedful.task.custom import Custom, build_model, check_custom
from heedful.task.duration import note_if_hardly_begun, with_enough_steps
from heedful.task.folder import CONFIG, WEIGHTS, load_settings, save_config, save_parts, save_readme, with_weights
from heedful.train import TRAINING, FitResult, fit, init_ranks
from heedful.train.loggers import check_logger

_LONGEST_HEADING = 100  # characters


@dataclass(frozen=True)
class Sets:
    """The examples of a run as `Task.read` returns them; None for a split without files."""

    train: Any
    valid: Any = None
    test: Any = None


def read_sets(task: Task[Any, Any], config: Any) -> Sets:
    """Reads the examples in the files that the settings name.

    Raises: UserError, when there are no training files, or a file cannot be used.
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
    """A run in the folder `out`: a new run or, with `resume`, the one that is already there.

    `leads` is true in the one process that writes files and reports. `has_parts` says whether the folder has the run's
    settings and parts, and `has_begun` whether it has a training state to resume from.
    Raises: UserError, when the folder already holds a run and `resume` is false.
    """

    def __init__(self, config: RunConfig, out: Path, *, resume: bool = False, shown: Shown | None = None) -> None:
        self.out, self.resume, self.shown = out, resume, shown or Shown()
        spell = self.shown.spell
        # Now, and not after the data have been read and the folder made.
        check_logger(config.train.log)
        self.ranks = init_ranks(config.train.devices)
        self.leads = self.ranks.rank == 0
        self.has_parts = resume and (out / CONFIG).exists()
        self.has_begun = resume and (out / TRAINING).exists()
        if self.leads and not resume and ((out / TRAINING).exists() or (out / WEIGHTS).exists()):
            raise UserError(
                "this folder holds a run already",
                where=str(out),
                hint=f"continue it with {spell('resume')}, replace it with {spell('overwrite')}, or choose another "
                f"folder with {spell('out')}",
            )

    def say(self, lines: Iterable[str]) -> None:
        """Reports lines to the user, from the leading process only."""
        for line in lines if self.leads else ():
            self.shown.say(line)


def train(
    task: Task[Any, Any],
    config: Any,
    sets: Sets,
    *,
    out: Path,
    resume: bool = False,
    shown: Shown | None = None,
    custom: Custom | None = None,
) -> Trained:
    """Trains a model of a task and writes it to the folder `out`, with its results on the test set if there is one.

    Raises: UserError, when the folder already holds a run and `resume` is false, or the examples do not fit the
        settings.
    """
    run, code = Run(config, out, resume=resume, shown=shown), custom or {}
    check_custom(config, code)
    if run.has_parts:
        # The saved model was built for the labels of the first start, even if the files have changed since.
        config = with_settled(config, load_settings(task.config, out))
    else:
        config = task.settle(config, sets.train)
    config = _with_order(task, config)
    if sets.valid is None:
        held = task.hold_out(config, sets.train)
        sets = Sets(held.train, held.valid, sets.test)
        run.say([held.note])
    predictor, notes = _begin(task, config, sets.train, run, code)
    # Saved before training, so that an interrupted run can be resumed, and its checkpoints used, with the same parts.
    if run.leads:
        save_parts(out, config, predictor.parts)
        save_readme(out, config, task.usage)
    prepared = check_prepared(task, task.prepare(predictor, sets.train, sets.valid))
    run.say([*notes, *prepared.warnings])
    result = _fit(task, predictor, prepared, run)
    # After an interruption the weights are not final; other ranks must not write the same files as the leading one.
    if result.exit_status or not run.leads:
        return Trained(predictor, result, run.ranks, out)
    return _finish(task, predictor, prepared, sets.test, Trained(predictor, result, run.ranks, out))


def _with_order(task: Task[Any, Any], config: Any) -> Any:
    """The settings with the order of the columns of the training table; unchanged for a table without a header."""
    columns, files = task.columns(config), config.data.train
    order = header_order(Path(files[0]), columns) if columns is not None and files else None
    if order is None or order == config.data.columns:
        return config
    return config.model_copy(update={"data": config.data.model_copy(update={"columns": order})})


def _begin(
    task: Task[Any, Any], config: Any, examples: Any, run: Run, code: Custom
) -> tuple[Predictor[Any], list[str]]:
    """A predictor with initial weights, and lines about where they come from. A resumed run keeps its saved parts."""
    parts = task.load_parts(config, run.out) if run.has_parts else task.learn(config, examples)
    # Seeded after the parts are learned: how they are learned must not change the initial weights.
    torch.manual_seed(config.train.seed)
    predictor = _predictor(task, config, check_parts(task, parts), code)
    # A resumed run loads its own weights, so pretrained ones would be overwritten anyway.
    notes = [] if run.has_begun else task.begin(config, predictor.model, parts)
    return predictor, notes


def _predictor(task: Task[Any, Any], config: Any, parts: Parts, code: Custom) -> Predictor[Any]:
    model = build_model(config, task.sizes(config, parts), code)
    check_model(task, model)
    return task.predictor(config, model, parts, task=task)


def _fit(task: Task[Any, Any], predictor: Predictor[Any], prepared: Prepared[Any], run: Run) -> FitResult:
    """Trains until the end or an interruption."""
    examples, draw = prepared.train, run.shown.draw
    settings = predictor.config.train
    batches = Batches(examples.plan(settings, run.ranks), examples.collate, counted=examples.counted)
    settings, notes = with_enough_steps(settings, len(batches))
    run.say(notes)

    said: set[str] = set()

    def validate(model: nn.Module, step: int) -> dict[str, float]:
        numbers = check_measured(task, task.measure(predictor, prepared.valid))
        doubts = task.doubts(numbers)
        # A doubt that persists is said once; one that comes back is said again.
        run.say(line for name, line in doubts.items() if name not in said)
        said.clear()
        said.update(doubts)
        return {f"valid_{name}": value for name, value in numbers.items()}

    result = fit(
        predictor.model,
        batches,
        settings=settings,
        folder=run.out,
        validate=validate,
        watch=_watch(task, predictor, prepared.valid, draw) if draw else None,
        resume=run.resume,
    )
    if run.leads and result.best is not None:
        above_chance = task.above_chance(predictor, prepared.valid, result.best)
        run.say(filter(None, [note_if_hardly_begun(settings, result, above_chance)]))
    return result


def _watch(task: Task[Any, Any], predictor: Predictor[Any], valid: Any, draw: Draw) -> Any:
    """A function that draws the attention map of one validation example, as `heedful.train.fit` calls it."""
    map_of_example = task.watch(predictor, valid)

    def drawn(model: nn.Module) -> Any:
        attention = map_of_example() if map_of_example else None
        return None if attention is None else draw(attention)

    return drawn


def _finish(
    task: Task[Any, Any], predictor: Predictor[Any], prepared: Prepared[Any], test: Any, trained: Trained
) -> Trained:
    """Lets the task finish, scores the test set and writes the results to the folder."""
    predictor.model.eval()
    config, numbers = task.finish(predictor, prepared.valid, trained.folder)
    if config is not predictor.config:
        save_config(config, trained.folder)
        predictor = task.predictor(config, predictor.model, predictor.parts, task=task)
    results = _training_numbers(config, trained.fit) | dict(numbers)
    if test is not None:
        scores = task.score(predictor, test, {}).items()
        # The README and the last lines of training show one number per line; tables are left to `heedful eval`.
        results |= {f"test {name}": value for name, value in scores if not isinstance(value, Mapping | list)}
    save_readme(trained.folder, config, task.usage, results=results)
    return Trained(predictor, trained.fit, trained.ranks, trained.folder, results)


def _training_numbers(config: RunConfig, result: FitResult) -> dict[str, Any]:
    """Numbers about training, which come first in the results."""
    numbers: dict[str, Any] = {f"own {what}": name for what, name in config.custom.items()}
    numbers |= {f"best {config.train.metric}": result.best, "weights": result.kept}
    return numbers | {"steps": result.steps, "minutes": result.seconds / 60}


def load(
    task: Task[Any, Any],
    folder: Path,
    device: str = "cpu",
    *,
    changes: Mapping[str, Any] | None = None,
    custom: Custom | None = None,
) -> Predictor[Any]:
    """Loads the predictor in a run folder, ready to answer. `changes` override settings for how it answers.

    Raises: UserError, when the folder or a file in it is missing or damaged, or custom code that it needs is missing.
    """
    config = changed_for_use(load_settings(task.config, folder), changes or {})
    code = custom or {}
    check_custom(config, code, str(folder))
    predictor = _predictor(task, config, task.load_parts(config, folder), code)
    with_weights(predictor.model, folder, device)
    return predictor


def answers(
    task: Task[Any, Any],
    predictor: Predictor[Any],
    file: str,
    *,
    size: int,
    options: Options,
    maps: bool | Callable[[], bool] = False,
    every: bool = False,
) -> Iterator[list[Answer]]:
    """Answers the questions in a file, or on standard input for "-", in chunks of `size`.

    `maps` says whether attention maps are wanted; a function is asked before each chunk. `every` asks for all layers
    and heads.
    Raises: UserError, when the task has no maps of all layers and heads.
    """
    _check_every(task, every)
    first = 1
    for chunk in in_chunks(task.questions(predictor.config, file), size):
        wanted = maps() if callable(maps) else maps
        answered = task.answer(predictor, chunk, first=first, maps=wanted, every=every, options=options)
        yield [
            with_heading(answer, f"{number}: {heading_of(question)}")
            for number, (answer, question) in enumerate(zip(answered, chunk, strict=True), start=first)
        ]
        first += len(chunk)


def _check_every(task: Task[Any, Any], every: bool) -> None:
    """Raises: UserError, when the maps of all layers and heads are asked for, and the task has none."""
    if every and not task.has_all_maps:
        raise UserError(
            f"the task {task.name!r} has no maps of all layers and heads", hint="leave out --all (in Python every=True)"
        )


def with_heading(answer: Answer, heading: str) -> Answer:
    """The answer with a heading for its maps, which tells them from those of other answers."""
    if not answer.maps:
        return answer
    return replace(answer, maps=[replace(map_, heading=map_.heading or heading) for map_ in answer.maps])


def heading_of(question: Any) -> str:
    """A question on one line, cut to the length of a heading; the texts of several are separated by a slash."""
    texts = [question] if isinstance(question, str) else question
    # Turns of a dialogue are objects with a text.
    line = " ".join(" / ".join(str(getattr(text, "text", text)) for text in texts).split())
    return line if len(line) <= _LONGEST_HEADING else f"{line[: _LONGEST_HEADING - 1].rstrip()}…"


def evaluate(task: Task[Any, Any], predictor: Predictor[Any], files: Files) -> dict[str, Any]:
    """Scores the answers to the examples in files; returns numbers by name."""
    return task.score(predictor, task.read(predictor.config, files), files.options)


def show(
    task: Task[Any, Any], predictor: Predictor[Any], texts: tuple[str, ...], *, every: bool, options: Options
) -> list[Answer]:
    """Answers the question that these texts form, with attention maps; `every` asks for all layers and heads.

    Raises: UserError, when the number of texts is not that of a question, or the task has no maps of all layers and
        heads.
    """
    _check_every(task, every)
    if task.show_takes not in (None, len(texts)):
        expected, hint = {1: ("one text", "put quotes around it")}.get(
            task.show_takes, ("two texts", 'each in quotes: "a text" "another"')
        )
        raise UserError(f"expected {expected}, got {len(texts)}", hint=hint)
    heading = heading_of(texts)
    answers = task.show(predictor, texts, every=every, options=options)
    return [with_heading(_with_score(answer, predictor), heading) for answer in answers]


def _with_score(answer: Answer, predictor: Predictor[Any]) -> Answer:
    """An answer whose maps name the user's own score, if there is one."""
    name = predictor.config.custom.get("score")
    if name is None:
        return answer
    named = f"score {name.rpartition('.')[2]}"
    maps = [replace(map_, title=f"{map_.title}, {named}" if map_.title else named) for map_ in answer.maps]
    return replace(answer, maps=maps)


def check(task: Task[Any, Any], config: Any, files: Files, *, predictor: Predictor[Any] | None = None) -> Report:
    """Statistics and problems of files, tokenised as the predictor does, or else as the settings say."""
    config = config if predictor is None else predictor.config
    raw = task.read(config, files)
    return task.report(config, raw, task.learn(config, raw) if predictor is None else predictor.parts)
