"""Which dtype matrix products take here, so that what several of them read is cast once."""

import torch
from jaxtyping import Float
from torch import Tensor


def product_dtype(like: Float[Tensor, "*shape"]) -> torch.dtype:
    """What a matrix product of `like` is computed in: autocast's dtype where it is on (it leaves float64 alone)."""
    device = like.device.type
    cast = torch.is_autocast_enabled(device) and like.dtype != torch.float64
    return torch.get_autocast_dtype(device) if cast else like.dtype


def for_products(vectors: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The vectors in the dtype of the products that will read them.

    Autocast would cast them anew for each product, and each product's gradient back.
    """
    return vectors.to(product_dtype(vectors))
