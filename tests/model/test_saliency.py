"""Itti, Koch and Niebur: 42 maps, what is promoted, odd ones that pop out, and where attention goes next."""

from itertools import pairwise

import pytest
import torch

from heedful.model.saliency import ORIENTATIONS, IttiKoch, promoted, scan_path

SIDE = {"colour": 7, "orientation": 5}


def bars(odd: int, kind: str) -> torch.Tensor:
    """Rows of bars, one of which differs by colour (dense, on grey) or by orientation (thin, on black)."""
    side, cell = SIDE[kind], 64
    picture = torch.full((3, side * cell, side * cell), 0.4 if kind == "colour" else 0.0)
    long, thick = {"colour": (0.9, 0.5), "orientation": (0.5, 0.17)}[kind]
    for index in range(side * side):
        top, left = (index // side) * cell + cell // 2, (index % side) * cell + cell // 2
        upright = kind == "colour" or index == odd
        colour = (1.0, 1.0, 1.0) if kind == "orientation" else (1.0, 0.0, 0.0) if index == odd else (0.0, 1.0, 0.0)
        height, width = (long, thick) if upright else (thick, long)
        down, across = int(cell * height) // 2, int(cell * width) // 2
        area = picture[:, top - down : top + down, left - across : left + across]
        area.copy_(torch.tensor(colour)[:, None, None].expand_as(area))
    return picture


@pytest.mark.parametrize("kind", ["colour", "orientation"])
def test_the_odd_one_is_attended_to_first(kind: str) -> None:
    model = IttiKoch()
    side = SIDE[kind]
    for odd in (0, 7, 12, side * side - 1):
        first = scan_path(model(bars(odd, kind).unsqueeze(0)).total[0])[0]
        assert int(first.y * side) * side + int(first.x * side) == odd


def test_there_are_42_maps() -> None:
    found = IttiKoch()(torch.rand(2, 3, 48, 64))
    kinds = [name.rsplit(" ", 1)[0] for name in found.maps]
    assert len(kinds) == 42
    assert {kind: kinds.count(kind) for kind in kinds} == dict.fromkeys(
        ["intensity", "red-green", "blue-yellow", *(f"orientation {angle}" for angle in ORIENTATIONS)], 6
    )
    assert set(found.conspicuity) == {"intensity", "colour", "orientation"}
    assert found.total.shape == (2, 30, 40)  # of 480 x 640


@pytest.mark.parametrize("size", [(1, 1), (3, 60), (300, 400), (256, 256)])
def test_an_even_picture_has_nothing_salient(size: tuple[int, int]) -> None:
    for colour in ((0.0, 0.0, 0.0), (0.2, 0.7, 0.4), (1.0, 1.0, 1.0)):
        picture = torch.tensor(colour)[None, :, None, None].expand(1, 3, *size)
        found = IttiKoch()(picture)
        assert found.total.max() == 0
        assert scan_path(found.total[0]) == []


def test_many_equal_peaks_are_suppressed_and_a_single_one_is_promoted() -> None:
    one, many = torch.zeros(1, 20, 20), torch.zeros(1, 20, 20)
    one[0, 8, 8] = 5.0
    many[0, 2::4, 2::4] = 5.0
    assert promoted(many).max() < 0.1 * promoted(one).max()
    torch.testing.assert_close(promoted(one).max(), torch.tensor(1.0))


def test_the_mean_of_the_other_peaks_leaves_the_highest_out() -> None:
    """Peaks of 4, 2 and 1: m = (2 + 1) / 2 of 4, so the highest is multiplied by (1 - 3/8)^2."""
    maps = torch.zeros(1, 15, 15)
    maps[0, 2, 2], maps[0, 7, 7], maps[0, 12, 12] = 4.0, 2.0, 1.0
    torch.testing.assert_close(promoted(maps)[0, 2, 2], torch.tensor((1 - 3 / 8) ** 2))


def test_a_ridge_of_equal_values_is_one_peak() -> None:
    point, ridge = torch.zeros(1, 15, 15), torch.zeros(1, 15, 15)
    point[0, 7, 7] = ridge[0, 7, 7] = ridge[0, 7, 8] = 3.0
    torch.testing.assert_close(promoted(ridge)[0, 7, 7], promoted(point)[0, 7, 7])


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
