"""A map: attention weights, with what the positions of its rows and columns are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from jaxtyping import Float
from torch import Tensor

from heedful.axes import Axis, Grid, as_axis
from heedful.shapes import ShapeError, describe
from heedful.watch.mark import NO_OVERLAY, Overlay
from heedful.watch.titles import attention_title


@dataclass(frozen=True)
class Map:
    """Where a model looked: each row is a position that looked, each column one that was looked at.

    `rows` and `columns` are axes; a plain sequence of names becomes `Words`. `layers` holds the maps of all heads
    behind it, over the same axes, by the name of their module. `title` says what kind of map this is, and `heading`
    what it is a map of, such as the line of a file.
    `overlay` is what is drawn beside and over the rows: notes such as a gate, and boxes, points and paths on a picture.
    Raises: ShapeError, when the weights do not have one row and one column for each position of the axes, or the
        overlay does not have one entry for each row.
    """

    weights: Float[Tensor, "T S"]
    rows: Axis | Sequence[str]
    columns: Axis | Sequence[str]
    title: str = ""
    layers: Mapping[str, Float[Tensor, "_ _ _"]] = field(default_factory=dict[str, Tensor])
    heading: str = ""
    overlay: Overlay = NO_OVERLAY

    def __post_init__(self) -> None:
        rows, columns = match_axes(self.weights, self.rows, self.columns)
        object.__setattr__(self, "rows", rows)  # the class is frozen
        object.__setattr__(self, "columns", columns)
        self.overlay.check(len(rows), columns)
        for name, heads in self.layers.items():
            if heads.ndim != 3 or heads.shape[1:] != self.weights.shape:
                raise ShapeError(
                    f"layer {name!r} is {describe(heads)}, but the map is {describe(self.weights)}: "
                    "the maps of all heads need its rows and columns, [H, T, S]."
                )

    @property
    def caption(self) -> str:
        """The heading and the title on one line."""
        return " · ".join(part for part in (self.heading, self.title) if part)

    @property
    def labelled_rows(self) -> Axis:
        """The rows with their notes after the labels, for drawings that have one text for both."""
        return self.overlay.labelled(as_axis(self.rows))

    def __repr__(self) -> str:
        return f"Map({self.caption!r}, {len(self.rows)} × {len(self.columns)})"

    def _repr_html_(self) -> str:
        """The drawing, for notebooks."""
        from heedful.watch.notebook import maps_html  # which imports this module

        return maps_html([self])

    def of_heads(self) -> Iterator["Map"]:
        """A separate map for every layer and head that this map was averaged from."""
        before, colon, _ = self.title.partition(": ")
        of_model = before if colon else ""  # titles begin with the name of the model
        for name, heads in self.layers.items():
            for number, weights in enumerate(heads):
                title = attention_title(name) if len(heads) == 1 else f"{attention_title(name)}, head {number}"
                title = f"{of_model}: {title}" if of_model else title
                yield replace(self, weights=weights, title=title, layers={})


def match_axes(weights: Tensor, rows: Sequence[str], columns: Sequence[str]) -> tuple[Axis, Axis]:
    """The axes of weights ``[T, S]``: T positions down, S across.

    Raises: ShapeError, when there is not one position for each row and each column; it quotes all sizes.
    """
    down, across = as_axis(rows), as_axis(columns)
    if tuple(weights.shape) != (len(down), len(across)):
        raise ShapeError(
            f"weights are {describe(weights)}, but the axes have {_size(down)} for rows and {_size(across)} for "
            "columns: each row and each column of the weights needs one position."
        )
    return down, across


def _size(axis: Axis) -> str:
    kind = type(axis).__name__
    return f"{len(axis)} {kind} ({axis.height} × {axis.width})" if isinstance(axis, Grid) else f"{len(axis)} {kind}"
