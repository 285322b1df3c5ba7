"""A window whose centre the query predicts: Luong's local-p."""

from contextlib import nullcontext

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from heedful.kernel import Bounds, Gaussian, upcast
from heedful.region.base import Region, Span
from heedful.shapes import check_constant, check_width, pad_batch_axes


class Predicted(nn.Module, Region):
    """A window around a predicted position ``p_t = (length - 1) sigmoid(v^T tanh(W q_t))``, with a Gaussian gate.

    Query t may attend to the keys with ``|s - p_t| <= radius``. Their weights are multiplied by
    ``exp(-(s - p_t)^2 / (2 sigma^2))``, ``sigma = radius / 2``, **after** the softmax, and are not normalised again: a
    row sums to less than 1. `length` is the number of real keys in the row, from `keep` or `Padding`. With an infinite
    radius all keys are seen, and the Gaussian is 1.
    Parameters: ``projection`` (Linear, no bias), ``weight`` [hidden_dim]. They learn through the Gaussian alone, since
    the bounds are integers.
    Raises: ValueError, when `radius` is not above 0; TypeError, when it is a tensor that requires a gradient;
        ShapeError, when queries have another width than `query_dim`.
    Source: Luong et al. 2015, eq. 9-10 of section 3.2 (arXiv:1508.04025), with positions counted from 0.

        >>> import torch
        >>> from heedful import Predicted, align
        >>> states = torch.randn(2, 50, 8)
        >>> weights = align(states, states, region=Predicted(query_dim=8, hidden_dim=16, radius=3.0))
        >>> int((weights > 0).sum(-1).max()) <= 7
        True
    """

    def __init__(self, query_dim: int, hidden_dim: int, radius: float) -> None:
        super().__init__()
        radius = check_constant("Predicted radius", radius)
        # Not "radius <= 0": a NaN must be refused.
        if not radius > 0:
            raise ValueError(f"Predicted radius is {radius}, expected more than 0 keys to each side.")
        self.projection = nn.Linear(query_dim, hidden_dim, bias=False)
        self.weight = nn.Parameter(torch.empty(hidden_dim))
        self.radius = radius
        nn.init.normal_(self.weight, std=hidden_dim**-0.5)

    def centre(self, query: Float[Tensor, "... T Q"], span: Span) -> Float[Tensor, "... T"]:
        """The predicted position of each query, a real number in ``[0, length - 1]``, in at least float32."""
        check_width("query", query, self.projection.in_features, owner="Predicted")
        # In at least float32, under autocast too: bfloat16 cannot tell position 256 from 257.
        # Meta tensors know no autocast.
        device = query.device.type
        with nullcontext() if device == "meta" else torch.autocast(device, enabled=False):
            hidden = torch.tanh(nn.functional.linear(upcast(query), upcast(self.projection.weight)))
            share = torch.sigmoid(hidden @ upcast(self.weight))
        if span.lengths is None:
            return share * max(0, span.keys - 1)
        last = (pad_batch_axes(span.lengths, span.batch_axes, trailing_axes=0) - 1).clamp(min=0)
        return share * last.unsqueeze(-1)

    def bounds(self, query: Float[Tensor, "... T Q"], span: Span) -> Bounds:
        """The interval around the predicted centre, and the Gaussian."""
        centre = self.centre(query, span)
        start, stop = keys_around(centre, self.radius, span.keys)
        gate = Gaussian(centre, deviation=self.radius / 2)
        return Bounds(span.queries, span.keys, start=start, stop=stop, gates=(gate,))

    def __repr__(self) -> str:
        """Its sizes, in one line."""
        hidden_dim, query_dim = self.projection.weight.shape
        return f"Predicted(query_dim={query_dim}, hidden_dim={hidden_dim}, radius={self.radius})"


def keys_around(
    centre: Float[Tensor, "... T"], radius: float, keys: int
) -> tuple[Int[Tensor, "... T"], Int[Tensor, "... T"]]:
    """The first key within `radius` of each centre, and the key after the last, of so many `keys`.

    A centre that is NaN gets all keys, so that its row of weights becomes NaN and not, unnoticed, zero.
    """
    # The interval is an index: it uses the detached, rounded centre. The centre gets its gradient by the gate.
    centre = centre.detach()
    # Cut to the keys before they become integers: infinity is none, and converts to a number far on the other side.
    start = torch.ceil(centre - radius).clamp(0, keys).nan_to_num(nan=0.0)
    stop = torch.floor(centre + radius).clamp(-1, keys - 1).nan_to_num(nan=keys - 1.0) + 1
    return start.to(torch.long), stop.to(torch.long)
