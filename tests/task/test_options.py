"""Options belong to tasks: every flag comes from one, and Python refuses what the flag refuses."""

import subprocess
import sys
from pathlib import Path

import pytest

from heedful.errors import UserError
from heedful.task import all_tasks, task_named
from heedful.task.option import Option, check_options, flag
from heedful.task.tasks import NAMES, options_of_tasks

COMMANDS = {
    "train": {
        *("task", "train", "valid", "test", "model", "config", "settings", "out", "devices", "resume", "folds"),
        *("overwrite", "list_settings", "dry_run", "log"),
    },
    "predict": {"folder", "file", "as_json", "attention", "settings", "at_once"},
    "eval": {"folder", "files", "as_json", "settings"},
    "show": {"folder", "texts", "every", "settings"},
}
"""What every task's command takes: each other parameter is some task's option."""

EVERY = pytest.mark.parametrize("command", COMMANDS)
OWN = [(task.name, option, command) for task in all_tasks() for option in task.options for command in option.commands]


def parameters(command):
    from typer.main import get_command

    from heedful.cli.commands import app

    return {one.name: one for one in get_command(app).commands[command].params}


@EVERY
def test_every_flag_of_a_command_is_some_tasks_option(command):
    found = parameters(command)
    known = {option.name: option for task in all_tasks() for option in task.options if command in option.commands}
    assert set(found) == COMMANDS[command] | set(known)
    for name, option in known.items():
        assert flag(name) in found[name].opts
        assert found[name].is_flag == (option.kind is bool)


@EVERY
def test_help_names_the_tasks_that_have_an_option(command):
    found = parameters(command)
    for name, (option, names) in options_of_tasks(command).items():
        assert names == [task.name for task in all_tasks() if option.name in {own.name for own in task.options}]
        assert found[name].help == f"{', '.join(names)}: {option.help}"


@pytest.mark.parametrize("name", NAMES)
def test_the_cheap_table_has_what_the_task_has(name):
    task = task_named(name)
    for command in COMMANDS:
        listed = {option.name for option, names in options_of_tasks(command).values() if name in names}
        assert listed == {option.name for option in task.options if command in option.commands}


def test_an_option_of_several_tasks_is_one_and_the_same():
    by_name: dict[str, Option] = {}
    for _, option, _ in OWN:
        assert by_name.setdefault(option.name, option) == option


@pytest.mark.parametrize(("task", "option", "command"), OWN, ids=lambda one: getattr(one, "name", one))
def test_a_value_out_of_bounds_is_refused_in_python_too(task, option, command):
    known = task_named(task).options
    if option.minimum is not None:
        with pytest.raises(UserError, match=rf"^{option.name} is {option.minimum - 1} \(expected {option.minimum} or"):
            check_options(task, known, command, options={option.name: option.minimum - 1})
        assert check_options(task, known, command, options={option.name: option.minimum}) == {
            option.name: option.minimum
        }
    elif option.choices:
        with pytest.raises(UserError, match=rf"^{option.name} is 'bogus' \(expected one of {option.choices[0]}"):
            check_options(task, known, command, options={option.name: "bogus"})
        assert check_options(task, known, command, options={option.name: option.choices[0]})
    else:
        assert check_options(task, known, command, options={option.name: "x"}) == {option.name: "x"}


@pytest.mark.parametrize("task", NAMES)
def test_an_option_of_another_command_or_task_is_refused(task):
    known = task_named(task).options
    for _, option, command in OWN:
        if option.name not in {own.name for own in known if command in own.commands}:
            with pytest.raises(UserError, match=rf"^--{option.name.replace('_', '-')} is not for the task '{task}'"):
                check_options(task, known, command, options={option.name: 1}, spell=flag)


def test_options_of_training_are_settings():
    """So a run folder keeps them, and a resumed run needs none again."""
    for task in all_tasks():
        for option in task.options:
            if "train" in option.commands:
                section, _, last = (option.setting or "").rpartition(".")
                fields = task.config.model_fields
                inner = fields[section].default.__class__.model_fields if section else fields
                assert last in inner, option.name


def loaded_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules, sep='\\n', file=sys.stderr)"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


HEAVY = {"torch", "numpy", "lightning", "yaml", "sentencepiece", "numba", "matplotlib"}
SETTINGS = (".config", ".models", ".settings", ".base", ".task")


@pytest.mark.parametrize(
    "code",
    [
        "import heedful.task",
        "import heedful.task\nheedful.task.__all__, dir(heedful.task)",
        "import heedful.task.tasks, heedful.task.option",
        "from heedful.task.tasks import options_of_tasks\nfor one in ('train', 'show'): options_of_tasks(one)",
        "from heedful.cli.run import run\nassert run(['--help']) == 0",
        "from heedful.cli.run import run\nassert run(['train', '--help']) == 0",
        "from heedful.cli.run import run\nassert run(['predict', '--help']) == run(['eval', '--help']) == 0",
        "from heedful.cli.run import run\nassert run(['show', '--help']) == run(['pretrain', '--help']) == 0",
    ],
)
def test_what_answers_at_once_loads_neither_torch_nor_settings(code):
    loaded = loaded_by(code)
    assert {name.partition(".")[0] for name in loaded} & HEAVY == set()
    assert not {name for name in loaded if name.startswith("heedful.task.") and name.endswith(SETTINGS)}
    assert "pydantic" not in loaded or "typer" in loaded, "typer brings it along, for its own use"
    assert "heedful" in loaded, "else this test would see nothing"


def test_a_task_loads_its_settings_when_it_is_asked_for():
    """The test above could fail."""
    assert {"torch", "pydantic"} <= loaded_by("from heedful.task import task_named\ntask_named('classify')")


def test_the_options_of_a_task_have_a_file_of_their_own():
    for name in NAMES:
        task = task_named(name)
        folder = Path(sys.modules[type(task).__module__].__file__).parent
        assert (folder / "options.py").is_file() is bool(task.options)
