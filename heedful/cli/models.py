"""``heedful models``: which models there are, with their papers."""

import json
from typing import Annotated

import typer

from heedful.cli.app import app


@app.command()
def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """List the models that can be trained, with their papers."""
    from rich.table import Table

    from heedful.cli.output import results
    from heedful.task.names import MODELS

    if as_json:
        rows = {name: {"task": "translate", "summary": m.summary, "paper": str(m.paper)} for name, m in MODELS.items()}
        print(json.dumps(rows, indent=2))
        return
    table = Table("model", "what it is", "paper", box=None, padding=(0, 2, 0, 0))
    for name, model in MODELS.items():
        table.add_row(name, model.summary, str(model.paper))
    results().print(table)
    results().print("Train one with: heedful train translate --model NAME --train FILE --valid FILE")
    results().print("Cite its paper with: heedful cite NAME")
