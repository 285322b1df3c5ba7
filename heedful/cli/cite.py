"""``heedful cite``: the paper of a model, for a bibliography."""

from pathlib import Path
from typing import Annotated

import typer

from heedful.cli.app import app
from heedful.errors import UserError, did_you_mean


@app.command()
def cite(
    model: Annotated[
        str, typer.Argument(help="A model's name, as `heedful models` lists it, or a run folder.", show_default=False)
    ],
) -> None:
    """Print the paper behind a model as a BibTeX entry."""
    from heedful.task import all_tasks
    from heedful.task.folder import load_settings, task_of_run

    if Path(model).is_dir():
        tasks = [task_of_run(Path(model))]
        model = load_settings(tasks[0].config, Path(model)).model_name
    else:
        tasks = list(all_tasks())
    known = [name for task in tasks for name in (*task.models.names, *task.models.aliases)]
    if model not in known:
        raise UserError(f"no model is called {model!r}", hint=did_you_mean(model, known))
    entries = [task.models.named(model)[1] for task in tasks if model in (*task.models.names, *task.models.aliases)]
    for paper in dict.fromkeys(entry.paper for entry in entries if entry.paper is not None):
        print(paper.bibtex())
