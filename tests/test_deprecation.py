"""Old public names still work, and warn with the new name."""

import importlib
import subprocess
import sys

import pytest
import torch

import heedful
from heedful import StatsRequest, survey
from heedful.deprecation import Renamed, deprecated_attribute

OLD = [
    ("heedful", "Wanted", "heedful.StatsRequest"),
    ("heedful", "Stopped", "heedful.StopGradient"),
    ("heedful", "pooled_map", "StatsRequest(grid=grid"),
    ("heedful", "row_summary", "StatsRequest(best=best"),
    ("heedful.attention", "Wanted", "heedful.StatsRequest"),
    ("heedful.attention", "Survey", "heedful.attention.Stats"),
    ("heedful.attention", "RowSummary", "heedful.attention.Stats"),
    ("heedful.attention", "pooled_map", "StatsRequest(grid=grid"),
    ("heedful.attention", "row_summary", "StatsRequest(best=best"),
    ("heedful.choice", "Stopped", "heedful.StopGradient"),
    ("heedful.region", "Both", "heedful.region.Intersection"),
    ("heedful.region", "shorter", "heedful.region.min_lengths"),
    ("heedful.testing.exact", "Words", "AttentionSpec"),
]


@pytest.mark.parametrize(("module", "name", "instead"), OLD)
def test_an_old_name_works_and_warns_with_the_new_one(module, name, instead):
    with pytest.warns(DeprecationWarning, match=f"{module}.{name} is deprecated") as warned:
        value = getattr(importlib.import_module(module), name)
    assert value is not None
    assert instead in str(warned[0].message)


def test_the_warning_points_at_the_line_that_uses_the_old_name():
    """In a process of its own: here the checks of shapes put frames of their own between."""
    code = """
import warnings
import heedful
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    heedful.Wanted
    heedful.survey(*heedful_inputs, wanted=heedful.StatsRequest())
print([(each.filename, each.lineno) for each in warned])
""".replace("*heedful_inputs", "*[__import__('torch').zeros(2, 3)] * 2")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "[('<string>', 6), ('<string>', 7)]\n", done.stderr


def test_a_new_name_and_its_old_one_are_the_same_object():
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        assert heedful.Wanted is heedful.StatsRequest
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        assert heedful.Stopped is heedful.StopGradient


def test_the_old_name_warns_each_time_it_is_looked_up():
    for _ in range(2):
        with pytest.warns(DeprecationWarning, match="is deprecated"):
            assert heedful.Wanted


@pytest.mark.parametrize("module", sorted({module for module, _, _ in OLD}))
def test_a_name_that_never_was_is_an_attribute_error(module):
    with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'nothing'"):
        importlib.import_module(module).nothing


def test_a_table_finds_the_new_object():
    with pytest.warns(
        DeprecationWarning, match=r"m\.old is deprecated and will be removed in the next release: use new"
    ):
        assert deprecated_attribute("m", "old", {"old": Renamed("heedful.shapes:PAD", "new")}) == 0


def test_the_folded_functions_give_what_survey_gives():
    query, key = torch.randn(7, 4), torch.randn(9, 4)
    found = survey(query, key, request=StatsRequest((2, 3), best=2, context=False))
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        from heedful import pooled_map, row_summary
    assert torch.equal(pooled_map(query, key, grid=(2, 3)), found.mass)
    summary = row_summary(query, key, best=2)
    assert torch.equal(summary.index, found.index)
    assert torch.equal(summary.weight, found.weight)
    assert torch.equal(summary.entropy, found.entropy)


def test_the_old_keyword_of_survey_works_and_warns():
    query, request = torch.randn(7, 4), StatsRequest((2, 3))
    with pytest.warns(DeprecationWarning, match=r"survey\(wanted=...\) is deprecated .* use survey\(request=...\)"):
        found = survey(query, query, wanted=request)
    assert torch.equal(found.mass, survey(query, query, request=request).mass)
