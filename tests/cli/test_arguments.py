"""What is done to the words of a command line before typer reads them."""

import pytest

from heedful import UserError
from heedful.cli.arguments import check_choice, repeat_pair_options, take_flag


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("train translate --train a b --valid c", "train translate --train a --train b --valid c"),
        ("train translate --train a --train b", "train translate --train a --train b"),
        ("train --train a translate", "train --train a translate"),
        ("train --train a b translate", "train --train a --train b translate"),
        ("train translate --test a b c", "train translate --test a --test b c"),
        ("train translate --valid a b --resume", "train translate --valid a --valid b --resume"),
        ("train translate --out a b", "train translate --out a b"),
        ("eval run a b", "eval run a b"),
        ("train translate --train", "train translate --train"),
    ],
)
def test_a_second_file_belongs_to_its_option(typed, understood):
    assert repeat_pair_options(typed.split()) == understood.split()


def test_a_flag_is_taken_from_anywhere_before_the_double_dash():
    assert take_flag(["a", "--debug", "b"], "--debug") == (["a", "b"], True)
    assert take_flag(["a", "--", "--debug"], "--debug") == (["a", "--", "--debug"], False)


def test_an_unknown_word_is_answered_with_the_likeliest():
    check_choice("translate", ["translate"], "task")
    with pytest.raises(UserError, match=r"'transalte'.*did you mean 'translate'"):
        check_choice("transalte", ["translate", "classify"], "task")
