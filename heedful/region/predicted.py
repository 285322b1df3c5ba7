"""A window whose centre the query predicts: Luong's local-p."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from heedful.kernel import Bounds, Gaussian, upcast
from heedful.region.base import Region, Span
from heedful.shapes import check_width, pad_batch_axes


class Predicted(nn.Module, Region):
    """A window around a predicted position ``p_t = (length - 1) sigmoid(v^T tanh(W q_t))``, with a Gaussian gate.

    Query t may attend to the keys with ``|s - p_t| <= radius``. Their weights are multiplied by
    ``exp(-(s - p_t)^2 / (2 sigma^2))``, ``sigma = radius / 2``, **after** the softmax, and are not normalised again: a
    row sums to less than 1. `length` is the number of real keys in the row, from `keep` or `Padding`.
    Parameters: ``projection`` (Linear, no bias), ``weight`` [hidden_dim]. They learn through the Gaussian alone, since
    the bounds are integers.
    Raises: ValueError, when `radius` is not above 0; ShapeError, when queries have another width than `query_dim`.
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
        if radius <= 0:
            raise ValueError(f"Predicted radius is {radius}, expected more than 0 keys to each side.")
        self.projection = nn.Linear(query_dim, hidden_dim, bias=False)
        self.weight = nn.Parameter(torch.empty(hidden_dim))
        self.radius = float(radius)
        nn.init.normal_(self.weight, std=hidden_dim**-0.5)

    def centre(self, query: Float[Tensor, "... T Q"], span: Span) -> Float[Tensor, "... T"]:
        """The predicted position of each query, a real number in ``[0, length - 1]``, in at least float32."""
        check_width("query", query, self.projection.in_features, owner="Predicted")
        # In at least float32, under autocast too: bfloat16 cannot tell position 256 from 257.
        with torch.autocast(query.device.type, enabled=False):
            hidden = torch.tanh(nn.functional.linear(upcast(query), upcast(self.projection.weight)))
            share = torch.sigmoid(hidden @ upcast(self.weight))
        if span.lengths is None:
            return share * max(0, span.keys - 1)
        last = (pad_batch_axes(span.lengths, span.batch_axes, trailing_axes=0) - 1).clamp(min=0)
        return share * last.unsqueeze(-1)

    def bounds(self, query: Float[Tensor, "... T Q"], span: Span) -> Bounds:
        """The interval around the predicted centre, and the Gaussian."""
        # The interval is an index: it uses the detached, rounded centre. The centre gets its gradient by the gate.
        centre = self.centre(query, span)
        start = torch.ceil(centre.detach() - self.radius).to(torch.long)
        stop = torch.floor(centre.detach() + self.radius).to(torch.long) + 1
        gate = Gaussian(centre, deviation=self.radius / 2)
        return Bounds(span.queries, span.keys, start=start, stop=stop, gates=(gate,))
