"""The loss of a decoder: cross-entropy over the vocabulary, in little time and memory.

Logits of 4,096 tokens over 8,000 words are 131 MB in float32, and plain cross-entropy holds them four times: logits,
log-probabilities and the gradients of both. Here the gradient is made beside the loss, a block of tokens at a time,
and only its products with the weights and the hidden states are kept.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.layer.precision import product_dtype
from heedful.shapes import ShapeError, check_width, describe

_BLOCK_LOGITS = 1 << 21
"""How many logits exist at a time."""

_UNSAFE_PROBABILITY = 1e-30
"""Below this the logarithm of a probability is taken from its logits."""


class TokenLoss(NamedTuple):
    """Sums over tokens: the loss to minimise, the negative log-likelihood in nats without smoothing, the tokens."""

    total: Float[Tensor, ""]
    nll: Float[Tensor, ""]
    tokens: int


@runtime_checkable
class TextBatch(Protocol):
    """What a text-to-text model needs of a batch; `target_in` begins with BOS, `target_out` ends with EOS, then PAD."""

    @property
    def source(self) -> Int[Tensor, "B S"]: ...
    @property
    def source_lengths(self) -> Int[Tensor, " B"]: ...
    @property
    def target_in(self) -> Int[Tensor, "B T"]: ...
    @property
    def target_out(self) -> Int[Tensor, "B T"]: ...


def token_loss(
    hidden: Float[Tensor, "N D"],
    weight: Float[Tensor, "V _"],
    bias: Float[Tensor, " V"] | None,
    *,
    target: Int[Tensor, " _"],
    smoothing: float = 0.0,
) -> TokenLoss:
    """Cross-entropy of ``softmax(hidden weight^T + bias)`` against `target`.

    With smoothing e the target distribution is (1 - e) on the target plus e / V on each of all V words, the target
    and special ones included. Products are computed in autocast's dtype where it is on, sums and the softmax in at
    least float32. The gradient is made in the forward pass.

    Raises: ShapeError, when widths or lengths differ; ValueError, when smoothing is not in [0, 1); RuntimeError, in
        the backward pass, when a gradient of the gradient is asked for (``create_graph=True``).
    Memory: a block of logits, and the gradients of `hidden` and `weight`.
    Source: Szegedy et al. 2016, section 7 (arXiv:1512.00567); Vaswani et al. 2017, section 5.4 (arXiv:1706.03762).
    """
    check_width("hidden", hidden, weight.shape[-1], owner="the output weight")
    if hidden.shape[0] != target.shape[0]:
        raise ShapeError(f"hidden {describe(hidden)} and target {describe(target)} differ in length: one target each.")
    if not 0.0 <= smoothing < 1.0:
        raise ValueError(f"smoothing is {smoothing}, expected 0 <= smoothing < 1: the weight of the uniform part.")
    parts = (hidden, weight, bias)
    if not torch.is_grad_enabled():  # so that the function below makes no gradients
        parts = tuple(None if part is None else part.detach() for part in parts)
    total, nll = _BlockwiseLoss.apply(*parts, target, smoothing)  # pyright: ignore[reportGeneralTypeIssues]
    return TokenLoss(total, nll, target.shape[0])


class _BlockwiseLoss(torch.autograd.Function):
    """Total and nll; saves the gradients of the total, which the backward pass only scales."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, target: Tensor, smoothing: float
    ) -> tuple[Tensor, Tensor]:
        product = product_dtype(hidden)  # asked before autocast is off
        with torch.autocast(hidden.device.type, enabled=False):
            parts = _Parts(hidden, weight, bias, product=product, wanted=ctx.needs_input_grad[:3])
            total, nll = parts.run(target, smoothing)
        ctx.save_for_backward(*parts.gradients)
        ctx.mark_non_differentiable(nll)
        return total, nll

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            raise RuntimeError(
                "token_loss makes its gradient in the forward pass and has no second one, but create_graph=True asks "
                "for it: use torch.nn.functional.cross_entropy on the logits instead."
            )
        upstream, _ = grad_outputs
        gradients = (None if gradient is None else gradient * upstream for gradient in ctx.saved_tensors)
        return *gradients, None, None


