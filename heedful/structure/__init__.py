"""Structures: attentions put together. One file a variant."""

from heedful.structure.multihead import MultiHead
from heedful.structure.single import Attention

__all__ = ["Attention", "MultiHead"]
