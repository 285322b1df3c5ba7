"""Vectors are cast for products as autocast would cast them, and not without it."""

import pytest
import torch
from torch.nn.functional import linear

from heedful.layer.precision import for_products


@pytest.mark.parametrize("given", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("autocast", [True, False])
def test_is_what_a_product_returns(given: torch.dtype, autocast: bool) -> None:
    vectors = torch.randn(3, 5, dtype=given)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        assert for_products(vectors).dtype == linear(vectors, torch.randn(2, 5, dtype=given)).dtype


def test_nothing_is_copied_without_need() -> None:
    vectors = torch.randn(3, 5)
    assert for_products(vectors) is vectors
