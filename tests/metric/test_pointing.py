"""Points in boxes and near parts, by hand."""

import pytest

from heedful.metric.pointing import hit_rates, in_box, on_part, part_rates

BOX = (10.0, 20.0, 40.0, 60.0)  # 30 × 40, with a diagonal of 50


@pytest.mark.parametrize(
    ("point", "inside"),
    [((25.0, 30.0), True), ((10.0, 60.0), True), ((9.9, 30.0), False), ((25.0, 60.1), False), ((30.0, 15.0), False)],
)
def test_a_point_is_in_a_box_or_on_its_edge(point, inside):
    assert in_box(point, BOX) is inside


def test_a_point_is_on_a_part_within_a_share_of_the_diagonal():
    assert on_part((20.0, 30.0), (20.0, 37.5), BOX)
    assert not on_part((20.0, 30.0), (20.0, 37.6), BOX)
    assert on_part((26.0, 30.0), (20.0, 34.0), BOX)  # 7.2 away, across and down


def test_rates_count_pictures_that_have_a_box_and_show_the_part():
    points = [{"a": (15.0, 25.0), "b": (0.0, 0.0)}, {"a": (0.0, 0.0), "b": (0.0, 0.0)}, {"a": (12.0, 22.0)}]
    boxes = [BOX, BOX, None]
    assert hit_rates(points, boxes) == {"a": 0.5, "b": 0.0}
    parts = [{"beak": (15.0, 25.0)}, {"tail": (1.0, 1.0)}, {"beak": (0.0, 0.0)}]
    assert part_rates(points, boxes, parts) == {"beak": {"a": 1.0, "b": 0.0}, "tail": {"a": 1.0, "b": 1.0}}
    assert hit_rates(points, [None] * 3) == {}
    assert part_rates(points, [None] * 3, parts) == {}
