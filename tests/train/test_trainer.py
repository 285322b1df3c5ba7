"""The rank of this process, under its name and its former one."""

import pytest

pytest.importorskip("lightning")

import heedful.train
from heedful.train import init_ranks


def test_one_process_is_rank_zero_of_one():
    ranks = init_ranks()
    assert (ranks.rank, ranks.world) == (0, 1)


def test_the_former_name_still_works_and_names_the_new_one():
    with pytest.warns(DeprecationWarning, match="init_ranks"):
        assert heedful.train.place is init_ranks


def test_other_names_are_missing():
    with pytest.raises(AttributeError, match="'teach'"):
        _ = heedful.train.teach
