"""Options that are one task's own are refused by the others, with what those know."""

import pytest

from heedful import UserError
from heedful.cli.options import task_options
from heedful.task import all_tasks, task_named

COMMANDS = ("train", "predict", "eval", "show")


def options_of(task, command):
    """The names of the options that a task has for a command."""
    return {option.name for option in task.options if command in option.commands}


def test_what_was_not_given_is_no_option():
    assert task_options(task_named("translate"), "predict", {"beam": None, "nbest": 3, "alignment": None}) == {
        "nbest": 3
    }
    assert task_options(task_named("translate"), "eval", {"one_based": False}) == {}


def test_an_option_of_another_task_is_refused_with_its_name():
    with pytest.raises(UserError, match=r"--one-based is not for the task 'translate'.*--valid-alignments"):
        task_options(task_named("translate"), "train", {"one_based": True})


def test_every_task_is_what_it_says():
    for task in all_tasks():
        assert task_named(task.name).name == task.name
        assert task.config.model_fields["task"].default == task.name
        assert task.models.named(task.models.default)
        assert {command for option in task.options for command in option.commands} <= set(COMMANDS)


def test_an_unknown_task_is_answered_with_the_likeliest():
    with pytest.raises(UserError, match="did you mean 'translate'"):
        task_named("transalte")


def test_help_says_for_which_tasks_an_option_is():
    from typer.main import get_command

    from heedful.cli.commands import app

    commands = get_command(app).commands
    tasks = list(all_tasks())
    for command in COMMANDS:
        helps = {parameter.name: getattr(parameter, "help", "") or "" for parameter in commands[command].params}
        for option in set().union(*(options_of(task, command) for task in tasks)):
            knowing = ", ".join(task.name for task in tasks if option in options_of(task, command))
            assert helps[option].startswith(f"{knowing}: "), (command, option, helps[option])
