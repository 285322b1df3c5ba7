"""The commands `train`, `eval` and `show` as Python functions, which also accept the user's own models and tasks."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from heedful.errors import UserError
from heedful.task import engine
from heedful.task.attention_settings import check_attention_settings, custom_score_settings
from heedful.task.base import Answer, Files, Predictor, Shown, Task, Trained
from heedful.task.config import RunConfig, make_settings, read_settings, section, written_out
from heedful.task.contract import check_predictor, check_task
from heedful.task.custom import Build, Custom, custom_code, custom_settings
from heedful.task.dry_run import planned
from heedful.task.folder import CONFIG, delete_run, task_of, task_of_run, wait_for_deletion
from heedful.task.folds import cross_validate
from heedful.task.option import check_options
from heedful.task.settings import join_settings, nested
from heedful.task.tasks import task_named
from heedful.train import init_ranks
from heedful.watch import Scale, check_format, save_maps
from heedful.watch.notebook import answer_html

AnyTask = str | Task[Any, Any] | type[Task[Any, Any]]
"""A task by its name, or a task of the user's."""

Paths = str | Path | Sequence[str | Path]
"""One file or folder, or several."""


def fit(  # noqa: PLR0913 - the options of a command, all by name
    task: AnyTask,
    train: Paths = (),
    *,
    valid: Paths = (),
    test: Paths = (),
    model: str | Build | None = None,
    score: Build | None = None,
    encoder: Build | None = None,
    settings: Mapping[str, Any] | None = None,
    config: str | Path | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    folds: int | None = None,
    shown: Shown | None = None,
    **options: Any,
) -> Trained:
    """Trains a model on files and writes a run folder, as ``heedful train TASK`` does.

    `task` is a name or your own task. `model` is a name, or a function that builds your own model from the sizes that
    the task passes by name. `score` builds the score of the named model's attention from the widths of its queries and
    keys. `encoder` builds its encoder from the sizes.
    `settings` are those of ``--set``, written as ``{"train": {"epochs": 3}}``. They override those of the YAML file
    `config`. `out` is the run folder (default: ``runs/TASK-MODEL``); with `overwrite`, a run in it is replaced. `folds`
    cross-validates. `options` are specific to the task, such as ``vectors="glove.txt"``.
    The result has the `predictor`, the `results` on the test files, and the `folder`. After Ctrl-C, its
    `fit.exit_status` is not 0; call again with `resume` to continue. Progress goes to standard error, or to `shown`.

    Raises: UserError, for an unknown task, model, setting or option, a file that cannot be used, a folder that already
        holds a run when `resume` is false, or your own code that lacks a method or returns something unexpected.
    """
    shown = shown or Shown(say=lambda line: print(line, file=sys.stderr))
    if resume and overwrite:
        raise UserError(
            f"{shown.spell('resume')} continues a run, and {shown.spell('overwrite')} deletes it", hint="give one"
        )
    files = {"train": train, "valid": valid, "test": test}
    parts = {"model": model, "score": score, "encoder": encoder}
    kind, layers = _task_and_layers(task, files, parts, settings=settings, config=config, options=options)
    run_config, folder = _settings(kind, layers, out=out, resume=resume)
    sets = engine.read_sets(kind, run_config)
    if overwrite:
        # All processes start from here. The first writes no file again before all others have come further.
        is_first = init_ranks(run_config.train.devices).rank == 0
        (delete_run if is_first else wait_for_deletion)(folder)
    code = layers.code
    if folds is None:
        return engine.train(kind, run_config, sets, out=folder, resume=resume, shown=shown, custom=code)
    return cross_validate(kind, run_config, sets, out=folder, folds=folds, resume=resume, shown=shown, custom=code)


