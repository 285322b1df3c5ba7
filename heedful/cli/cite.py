"""``heedful cite``: the paper of a model, for a bibliography."""

from pathlib import Path
from typing import Annotated

import typer

from heedful.cli.app import app


@app.command()
def cite(
    model: Annotated[
        str, typer.Argument(help="A model's name, as `heedful models` lists it, or a run folder.", show_default=False)
    ],
) -> None:
    """Print the paper behind a model as a BibTeX entry."""
    from heedful.task.folder import load_config
    from heedful.task.names import model_named

    name = load_config(Path(model)).model.name if Path(model).is_dir() else model
    print(model_named(name)[1].paper.bibtex())
