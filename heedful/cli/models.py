"""``heedful models``: lists all models with their papers."""

import json
from typing import Annotated

import typer

from heedful.cli.app import app
from heedful.cli.program import program


@app.command()
def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """List the models that can be trained, by task, with their papers."""
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
    widest = max(len(name) for task in tasks for name in task.models.names)
    for task in tasks:
        print(f"{task.name}: {task.summary}")
        for name, model in task.models.names.items():
            default = " (default)" if name == task.models.default else ""
            print(f"  {name:<{widest}}  {model.summary}{default}\n  {'':<{widest}}  {model.paper}")
        print()
    print(f"Train one with: {program()} train TASK --model NAME --train FILE --valid FILE")
    print(f"See its settings with: {program()} train TASK --model NAME --settings")
    print(f"Cite its paper with: {program()} cite NAME")
