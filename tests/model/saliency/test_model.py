"""Itti, Koch and Niebur: 42 maps, what is promoted, odd ones that pop out, and where attention goes next."""

from collections.abc import Callable
from functools import cache
from itertools import pairwise

import pytest
import torch

from heedful.data.corpus.displays import Display, search_displays
from heedful.model.saliency import FEATURES, ORIENTATIONS, IttiKoch, Saliency, promoted, scan_path


@cache
def looked_at(kind: str) -> list[tuple[Display, Saliency]]:
    """Twelve displays of a kind, and what the model finds in them: two tests ask for each."""
    model, displays = IttiKoch(), search_displays(kind, 12, seed=5)
    return [
        (each, model(torch.from_numpy(each.pixels).permute(2, 0, 1).unsqueeze(0).float() / 255)) for each in displays
    ]


def hits(kind: str, map_of: Callable[[Saliency], torch.Tensor]) -> int:
    """In how many displays the first shift over a map goes to the odd one."""
    count = 0
    for display, found in looked_at(kind):
        height, width, _ = display.pixels.shape
        path = scan_path(map_of(found)[0], shifts=1)
        count += bool(path) and display.nearest(path[0].x * width, path[0].y * height) == display.target
    return count


@pytest.mark.parametrize("kind", ["colour", "orientation"])
def test_the_odd_one_is_attended_to_first(kind: str) -> None:
    assert hits(kind, lambda found: found.total) == 12


def test_a_conjunction_is_not() -> None:
    assert hits("conjunction", lambda found: found.total) < 6


@pytest.mark.parametrize("channel", ["colour", "orientation"])
def test_without_the_channel_that_tells_it_apart_the_odd_one_is_lost(channel: str) -> None:
    """The control: an odd one that is found by other channels would not show that this one works."""

    def others(found: Saliency) -> torch.Tensor:
        return torch.stack([promoted(part) for name, part in found.conspicuity.items() if name != channel]).sum(0)

    assert hits(channel, others) < 6


def test_the_centre_of_a_picture_is_the_centre_of_its_map() -> None:
    """Scales that do not lie on one another shift the surround, and with it the map."""
    picture = torch.full((1, 3, 480, 640), 0.3)
    picture[:, 0, 200:280, 300:340] = 0.9
    found = IttiKoch()(picture)
    for part in (found.total, *found.conspicuity.values()):
        # Of the coarsest scales, with 15 and 5 cells, the last cell stands for a half outside of the picture.
        torch.testing.assert_close(part, part.flip(2), rtol=0.0, atol=0.01 * float(part.max()))
        torch.testing.assert_close(part, part.flip(1), rtol=0.0, atol=0.01 * float(part.max()))


def test_there_are_42_maps() -> None:
    found = IttiKoch()(torch.rand(2, 3, 48, 64))
    kinds = [name.rsplit(" ", 1)[0] for name in found.maps]
    assert len(kinds) == 42
    assert {kind: kinds.count(kind) for kind in kinds} == dict.fromkeys(
        ["intensity", "red-green", "blue-yellow", *(f"orientation {angle}" for angle in ORIENTATIONS)], 6
    )
    assert {name.rpartition(" ")[0] for name in found.maps} == set(FEATURES)
    assert found.at_output_scale("red-green 2-5").shape == found.total.shape
    assert set(found.conspicuity) == {"intensity", "colour", "orientation"}
    assert found.total.shape == (2, 30, 40)  # of 480 x 640


@pytest.mark.parametrize("size", [(1, 1), (3, 60), (300, 400), (256, 256)])
def test_an_even_picture_has_nothing_salient(size: tuple[int, int]) -> None:
    for colour in ((0.0, 0.0, 0.0), (0.2, 0.7, 0.4), (1.0, 1.0, 1.0)):
        picture = torch.tensor(colour)[None, :, None, None].expand(1, 3, *size)
        found = IttiKoch()(picture)
        assert found.total.max() == 0
        assert scan_path(found.total[0]) == []


@pytest.mark.parametrize(("angle", "bar"), [(0, (slice(30, 34), slice(8, 56))), (90, (slice(8, 56), slice(30, 34)))])
def test_a_bar_is_strongest_in_the_map_of_its_orientation(angle: int, bar: tuple[slice, slice]) -> None:
    level = torch.zeros(1, 64, 64)
    level[0][bar] = 1.0
    answers = IttiKoch()._oriented(level)[0, :, 32, 32]
    assert ORIENTATIONS[int(answers.argmax())] == angle


def test_slanted_bars_are_told_apart() -> None:
    rising = torch.eye(64).flip(1).unsqueeze(0)
    answers = IttiKoch()._oriented(rising)[0, :, 31, 32]
    assert ORIENTATIONS[int(answers.argmax())] == 45
    answers = IttiKoch()._oriented(rising.flip(2))[0, :, 32, 32]
    assert ORIENTATIONS[int(answers.argmax())] == 135


def test_pictures_of_a_batch_do_not_know_each_other() -> None:
    pictures = torch.rand(3, 3, 40, 60)
    together = IttiKoch()(pictures).total
    for row in range(3):
        torch.testing.assert_close(IttiKoch()(pictures[row : row + 1]).total[0], together[row])


def test_attention_visits_as_many_places_as_it_makes_shifts_and_returns_when_inhibition_has_worn_off() -> None:
    saliency = torch.zeros(30, 30)
    places = [(5, 5), (5, 24), (24, 5), (24, 24)]
    for strength, (row, column) in zip((4.0, 3.0, 2.0, 1.0), places, strict=True):
        saliency[row, column] = strength
    path = scan_path(saliency, shifts=4)
    assert [(int(each.y * 30), int(each.x * 30)) for each in path] == places
    gaps = [after.time - before.time for before, after in pairwise(path)]
    assert path[0].time == pytest.approx(30.0)
    assert all(30 <= gap <= 70 for gap in gaps)
    assert gaps == sorted(gaps)
    later = scan_path(saliency, shifts=40)
    assert len({(each.x, each.y) for each in later}) == 4
    again = [each.time for each in later if (each.x, each.y) == (later[0].x, later[0].y)]
    assert len(again) > 1
