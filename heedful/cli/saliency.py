"""``heedful saliency``: which places of a picture stand out, in which order, and whether people look there."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heedful.cli.app import app
from heedful.cli.arguments import OUT_HELP
from heedful.errors import UserError

if TYPE_CHECKING:
    from heedful.data.image import Picture
    from heedful.data.image.fixations import Fixations
    from heedful.model.saliency import Saliency

_FIXATIONS = (
    "Score the maps against where people looked, in place of printing scan paths: a .tsv, .csv or .mat with image, x "
    "and y in pixels, or image, x_frac and y_frac."
)


@app.command()
def saliency(
    pictures: Annotated[list[Path], typer.Argument(metavar="PICTURE...", help="Picture files.", show_default=False)],
    out: Annotated[
        str | None, typer.Option(metavar="OUT", help=f"{OUT_HELP} `terminal` draws coarse maps at once.")
    ] = None,
    shifts: Annotated[int, typer.Option(min=1, help="How many places to attend to, one after another.")] = 5,
    every: Annotated[
        bool, typer.Option("--all", help="Also draw the three conspicuity maps and the 42 feature maps.")
    ] = False,
    fixations: Annotated[Path | None, typer.Option(metavar="FILE", help=_FIXATIONS)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as one JSON object.")] = False,
    max_megapixels: Annotated[float, typer.Option(min=0.01, help="Refuse larger pictures.")] = 40.0,
) -> None:
    """Find what stands out in pictures, by Itti, Koch and Niebur (1998); nothing is trained.

    Prints the scan path of each picture as a table: file, time in milliseconds, x and y in pixels.
    """
    from heedful.cli.maps import MapFile
    from heedful.cli.output import results
    from heedful.model.saliency import scan_path
    from heedful.task.base import Answer
    from heedful.watch.saliency import saliency_maps

    if fixations is not None:
        _print_scores(pictures, fixations, as_json=as_json, max_megapixels=max_megapixels)
        return
    maps = MapFile(out, results())
    print("picture\tms\tx\ty")
    for path, picture, found in _looked_at(pictures, max_megapixels):
        width, height = picture.size
        attended = scan_path(found.total[0], shifts)
        for place in attended:
            print(f"{path}\t{place.time:.0f}\t{place.x * width:.0f}\t{place.y * height:.0f}", flush=True)
        maps.add(Answer("", maps=saliency_maps(found, picture, attended, every=every)))
    maps.close()


def _looked_at(paths: Sequence[Path], max_megapixels: float) -> "Iterator[tuple[Path, Picture, Saliency]]":
    """Each picture, and what the model finds in it."""
    import torch

    from heedful.data.image import PictureReader
    from heedful.model.saliency import IttiKoch

    reader, model = PictureReader(max_megapixels), IttiKoch()
    for path in paths:
        picture = reader.read(path)
        with torch.inference_mode():
            found = model(torch.from_numpy(picture.pixels).permute(2, 0, 1).unsqueeze(0).float() / 255)
        yield path, picture, found


def _print_scores(paths: Sequence[Path], table: Path, *, as_json: bool, max_megapixels: float) -> None:
    """The measures of the model's maps against people's fixations, beside a centre prior and controls."""
    from heedful.cli.output import result_lines
    from heedful.metric.saliency_study import Viewed, study
    from heedful.store import strict_json

    fixations = _fixations(paths, table)
    viewed: list[Viewed] = []
    for path, picture, found in _looked_at(list(fixations), max_megapixels):
        points = fixations[path].shares(*picture.size)
        if not ((points >= 0) & (points < 1)).all(1).any():
            hint = "x and y are pixels from the upper left corner, x_frac and y_frac shares of the width and the height"
            raise UserError(f"no fixation of {picture.where} lies inside of it", where=str(table), hint=hint)
        viewed.append(Viewed(found.total[0].numpy(), points))
    counts: dict[str, Any] = {"pictures": len(viewed), "fixations": sum(len(each.points) for each in viewed)}
    rows = study(viewed).rows
    print(strict_json({**counts, **rows}) if as_json else result_lines({**counts, "scores": rows}))


def _fixations(paths: Sequence[Path], table: Path) -> "Mapping[Path, Fixations]":
    """The fixations of each picture that has any."""
    from heedful.cli.output import tell
    from heedful.data.image.fixations import fixations_of, read_fixations

    read = read_fixations(table)
    matched = {path: fixations_of(read, path) for path in paths}
    found = {path: each for path, each in matched.items() if each is not None}
    if len(found) < len(paths):
        missing = next(path for path in paths if path not in found)
        tell(
            f"note: {len(paths) - len(found)} of {len(paths)} pictures have no fixations and are left out: {missing} …"
        )
    if len(found) < 2:
        names = ", ".join(list(read)[:3])
        raise UserError(
            f"{len(found)} of {len(paths)} pictures have fixations; scores need at least 2",
            where=str(table),
            hint=f"the file has those of {names}, ...",
        )
    return found
