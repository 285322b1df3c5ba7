"""``heedful saliency``: which places of a picture stand out, and in which order they are attended to."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heedful.cli.app import app
from heedful.cli.arguments import OUT_HELP

if TYPE_CHECKING:
    from heedful.data.image import Picture
    from heedful.model.saliency import Saliency
    from heedful.watch import Map


@app.command()
def saliency(
    pictures: Annotated[list[Path], typer.Argument(metavar="PICTURE...", help="Picture files.", show_default=False)],
    out: Annotated[str | None, typer.Option(metavar="OUT", help=OUT_HELP)] = None,
    shifts: Annotated[int, typer.Option(min=1, help="How many places to attend to, one after another.")] = 5,
    every: Annotated[
        bool, typer.Option("--all", help="Also draw intensity, colour and orientation by themselves.")
    ] = False,
    max_megapixels: Annotated[float, typer.Option(min=0.01, help="Refuse larger pictures.")] = 40.0,
) -> None:
    """Find what stands out in pictures, by Itti, Koch and Niebur (1998); nothing is trained.

    Prints the scan path of each picture as a table: file, time in milliseconds, x and y in pixels.
    """
    import torch

    from heedful.cli.maps import MapFile
    from heedful.cli.output import results
    from heedful.data.image import PictureReader
    from heedful.model.saliency import IttiKoch, scan_path
    from heedful.task.base import Answer

    maps = MapFile(out, results())
    reader, model = PictureReader(max_megapixels), IttiKoch()
    print("picture\tms\tx\ty")
    for path in pictures:
        picture = reader.read(path)
        with torch.inference_mode():
            found = model(torch.from_numpy(picture.pixels).permute(2, 0, 1).unsqueeze(0).float() / 255)
        width, height = picture.size
        for place in scan_path(found.total[0], shifts):
            print(f"{path}\t{place.time:.0f}\t{place.x * width:.0f}\t{place.y * height:.0f}", flush=True)
        maps.add(Answer("", maps=_maps(found, picture, every=every)))
    maps.close()


def _maps(found: "Saliency", picture: "Picture", *, every: bool) -> "list[Map]":
    """The saliency map over the picture, and if asked for its three parts, each scaled by its highest place."""
    from heedful.axes import Grid, Words
    from heedful.watch import Map

    shown = {"saliency": found.total[0]}
    if every:
        shown |= {name: part[0] for name, part in found.conspicuity.items()}
    return [
        Map(
            (part / part.max().clamp_min(1e-12)).reshape(1, -1),
            Words([name]),
            Grid(part.shape[0], part.shape[1], picture.size, pixels=picture.pixels),
            title=name if every else "",
            heading=picture.where,
        )
        for name, part in shown.items()
    ]
