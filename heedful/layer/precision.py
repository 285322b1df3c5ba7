"""The dtype of matrix products under autocast, so that an input of several products is cast once."""

from contextlib import AbstractContextManager, nullcontext

import torch
from jaxtyping import Float
from torch import Tensor


def products_in(dtype: torch.dtype, device: torch.device | str) -> AbstractContextManager[object]:
    """A context in which matrix products are computed in `dtype`: autocast, or nothing for float32."""
    return nullcontext() if dtype == torch.float32 else torch.autocast(torch.device(device).type, dtype=dtype)


def product_dtype(like: Float[Tensor, "*shape"]) -> torch.dtype:
    """The dtype of a matrix product of `like`: autocast's if it is on, except that it does not cast float64."""
    device = like.device.type
    cast = torch.is_autocast_enabled(device) and like.dtype != torch.float64
    return torch.get_autocast_dtype(device) if cast else like.dtype


def for_products(vectors: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The vectors in the dtype of the products that will read them.

    Autocast would cast them anew for each product, and each product's gradient back.
    """
    return vectors.to(product_dtype(vectors))
