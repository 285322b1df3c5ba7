"""A problem as the torch operators of the fused engines receive it, and what they keep for the backward pass."""

from typing import NamedTuple

from torch import Tensor


class KernelInputs(NamedTuple):
    """A problem as flat tensors: N rows of the batch with T queries each, in G groups that share S keys and values.

    With a `weight` the form is tanh, else inner. `keep` has one row for each distinct mask, and `keep_index` says which
    of them a batch row uses, as `group` does for keys and values: so what heads share is neither copied nor read twice.
    `centre` and `deviation` are the gate's, where there is one.
    """

    x: Tensor  # [N, T, F]: features of the queries; float32 on the CPU
    y: Tensor  # [G, S, F]: features of the keys
    value: Tensor  # [G, S, V]
    weight: Tensor | None  # float32 [F]
    start: Tensor  # int32 [N, T]: the first key a query may see
    stop: Tensor  # int32 [N, T]: the key after the last
    keep: Tensor | None  # bool [K, 1 or T, S]
    keep_index: Tensor  # int64 [N]
    group: Tensor  # int64 [N]
    centre: Tensor | None  # float32 [N, T]
    deviation: float

    @property
    def empty(self) -> bool:
        """Whether there are no queries or no keys: then no kernel runs, and the output is zeros."""
        return self.y.shape[1] == 0 or 0 in self.x.shape[:2]


class SavedForBackward(NamedTuple):
    """What the forward pass leaves for the backward pass: a weight is ``exp(score - row_max) * row_scale``.

    FlashAttention saves one number a row, the log-sum-exp. That number is as large as the scores, and its rounding is
    an absolute error in an exponent. Kept apart, ``score - row_max`` is small wherever the weight is not, and the error
    of `row_scale` is relative.
    """

    output: Tensor  # float32 [N, T, V]
    row_max: Tensor  # float32 [N, T]
    row_scale: Tensor  # float32 [N, T]: one over the sum of exp(score - row_max); 0 for a row that sees no key
    scores: Tensor  # float32 [N, T, S] where the scores are cheaper to keep than to compute again, else [0, 0, 0]
