"""The loss of a decoder: cross-entropy over the vocabulary, fast and with little memory.

Logits of 4,096 tokens over 8,000 words take 131 MB in float32, and plain cross-entropy holds four such tensors: logits,
log-probabilities and the gradients of both. Here the gradient is computed together with the loss, one block of tokens
at a time, and only its products with the weights and the hidden states are kept.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.layer.precision import product_dtype
from heedful.shapes import ShapeError, check_width, describe

_BLOCK_LOGITS = 1 << 21
"""The largest number of logits in memory at a time."""

_UNSAFE_PROBABILITY = 1e-30
"""Below this a float32 probability may have lost digits or be 0: its logarithm is computed from the logits."""


class TokenLoss(NamedTuple):
    """Sums over tokens: the loss to minimise, the negative log-likelihood in nats without smoothing, the tokens."""

    total: Float[Tensor, ""]
    nll: Float[Tensor, ""]
    tokens: int


@runtime_checkable
class TextBatch(Protocol):
    """What an encoder-decoder needs of a batch; `target_in` begins with BOS, `target_out` ends with EOS, then PAD."""

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

    With smoothing e the target distribution is (1 - e) on the target plus e / V on each of all V words, including the
    target and special tokens. Under autocast, products are computed in its dtype; sums and the softmax in at least
    float32. The gradient is computed in the forward pass.

    Raises: ShapeError, when widths or lengths differ; ValueError, when smoothing is not in [0, 1); RuntimeError, in
        the backward pass, when it is called with ``create_graph=True``: there are no second derivatives.
    Memory: a block of logits, and the gradients of `hidden` and `weight`.
    Source: Szegedy et al. 2016, section 7 (arXiv:1512.00567); Vaswani et al. 2017, section 5.4 (arXiv:1706.03762).
    """
    check_width("hidden", hidden, weight.shape[-1], owner="the output weight")
    if hidden.shape[0] != target.shape[0]:
        raise ShapeError(
            f"hidden {describe(hidden)} and target {describe(target)} differ in length: expected one target per row."
        )
    if not 0.0 <= smoothing < 1.0:
        raise ValueError(f"smoothing is {smoothing}, expected 0 <= smoothing < 1: the weight of the uniform part.")
    parts = (hidden, weight, bias)
    # `needs_input_grad` ignores no_grad: without detaching, the function below would compute gradients for nothing.
    if not torch.is_grad_enabled():
        parts = tuple(None if part is None else part.detach() for part in parts)
    total, nll = _BlockwiseLoss.apply(*parts, target, smoothing)  # pyright: ignore[reportGeneralTypeIssues]
    return TokenLoss(total, nll, target.shape[0])


