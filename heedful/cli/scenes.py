"""``heedful scenes``: made-up pictures with captions, to train on and to try commands with."""

from pathlib import Path
from typing import Annotated

import typer

from heedful.cli.app import app


@app.command()
def scenes(
    out: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder for pictures and tables.")] = Path("scenes"),
    train: Annotated[int, typer.Option(min=1, help="Training pictures.")] = 4000,
    valid: Annotated[int, typer.Option(min=1, help="Validation pictures.")] = 300,
    test: Annotated[int, typer.Option(min=1, help="Test pictures.")] = 500,
    held_out: Annotated[
        int, typer.Option(min=1, help="Pictures with a colour and shape that training has only apart.")
    ] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the scenes and of the pairs that are held out.")] = 1,
    size: Annotated[int, typer.Option(min=32, help="Pixels of a side.")] = 64,
) -> None:
    """Draw made-up scenes with captions: coloured shapes and how they lie.

    Writes train.jsonl, valid.jsonl, test.jsonl and held-out.jsonl, and the pictures in a folder for each.
    """
    from heedful.cli.output import tell
    from heedful.data.corpus.scenes import Scenes, blind_ceiling, write_scenes

    made = write_scenes(
        out, {"train": train, "valid": valid, "test": test, "held-out": held_out}, seed=seed, size=size
    )  # fmt: skip
    tell("training has none of: " + ", ".join(" ".join(pair) for pair in Scenes(seed, size=size).held_out))
    for split, captions in made.items():
        best = blind_ceiling(captions)
        tell(f"{out / f'{split}.jsonl'}: {len(captions)} pictures; exact without looking: at most {best:.3f}")
