"""A window whose centre the query predicts: Luong's local-p."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from heedful.kernel import Bounds, Gaussian, upcast
from heedful.region.base import Region, Span
from heedful.shapes import check_width, pad_batch_axes


class Predicted(nn.Module, Region):
    """Query ``t`` looks around ``p_t = (length - 1) sigmoid(v^T tanh(W q_t))``, less the farther from it.

    The keys with ``|s - p_t| <= radius`` may be seen; their weights are multiplied by
    ``exp(-(s - p_t)^2 / (2 sigma^2))``, ``sigma = radius / 2``, **after** the softmax and are not normalised again:
    a row sums to less than 1. The Gaussian is the only way by which ``W`` and ``v`` learn, so it uses the real
    ``p_t``. `length` is the number of real keys in the row, from `keep` or `Padding`.
    Parameters: ``projection`` (Linear, no bias), ``weight`` [hidden_dim].
    Source: Luong et al. 2015, eq. 9-10 of section 3.2 (arXiv:1508.04025), with positions counted from 0.
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
        with torch.autocast(query.device.type, enabled=False):  # half precision cannot count positions to 257
            hidden = torch.tanh(nn.functional.linear(upcast(query), upcast(self.projection.weight)))
            share = torch.sigmoid(hidden @ upcast(self.weight))
        if span.lengths is None:
            return share * max(0, span.keys - 1)
        last = (pad_batch_axes(span.lengths, span.batch_axes, trailing_axes=0) - 1).clamp(min=0)
        return share * last.unsqueeze(-1)

    def bounds(self, query: Float[Tensor, "... T Q"], span: Span) -> Bounds:
        """The interval around the predicted centre, and the Gaussian."""
        centre = self.centre(query, span)
        start = torch.ceil(centre.detach() - self.radius).to(torch.long)
        stop = torch.floor(centre.detach() + self.radius).to(torch.long) + 1
        gate = Gaussian(centre, deviation=self.radius / 2)
        return Bounds(span.queries, span.keys, start=start, stop=stop, gates=(gate,))