class _BlockwiseLoss(torch.autograd.Function):
    """Total and nll. It saves the gradients of the total, which the backward pass only scales."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, target: Tensor, smoothing: float
    ) -> tuple[Tensor, Tensor]:
        # Read before autocast is disabled. Inside, the dtypes of products and sums are chosen explicitly.
        product = product_dtype(hidden)
        with torch.autocast(hidden.device.type, enabled=False):
            parts = _Parts(hidden, weight, bias, product=product, needs_grad=ctx.needs_input_grad[:3])
            total, nll = parts.run(target, smoothing)
        ctx.save_for_backward(*parts.gradients)
        ctx.mark_non_differentiable(nll)
        return total, nll

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            raise RuntimeError(
                "token_loss computes its gradient in the forward pass and has no second derivatives, which "
                "create_graph=True needs: use torch.nn.functional.cross_entropy on the logits instead."
            )
        upstream, _ = grad_outputs
        gradients = (None if gradient is None else gradient * upstream for gradient in ctx.saved_tensors)
        return *gradients, None, None


class _Parts:
    """One evaluation: the operands in the products' dtype, and accumulators of the gradients that are needed."""

    def __init__(
        self, hidden: Tensor, weight: Tensor, bias: Tensor | None, *, product: torch.dtype, needs_grad: tuple[bool, ...]
    ) -> None:
        self.exact = torch.promote_types(torch.float32, product)
        self.inputs = hidden, weight, bias
        self.hidden, self.weight = hidden.to(product), weight.to(product)
        self.bias = None if bias is None else bias.to(product)
        # Each row of the hidden states' gradient comes from one block: it needs neither zeros nor a wider dtype. The
        # other two are sums over all blocks.
        self.grad_hidden = torch.empty_like(hidden) if needs_grad[0] else None
        self.grad_weight = torch.zeros_like(weight, dtype=self.exact) if needs_grad[1] else None
        self.grad_bias = torch.zeros_like(bias, dtype=self.exact) if bias is not None and needs_grad[2] else None

    def run(self, target: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
        """Total and nll; it also computes the gradients."""
        nll = self.hidden.new_zeros((), dtype=self.exact)
        target_logits = torch.zeros_like(nll)
        for rows in _blocks(target.shape[0], self.weight.shape[0]):
            logits = torch.nn.functional.linear(self.hidden[rows], self.weight, self.bias)
            word = target[rows].unsqueeze(-1)
            probability = torch.softmax(logits, dim=-1, dtype=self.exact)
            nll -= _log_probability(logits, probability, word).sum()
            target_logits += logits.gather(-1, word).sum(dtype=self.exact)
            if self._needs_gradients:
                # In place: `probability` is the largest tensor here and is not used afterwards.
                error = probability.scatter_add_(-1, word, probability.new_full(word.shape, smoothing - 1.0))
                self._accumulate(rows, error)
        # nll = lse - target logit; with smoothing e the total is lse - (1 - e) target logit - e mean logit.
        uniform = self._uniform(target.shape[0], smoothing)
        return nll + smoothing * target_logits - uniform, nll

    @property
    def gradients(self) -> tuple[Tensor | None, ...]:
        """The gradients of hidden, weight and bias, each in the dtype of its input."""
        gradients = (self.grad_hidden, self.grad_weight, self.grad_bias)
        return tuple(
            gradient if gradient is None or operand is None else gradient.to(operand.dtype)
            for gradient, operand in zip(gradients, self.inputs, strict=True)
        )

    @property
    def _needs_gradients(self) -> bool:
        return not (self.grad_hidden is None and self.grad_weight is None and self.grad_bias is None)

    def _accumulate(self, rows: slice, error: Tensor) -> None:
        """Adds the gradients of a block from its ``softmax - target``, without the uniform part of the target."""
        if self.grad_bias is not None:
            self.grad_bias += error.sum(0)
        error = error.to(self.weight.dtype)
        if self.grad_hidden is not None:
            self.grad_hidden[rows] = error @ self.weight
        if self.grad_weight is not None:
            self.grad_weight += error.T @ self.hidden[rows]

    def _uniform(self, tokens: int, smoothing: float) -> Tensor:
        """The uniform part of smoothing, e times the mean logit of all words; subtracts its gradients.

        It is linear, ``e (h . mean_v w_v + mean_v b_v)``, and is computed from sums of rows without any logits.
        """
        hidden, weight, bias = self.inputs
        share = smoothing / weight.shape[0]
        all_hidden, all_weights = hidden.sum(0, dtype=self.exact), weight.sum(0, dtype=self.exact)
        if self.grad_hidden is not None:
            self.grad_hidden -= (share * all_weights).to(self.grad_hidden.dtype)
        if self.grad_weight is not None:
            self.grad_weight -= share * all_hidden
        if self.grad_bias is not None:
            self.grad_bias -= share * tokens
        logits = all_hidden @ all_weights
        return share * (logits if bias is None else logits + tokens * bias.sum(dtype=self.exact))


def _blocks(rows: int, vocabulary: int) -> Iterator[slice]:
    """Slices of the tokens, each with at most `_BLOCK_LOGITS` logits, or a single token."""
    size = max(1, _BLOCK_LOGITS // max(1, vocabulary))
    for first in range(0, rows, size):
        yield slice(first, min(first + size, rows))


def _log_probability(logits: Tensor, probability: Tensor, word: Tensor) -> Tensor:
    """``log p`` of each row's target word: from p, or from the logits where p is too small."""
    of_word = probability.gather(-1, word).squeeze(-1)
    unsafe = of_word < _UNSAFE_PROBABILITY
    log_probability = of_word.log()
    if unsafe.any():
        rows = torch.log_softmax(logits[unsafe], dim=-1, dtype=probability.dtype)
        log_probability[unsafe] = rows.gather(-1, word[unsafe]).squeeze(-1)
    return log_probability
