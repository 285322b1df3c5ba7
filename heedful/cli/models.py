"""``heedful models``: which models there are, with their papers."""

import json
from typing import Annotated

import typer

from heedful.cli.app import app


@app.command()
def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """List the models that can be trained, by task, with their papers."""
    from rich.table import Table

    from heedful.cli.output import results
    from heedful.task import all_tasks

    tasks = list(all_tasks())
    if as_json:
        rows = {
            task.name: {
                name: {"summary": model.summary, "paper": str(model.paper)} for name, model in task.models.names.items()
            }
            for task in tasks
        }
        print(json.dumps(rows, indent=2))
        return
    table = Table("task", "model", "what it is", "paper", box=None, padding=(0, 2, 0, 0))
    for task in tasks:
        for name, model in task.models.names.items():
            table.add_row(task.name, name, model.summary, str(model.paper))
    results().print(table)
    results().print("Train one with: heedful train TASK --model NAME --train FILE --valid FILE")
    results().print("Cite its paper with: heedful cite NAME")
