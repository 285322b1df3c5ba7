"""The base class of language models: a distribution over the next token, for one step or many at a time."""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from heedful.layer.loss import TokenLoss, token_loss
from heedful.layer.step import Step
from heedful.shapes import PAD, ShapeError, describe


@runtime_checkable
class Sequences(Protocol):
    """What a language model needs of a batch: tokens, and for each the next one, or PAD where there is no target."""

    @property
    def inputs(self) -> Int[Tensor, "B T"]: ...
    @property
    def targets(self) -> Int[Tensor, "B T"]: ...


class Prompt(NamedTuple):
    """A text to be continued: the state before its last token, and that token ``[B]``.

    The first step of a search reads the last token, so that its logits are those of the first new token.
    """

    state: Any
    last: Tensor


class ContinuationState(NamedTuple):
    """The model's state, and before the first step the prompt's last token, which is still to be read, ``[B]``."""

    state: Any
    waiting: Tensor | None


class LanguageModel(nn.Module, ABC):
    """A distribution over the next token, given the tokens before it.

    `forward_step` reads any number of tokens at a time, with equal results. Search continues a text: `encode` reads
    it, and the first `step` reads its last token in place of the BOS that search begins with. A row depends neither on
    other rows nor on later tokens.
    Parameters: ``embedding``, ``output`` (Linear).
    """

    output: nn.Linear

    @abstractmethod
    def forward_step(self, tokens: Int[Tensor, "B T"], state: Any) -> tuple[Float[Tensor, "B T D"], Any]:
        """Features after each of the tokens, and the state after the last; state None: no token was read before."""

    def logits(self, inputs: Int[Tensor, "B T"]) -> Float[Tensor, "B T V"]:
        """Logits of the token after each input."""
        return self.output(self.pre_logits(self.forward_step(inputs, None)[0]))

    def loss(self, batch: Sequences) -> TokenLoss:
        """The loss summed over the targets that are not padding."""
        features, _ = self.forward_step(batch.inputs, None)
        return self.loss_from_features(features, batch.targets)

    def loss_from_features(self, features: Float[Tensor, "B T D"], targets: Int[Tensor, "B T"]) -> TokenLoss:
        """The loss of targets, from the features that `forward_step` returned for the tokens before them."""
        # Rows without a target are dropped before the product with the vocabulary's matrix.
        rows, real_targets = real_rows(features, targets)
        return token_loss(self.pre_logits(rows), self.output.weight, self.output.bias, target=real_targets)

    def pre_logits(self, features: Float[Tensor, "... D"]) -> Float[Tensor, "... D"]:
        """Turns features into the softmax's input; applied only to rows that have a target."""
        return features

    def encode(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " _"]) -> Prompt:
        """Read texts to be continued, all of one length.

        Raises: ShapeError, when a text is empty or its length differs from the others': group them by length.
        """
        if source.shape[1] < 1 or bool((lengths != source.shape[1]).any()):
            raise ShapeError(
                f"texts to continue are {describe(source)} with lengths {sorted(set(lengths.tolist()))}: "
                "expected one length of at least 1 for all; encode texts of different lengths in separate batches."
            )
        state = self.forward_step(source[:, :-1], None)[1] if source.shape[1] > 1 else None
        return Prompt(state, source[:, -1])

    def start(self, memory: Prompt) -> ContinuationState:
        """The state before the first new token."""
        return ContinuationState(memory.state, memory.last)

    def step(self, token: Int[Tensor, " B"], state: ContinuationState, memory: Prompt) -> Step:
        """Read one token; return the logits of the next.

        The step returns no attention: the model attends to its past, not to a source. `heedful.record` records it.
        """
        token = token if state.waiting is None else state.waiting
        features, after = self.forward_step(token.unsqueeze(1), state.state)
        return Step(self.output(self.pre_logits(features.squeeze(1))), ContinuationState(after, None))


def real_rows(
    features: Float[Tensor, "B T D"], targets: Int[Tensor, "B T"]
) -> tuple[Float[Tensor, "N D"], Int[Tensor, " N"]]:
    """The features that have a target, and the targets."""
    real = (targets != PAD).flatten().nonzero().squeeze(1)
    return features.flatten(0, 1).index_select(0, real), targets.flatten().index_select(0, real)


def draw_output(output: nn.Linear) -> None:
    """Initialises an output layer like token embeddings, for logits of order 1."""
    nn.init.normal_(output.weight, std=output.in_features**-0.5)
    if output.bias is not None:  # pyright: ignore[reportUnnecessaryComparison]
        with torch.no_grad():
            output.bias.zero_()
