"""``heedful cite``: the papers of a model, for a bibliography."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heedful.cli.app import app
from heedful.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from heedful.papers import Paper


@app.command()
def cite(
    model: Annotated[
        str, typer.Argument(help="A model name from `heedful models`, or a run folder.", show_default=False)
    ],
) -> None:
    """Print the papers behind a model as BibTeX; for a run folder, also those of the parts of its model."""
    from heedful.task import all_tasks

    if Path(model).is_dir():
        papers = _papers_of_run(Path(model))
    else:
        tasks = list(all_tasks())
        known = [name for task in tasks for name in (*task.models.names, *task.models.aliases)]
        if model not in known:
            raise UserError(f"no model is called {model!r}", hint=did_you_mean(model, known))
        tables = [task.models for task in tasks if model in (*task.models.names, *task.models.aliases)]
        papers = [models.named(model)[1].paper for models in tables]
    # Several tasks may have a model of this name, and parts may share a paper.
    for paper in dict.fromkeys(filter(None, papers)):
        print(paper.bibtex())


def _papers_of_run(folder: Path) -> "list[Paper | None]":
    """The paper of the model's name, then those of its parts."""
    from heedful.cli.output import load_run
    from heedful.papers import cite as papers_of

    task, predictor = load_run(folder)
    return [task.models.named(predictor.config.model_name)[1].paper, *papers_of(predictor)]
