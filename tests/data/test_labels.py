"""Labels in order, and those that a reader takes for one."""

from heedful.data.labels import alike_labels, alike_note, sorted_labels


def test_labels_that_look_alike_are_found():
    accents = ["caf\u00e9", "cafe\u0301"]  # one letter, and a letter with an accent of its own
    labels = [
        "pos",
        "Pos",
        "pos",
        "ｐｏｓ",
        "new  york",
        "new york",
        "new\u00a0york",
        "ne\u00adg",
        "neg",
        *accents,
        "x",
    ]
    assert alike_labels(labels) == [
        "'pos' 2, 'Pos' 1, 'ｐｏｓ' 1",
        r"'new  york' 1, 'new york' 1, 'new\xa0york' 1",
        r"'ne\xadg' 1, 'neg' 1",
        r"'café' 1, 'cafe\u0301' 1",
    ]
    assert alike_note(labels)[0].endswith("and others")
    assert alike_labels(["a", "b", "a"]) == alike_note(["a", "b"]) == []


def test_the_order_of_labels_is_that_of_numbers_and_letters():
    assert sorted_labels(["10", "2", "b", "a", "1.5"]) == ("1.5", "2", "10", "a", "b")
    for labels in (["3", "nan", "1", "2"], ["nan", "2", "3", "1"], ["2", "1", "nan", "3"]):
        assert sorted_labels(labels) == ("1", "2", "3", "nan")
