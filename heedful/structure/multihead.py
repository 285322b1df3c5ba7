"""Several attentions side by side, each in its own subspace."""

from typing import Protocol, runtime_checkable

from jaxtyping import Bool, Float
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.region import Region, Span
from heedful.shapes import ShapeError, check_keep, check_memory, check_tensor, check_width, keep_from_lengths
from heedful.structure.single import Attention


@runtime_checkable
class Rotation(Protocol):
    """Positions by rotating queries and keys (rotary): ``rotate(x [..., T, d], offset)`` keeps the shape."""

    def __call__(self, vectors: Tensor, offset: int, /) -> Tensor:
        """The vectors, each rotated by its position, counted from `offset`."""
        ...


class MultiHead(nn.Module):
    """``Concat(head_1 ... head_H) W^O``, each head an attention over its own projections.

    `attention` is what each head does (default: scaled dot product, everywhere, softmax). A score with parameters is
    shared by the heads, and is built for a head's width ``dim / heads``. Keys have no bias: it would cancel in the
    softmax. `rotate` rotates queries and keys by position before they are scored (rotary positions).
    Parameters: ``query_projection``, ``key_projection``, ``value_projection``, ``output_projection``.
    Raises: ShapeError, when `dim` is no multiple of `heads`, or inputs have another width than it was built for.
    Source: Vaswani et al. 2017, section 3.2.2 (arXiv:1706.03762).

        >>> import torch
        >>> from heedful import Additive, Attention, Causal, MultiHead
        >>> layer = MultiHead(64, 4, attention=Attention(Additive(16, 16, 32), region=Causal()))
        >>> states = torch.randn(2, 7, 64)
        >>> layer(states, states).shape, layer.align(states, states).shape
        (torch.Size([2, 7, 64]), torch.Size([2, 4, 7, 7]))
    """

    def __init__(
        self,
        dim: int,
        heads: int,
        *,
        attention: Attention | None = None,
        key_dim: int | None = None,
        rotate: Rotation | None = None,
    ) -> None:
        super().__init__()
        if heads < 1 or dim % heads:
            raise ShapeError(
                f"MultiHead cannot split width {dim} into {heads} heads: the width must be a multiple of the heads."
            )
        key_dim = dim if key_dim is None else key_dim
        self.heads = heads
        self.attention = Attention() if attention is None else attention
        self.rotate = rotate
        self.query_projection = nn.Linear(dim, dim)
        self.key_projection = nn.Linear(key_dim, dim, bias=False)
        self.value_projection = nn.Linear(key_dim, dim)
        self.output_projection = nn.Linear(dim, dim)
        for linear in (self.query_projection, self.key_projection, self.value_projection, self.output_projection):
            nn.init.xavier_uniform_(linear.weight)
            # torch annotates the bias as a Tensor; with bias=False it is None.
            if linear.bias is not None:  # pyright: ignore[reportUnnecessaryComparison]
                nn.init.zeros_(linear.bias)

    def project(
        self,
        key: Float[Tensor, "*B S K"],
        value: Float[Tensor, "*B S K"] | None = None,
        keep: Bool[Tensor, "..."] | None = None,
        *,
        offset: int = 0,
    ) -> Memory:
        """A memory per head, ``[*B, H, S, d]``, projected once for many queries.

        `keep` is ``[*B, S]`` or ``[*B, T, S]``; `offset` is the position of the first key. Keys and values have one
        width, `key_dim`.
        Raises: ShapeError, when keys or values have another width, or differ in length.
        """
        check_width("key", key, self.key_projection.in_features, owner="MultiHead")
        value = key if value is None else value
        check_width("value", value, self.value_projection.in_features, owner="MultiHead")
        check_memory(key, key, value)
        # Padding is zeroed before the projection: a NaN there would reach the gradient of its weight.
        raw = Memory(key, value, keep).cleared()
        keys = self._split(self.key_projection(raw.key))
        keys = keys if self.rotate is None else self.rotate(keys, offset)
        values = self._split(self.value_projection(raw.value))
        return Memory(keys, values, _for_heads(keep, key)).scored_by(self.attention.score)

    def forward(
        self,
        query: Float[Tensor, "*B T D"],
        memory: Memory | Float[Tensor, "*B S K"],
        value: Float[Tensor, "*B S K"] | None = None,
        *,
        keep: Bool[Tensor, "..."] | None = None,
        region: Region | None = None,
        offset: int = 0,
    ) -> Float[Tensor, "*B T D"]:
        """The heads' contexts, mixed by ``W^O``. `offset` is the position of the first query, for rotary positions."""
        context = self.contexts(query, memory, value, keep=keep, region=region, offset=offset)
        return self.output_projection(context.transpose(-2, -3).flatten(-2))

    def contexts(
        self,
        query: Float[Tensor, "*B T D"],
        memory: Memory | Float[Tensor, "*B S K"],
        value: Float[Tensor, "*B S K"] | None = None,
        *,
        keep: Bool[Tensor, "..."] | None = None,
        region: Region | None = None,
        offset: int = 0,
    ) -> Float[Tensor, "*B H T d"]:
        """Each head's context in the same call to `forward`, before ``W^O`` mixes them."""
        queries, memory, keep = self._prepare(query, memory, value, keep, region, offset)
        return self.attention(queries, memory, keep=keep, region=region)

    def align(
        self,
        query: Float[Tensor, "*B T D"],
        memory: Memory | Float[Tensor, "*B S K"],
        value: Float[Tensor, "*B S K"] | None = None,
        *,
        keep: Bool[Tensor, "..."] | None = None,
        region: Region | None = None,
        offset: int = 0,
    ) -> Float[Tensor, "*B H T S"]:
        """Each head's weights in the same call to `forward`."""
        queries, memory, keep = self._prepare(query, memory, value, keep, region, offset)
        return self.attention.align(queries, memory, keep=keep, region=region)

    def _prepare(
        self,
        query: Tensor,
        memory: Memory | Tensor,
        value: Tensor | None,
        keep: Tensor | None,
        region: Region | None,
        offset: int,
    ) -> tuple[Tensor, Memory, Tensor | None]:
        """Queries by head, the memory by head, and the keep that is still to be applied.

        Raises: ShapeError, when widths, lengths or batches do not fit; TypeError, when a Memory comes with a value.
        """
        check_width("query", query, self.query_projection.in_features, owner="MultiHead")
        if isinstance(memory, Memory):
            if value is not None:
                raise TypeError("MultiHead got a Memory and a value: a Memory brings its own, so pass only one.")
            keep = _for_heads(keep, memory.key[..., 0, :, :])
        else:
            check_tensor("memory", memory)
            region = self.attention.region if region is None else region
            real = _with_lengths(keep, memory, region)
            if real is not None:
                # Here and not by head, where the message would name shapes that the caller never saw.
                check_keep(real, query, memory)
            memory, keep = self.project(memory, value, real), None
        queries = self._split(self.query_projection(query))
        return queries if self.rotate is None else self.rotate(queries, offset), memory, keep

    def extra_repr(self) -> str:
        """Its setting, for printing."""
        return f"heads={self.heads}"

    def _split(self, vectors: Tensor) -> Tensor:
        """``[*B, L, H d] -> [*B, H, L, d]``."""
        return vectors.unflatten(-1, (self.heads, -1)).transpose(-2, -3)


def _with_lengths(keep: Tensor | None, key: Tensor, region: Region) -> Tensor | None:
    """`keep` without the padding that the region knows of: it has to be zeroed before the keys are projected."""
    lengths = region.lengths(Span(0, key.shape[-2], key.ndim - 2, key.device))
    if lengths is None:
        return keep
    real = keep_from_lengths(lengths, key.shape[-2])
    if keep is None:
        return real
    return keep & (real if keep.ndim == real.ndim else real.unsqueeze(-2))


def _for_heads(keep: Tensor | None, key: Tensor) -> Tensor | None:
    """`keep` with a head axis: ``[*B, S] -> [*B, 1, S]``, ``[*B, T, S] -> [*B, 1, T, S]``."""
    if keep is None:
        return None
    return keep.unsqueeze(-2) if keep.ndim == key.ndim - 1 else keep.unsqueeze(-3)
