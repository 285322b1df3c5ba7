"""Every recipe is a valid file of settings, tells its commands and its source, and is listed."""

from pathlib import Path

import pytest

from heedful.store import read_yaml
from heedful.task import task_named
from heedful.task.config import make_settings

FOLDER = Path(__file__).parents[2] / "recipes"
RECIPES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_is_settings_with_commands_and_a_source(path):
    settings = read_yaml(path)
    make_settings(task_named(settings.get("task", "translate")).config, settings, where=str(path))
    text = path.read_text(encoding="utf-8")
    assert f"--config recipes/{path.name}" in text
    assert "heedful eval" in text
    assert "arXiv:" in text
    assert path.name in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_there_are_recipes():
    assert len(RECIPES) >= 3