class _Parts:
    """One evaluation: the operands in the products' dtype, and the gradients wanted, as they grow."""

    def __init__(
        self, hidden: Tensor, weight: Tensor, bias: Tensor | None, *, product: torch.dtype, wanted: tuple[bool, ...]
    ) -> None:
        self.exact = torch.promote_types(torch.float32, product)
        self.given = hidden, weight, bias
        self.hidden, self.weight = hidden.to(product), weight.to(product)
        self.bias = None if bias is None else bias.to(product)
        # Of the hidden states every row is written, so that they need no zeros; in the dtype that was given.
        self.grad_hidden = torch.empty_like(hidden) if wanted[0] else None
        self.grad_weight = torch.zeros_like(weight, dtype=self.exact) if wanted[1] else None
        self.grad_bias = torch.zeros_like(bias, dtype=self.exact) if bias is not None and wanted[2] else None

    def run(self, target: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
        """Total and nll, gradients on the way."""
        nll = self.hidden.new_zeros((), dtype=self.exact)
        hit = torch.zeros_like(nll)
        for rows in _blocks(target.shape[0], self.weight.shape[0]):
            logits = torch.nn.functional.linear(self.hidden[rows], self.weight, self.bias)
            own = target[rows].unsqueeze(-1)
            probability = torch.softmax(logits, dim=-1, dtype=self.exact)
            nll -= _log_probability(logits, probability, own).sum()
            hit += logits.gather(-1, own).sum(dtype=self.exact)
            if self._wants_gradients:
                error = probability.scatter_add_(-1, own, probability.new_full(own.shape, smoothing - 1.0))
                self._learn(rows, error)
        uniform = self._uniform(target.shape[0], smoothing)
        return nll + smoothing * hit - uniform, nll

    @property
    def gradients(self) -> tuple[Tensor | None, ...]:
        """Of hidden, weight and bias, in the dtypes that they were given in."""
        grown = (self.grad_hidden, self.grad_weight, self.grad_bias)
        return tuple(
            gradient if gradient is None or given is None else gradient.to(given.dtype)
            for gradient, given in zip(grown, self.given, strict=True)
        )

    @property
    def _wants_gradients(self) -> bool:
        return not (self.grad_hidden is None and self.grad_weight is None and self.grad_bias is None)

    def _learn(self, rows: slice, error: Tensor) -> None:
        """Add what a block's ``softmax - target`` says; what is uniform over the vocabulary comes at the end."""
        if self.grad_bias is not None:
            self.grad_bias += error.sum(0)
        error = error.to(self.weight.dtype)
        if self.grad_hidden is not None:
            self.grad_hidden[rows] = error @ self.weight
        if self.grad_weight is not None:
            self.grad_weight += error.T @ self.hidden[rows]

    def _uniform(self, tokens: int, smoothing: float) -> Tensor:
        """The smoothing's uniform part: e times the mean logit of all words, which needs no logits.

        It is ``e (h . mean_v w_v + mean_v b_v)``, and so are its gradients.
        """
        hidden, weight, bias = self.given
        share = smoothing / weight.shape[0]
        all_hidden, all_weights = hidden.sum(0, dtype=self.exact), weight.sum(0, dtype=self.exact)
        if self.grad_hidden is not None:
            self.grad_hidden -= (share * all_weights).to(self.grad_hidden.dtype)
        if self.grad_weight is not None:
            self.grad_weight -= share * all_hidden
        if self.grad_bias is not None:
            self.grad_bias -= share * tokens
        together = all_hidden @ all_weights
        return share * (together if bias is None else together + tokens * bias.sum(dtype=self.exact))


def _blocks(rows: int, vocabulary: int) -> Iterator[slice]:
    """Slices of the tokens, as many at a time as keep their logits within `_BLOCK_LOGITS`."""
    size = max(1, _BLOCK_LOGITS // max(1, vocabulary))
    for first in range(0, rows, size):
        yield slice(first, min(first + size, rows))


def _log_probability(logits: Tensor, probability: Tensor, own: Tensor) -> Tensor:
    """``log p`` of each row's own word: from p, and from the logits where p is too small to tell."""
    chosen = probability.gather(-1, own).squeeze(-1)
    lost = chosen < _UNSAFE_PROBABILITY
    log_probability = chosen.log()
    if lost.any():
        rows = torch.log_softmax(logits[lost], dim=-1, dtype=probability.dtype)
        log_probability[lost] = rows.gather(-1, own[lost]).squeeze(-1)
    return log_probability
