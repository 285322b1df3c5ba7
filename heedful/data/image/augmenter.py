"""Augmentation by name, as settings have it, and functions of the user's beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

from torch import Generator

from heedful.data.image.augment import Augmentation, Colour, Flip, RandomCrop
from heedful.data.image.fit import Fitted
from heedful.data.image.input import PictureInput
from heedful.data.image.picture import Picture
from heedful.errors import UserError, did_you_mean

CROP = "crop"
"""The augmentation that takes the place of the fit: it needs the original picture, and not what was fitted."""

CHANGES: dict[str, Callable[[], Augmentation]] = {"flip": Flip, "colour": Colour}
"""Augmentations of fitted pictures by name."""

AUGMENTATIONS = (CROP, *CHANGES)
"""All names, in the order in which they are applied."""


@final
@dataclass(frozen=True)
class Augmenter:
    """Random changes of training pictures: those of `names`, then the functions `more`, in their order.

    Raises: UserError, for an unknown name.
    """

    names: tuple[str, ...] = ()
    more: tuple[Augmentation, ...] = ()

    def __post_init__(self) -> None:
        for name in self.names:
            if name not in AUGMENTATIONS:
                raise UserError(f"unknown augmentation {name!r}", hint=did_you_mean(name, AUGMENTATIONS))

    @property
    def crops(self) -> bool:
        """Whether it needs the original picture."""
        return CROP in self.names

    def fitted(self, picture: Picture, picture_input: PictureInput, generator: Generator) -> Fitted:
        """A picture in the model's size with random changes."""
        size = picture_input.height, picture_input.width
        first = RandomCrop(*size)(picture, generator) if self.crops else picture_input.fitting(picture)
        return self.changed(first, generator)

    def changed(self, fitted: Fitted, generator: Generator) -> Fitted:
        """A fitted picture with random changes other than a crop.

        Raises: UserError, when a function of the user's returns anything but a `Fitted` of the same size.
        """
        for change in self._changes():
            changed = change(fitted, generator)
            if not isinstance(changed, Fitted) or changed.pixels.shape != fitted.pixels.shape:
                found = tuple(changed.pixels.shape) if isinstance(changed, Fitted) else type(changed).__name__
                raise UserError(
                    f"the augmentation {getattr(change, '__name__', change)} returned {found}",
                    hint=f"expected a heedful.data.image.Fitted with pixels {tuple(fitted.pixels.shape)}",
                )
            fitted = changed
        return fitted

    def _changes(self) -> Sequence[Augmentation]:
        return (*(make() for name, make in CHANGES.items() if name in self.names), *self.more)