def plan(  # noqa: PLR0913 - the options of a command, all by name
    task: AnyTask,
    train: Paths = (),
    *,
    valid: Paths = (),
    test: Paths = (),
    model: str | Build | None = None,
    score: Build | None = None,
    encoder: Build | None = None,
    settings: Mapping[str, Any] | None = None,
    config: str | Path | None = None,
    say: Callable[[str], None] = lambda line: None,
    **options: Any,
) -> dict[str, Any]:
    """What `fit` would do with these arguments, as ``heedful train --dry-run`` prints it. Nothing is written.

    Returns: sizes, steps and estimates of memory by name. `say` takes lines about the data.
    Raises: UserError, as `fit` does for settings and data.
    """
    files = {"train": train, "valid": valid, "test": test}
    parts = {"model": model, "score": score, "encoder": encoder}
    kind, layers = _task_and_layers(task, files, parts, settings=settings, config=config, options=options)
    run_config = layers.merged(kind)
    return planned(kind, run_config, engine.read_sets(kind, run_config), say=say, custom=layers.code)


def settings_of(
    task: AnyTask,
    *,
    model: str | None = None,
    settings: Mapping[str, Any] | None = None,
    config: str | Path | None = None,
    **options: Any,
) -> RunConfig:
    """All settings of a run that `fit` would train with these arguments.

    `heedful.task.settings_text.settings_text` writes them as YAML with their meaning.
    Raises: UserError, as `fit` does for settings.
    """
    kind, layers = _task_and_layers(task, {}, {"model": model}, settings=settings, config=config, options=options)
    return layers.merged(kind)


def load(
    folder: str | Path,
    device: str = "cpu",
    *,
    settings: Mapping[str, Any] | None = None,
    task: AnyTask | None = None,
    model: Build | None = None,
    score: Build | None = None,
    encoder: Build | None = None,
) -> Predictor[Any]:
    """Loads a run folder that training or a predictor's `save` wrote, ready to predict.

    `settings` change how it answers, for example ``{"decode": {"beam": 1}}``. If the run was trained with your own
    task, model, score or encoder, pass it again: a run folder holds no code. Needs only the core packages.
    Raises: UserError, when the folder or a file in it is missing or damaged, or if your own code is needed.
    """
    kind = task_of_run(Path(folder)) if task is None else _task(task)
    if kind.name != (name := task_of(Path(folder))):
        raise UserError(f"this run is of the task {name!r}, not {kind.name!r}", where=str(folder))
    code = custom_code(model=model, score=score, encoder=encoder)
    return engine.load(kind, Path(folder), device, changes=settings, custom=code)


def evaluate(predictor: Predictor[Any], files: Paths, **options: Any) -> dict[str, Any]:
    """Answers the questions in files and scores the answers, as ``heedful eval`` does.

    Returns: numbers by name; docs/train.md lists those of each task.
    Raises: UserError, when a file cannot be used, or for an option that the task does not accept.
    """
    kind = check_predictor(predictor).task
    options = check_options(kind.name, kind.options, "eval", options=options)
    return engine.evaluate(kind, predictor, Files([Path(name) for name in _names(files)], options=options))


class Answers(list[Answer]):
    """A list of answers that a notebook shows with their maps."""

    def _repr_html_(self) -> str:
        return "\n".join(answer_html(answer.text, answer.maps, answer.note) for answer in self)


def show(
    predictor: Predictor[Any],
    *texts: str,
    every: bool = False,
    out: str | Path | None = None,
    scale: Scale = "auto",
    **options: Any,
) -> list[Answer]:
    """Answers one question and returns its attention maps, as ``heedful show`` does.

    With `every`, the maps of all layers and heads are returned: those of the encoder, of the decoder and between them;
    of a hierarchical classifier, those of the sentences and of the words in each.
    `out` is a file to write the maps to, such as "page.html" (see `heedful.watch.save_maps`), and `scale` says what its
    darkest shade stands for (see `heedful.watch.scale`).
    Returns: answers with `text` and `maps`. Each map has `weights`, `rows` and `columns`; `heedful.watch` draws it. In
        a notebook they are drawn.
    Raises: UserError, when the texts do not form a question of the task, for an option that it does not accept, or when
        the file cannot be written.
    """
    kind = check_predictor(predictor).task
    options = check_options(kind.name, kind.options, "show", options=options)
    if out is not None:
        check_format(out)  # before the work
    answers = engine.show(kind, predictor, texts, every=every, options=options)
    if out is not None:
        save_maps([map_ for answer in answers for map_ in answer.maps], out, scale=scale)
    return Answers(answers)


