"""Structures: attentions put together. One file a variant."""

from heedful.structure.multihead import MultiHead
from heedful.structure.simplex import Simplex
from heedful.structure.single import Attention
from heedful.structure.weighted import Weighted

__all__ = ["Attention", "MultiHead", "Simplex", "Weighted"]