def _task(task: AnyTask) -> Task[Any, Any]:
    return task_named(task) if isinstance(task, str) else check_task(task)


def _names(files: Paths) -> list[str]:
    return [str(files)] if isinstance(files, str | Path) else [str(name) for name in files]


def _option_settings(task: Task[Any, Any], options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The training options that stand for a setting, as settings."""
    paths = {option.name: option.setting for option in task.options if option.setting}
    return [nested(paths[name].split("."), str(value)) for name, value in options.items() if name in paths]


def _task_and_layers(
    task: AnyTask,
    files: Mapping[str, Paths],
    parts: Mapping[str, str | Build | None],
    *,
    settings: Mapping[str, Any] | None,
    config: str | Path | None,
    options: Mapping[str, Any],
) -> "tuple[Task[Any, Any], Layers]":
    """The task and the settings that the arguments of `fit` name; `parts` are its model, score and encoder."""
    kind, model = _task(task), parts.get("model")
    code = custom_code(**{what: build for what, build in parts.items() if not isinstance(build, str)})
    options = check_options(kind.name, kind.options, "train", options=options)
    arguments: dict[str, Any] = {"data": {name: _names(paths) for name, paths in files.items() if paths}}
    arguments["model"] = {"name": model} if isinstance(model, str) else {}
    arguments = join_settings(arguments, custom_settings(code), *_option_settings(kind, options))
    file = [read_settings(Path(config), kind.name)] if config else []
    return kind, Layers(file, arguments, settings or {}, where=config, code=code)


@dataclass(frozen=True)
class Layers:
    """The settings of one call of `fit`: of a file, of its arguments, and of its argument `settings`.

    `where` names the file. `code` is the user's own.
    """

    file: Sequence[Mapping[str, Any]]
    arguments: Mapping[str, Any]
    settings: Mapping[str, Any]
    where: str | Path | None = None
    code: Custom = field(default_factory=dict[str, Build])

    def merged(self, task: Task[Any, Any], saved: Sequence[Mapping[str, Any]] = ()) -> RunConfig:
        """All settings as one; `saved` are those of the run that is resumed.

        Raises: UserError, for an unknown setting, or an attention setting that would have no effect.
        """
        where, models = str(self.where) if self.where else None, task.models
        of_user = [*self.file, self.arguments, self.settings]
        defaults, written = written_out(task.config, [*saved, *of_user])
        name, of_models = defaults["model"]["name"], [section(layer, "model") for layer in written]
        scored = "score" in self.code and "model" not in self.code  # a model of the user's own builds its scores
        score = [{"model": custom_score_settings(models, name, of_models)}] if scored else []
        merged = make_settings(task.config, *saved, *self.file, self.arguments, *score, self.settings, where=where)
        # A resumed run may have settings that an older version accepted.
        check_attention_settings(models, name, merged.model.settings, layers=of_models[len(saved) :])
        return merged


def _settings(task: Task[Any, Any], layers: Layers, *, out: str | Path | None, resume: bool) -> tuple[RunConfig, Path]:
    """All layers of settings merged, and the run folder."""
    folder = Path(out) if out else Path("runs") / f"{task.name}-{layers.merged(task).model_name}"
    # A resumed run starts from its saved settings, so that a bare `--resume --out DIR` is enough.
    if resume and (folder / CONFIG).exists():
        layers = replace(layers, where=layers.where or folder / CONFIG)
        return layers.merged(task, [read_settings(folder / CONFIG, task.name)]), folder
    return layers.merged(task), folder
