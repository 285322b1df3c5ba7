"""Captioners: a decoder over the cells of a picture, with the loss of its paper."""

import math
from typing import Any

from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn

from heedful.errors import UserError
from heedful.layer.embedding import TokenEmbedding
from heedful.layer.loss import TextBatch, TokenLoss
from heedful.layer.step import Step
from heedful.model.caption.config import (
    AdaptiveCaptionerConfig,
    HardCaptionerConfig,
    RecurrentCaptionerConfig,
    SoftCaptionerConfig,
    TransformerCaptionerConfig,
)
from heedful.model.caption.objective import DoublyStochastic, Objective, Reinforce
from heedful.model.picture import PictureConfig, build_picture_encoder
from heedful.model.seq2seq import SeqToSeq, Source, word_vectors
from heedful.model.transformer import Transformer


class Captioner(nn.Module):
    """A recurrent encoder-decoder that is trained by an objective of its own, and used as it is otherwise.

    Parameters: ``network`` (`SeqToSeq`), and those of ``objective``.
    """

    def __init__(self, network: SeqToSeq, objective: Objective) -> None:
        super().__init__()
        self.network, self.objective = network, objective

    def loss(self, batch: TextBatch) -> TokenLoss:
        """The objective's loss, summed over the real words of the captions."""
        return self.objective(self.network, batch)

    def encode(self, source: Shaped[Tensor, "B ..."], lengths: Int[Tensor, " B"]) -> Source:
        """The pictures as the memory that `start` and `step` take."""
        return self.network.encode(source, lengths)

    @property
    def encoder(self) -> nn.Module:
        """The encoder of pictures."""
        return self.network.encoder

    def start(self, memory: Source) -> Any:
        """The decoder's state before the first word."""
        return self.network.start(memory)

    def share(self, memory: Source, size: int) -> Source:
        """The memory for `size` hypotheses per picture."""
        return self.network.share(memory, size)

    def step(self, token: Int[Tensor, " R"], state: Any, memory: Source) -> Step:
        """Reads one word per row; returns the logits of the next, and the weights of the cells behind it."""
        return self.network.step(token, state, memory)

    def logits(
        self, source: Shaped[Tensor, "B ..."], lengths: Int[Tensor, " B"], target_in: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T V"]:
        """Logits of every next word, given the words before it. No cell is ever sampled here."""
        return self.network.logits(source, lengths, target_in)


def soft(
    config: SoftCaptionerConfig, size: int, *, features: int | None = None, encoder: nn.Module | None = None
) -> Captioner:
    """Show, Attend and Tell with soft attention, for a vocabulary of `size` words.

    The encoder of pictures is the one that the settings describe, for precomputed features if `features` is their
    width; `encoder` replaces it.
    Raises: UserError, when the settings ask for features of another width.
    Source: Xu et al. 2015, section 4.2 (arXiv:1502.03044).
    """
    return Captioner(
        _recurrent(config, "show-attend-tell", size, _encoder(config.picture, features, encoder)),
        DoublyStochastic(config.penalty),
    )


def hard(
    config: HardCaptionerConfig, size: int, *, features: int | None = None, encoder: nn.Module | None = None
) -> Captioner:
    """Show, Attend and Tell with hard attention, which learns by REINFORCE; arguments as of `soft`.

    The baseline begins at the log-probability of a word under a uniform guess, from which an untrained model starts.
    Source: Xu et al. 2015, section 4.1 (arXiv:1502.03044).
    """
    objective = Reinforce(
        -math.log(size), reward=config.reward, entropy=config.entropy, expected=config.expected, decay=config.decay
    )
    return Captioner(
        _recurrent(config, "show-attend-tell", size, _encoder(config.picture, features, encoder)), objective
    )


def adaptive(
    config: AdaptiveCaptionerConfig, size: int, *, features: int | None = None, encoder: nn.Module | None = None
) -> SeqToSeq:
    """Adaptive attention with a visual sentinel; arguments as of `soft`.

    Source: Lu et al. 2017 (arXiv:1612.01887).
    """
    network: Any = _recurrent(config, "adaptive", size, _encoder(config.picture, features, encoder))
    network.decoder.hide_sentinel = config.hide_sentinel
    return network


def transformer(
    config: TransformerCaptionerConfig, size: int, *, features: int | None = None, encoder: nn.Module | None = None
) -> Transformer:
    """The decoder of a Transformer over the cells; arguments as of `soft`.

    Source: Vaswani et al. 2017 (arXiv:1706.03762).
    """
    return Transformer(
        config.decoder, _encoder(config.picture, features, encoder), TokenEmbedding(size, config.picture.hidden)
    )


def _recurrent(config: RecurrentCaptionerConfig, decoder: str, size: int, encoder: nn.Module) -> SeqToSeq:
    return SeqToSeq(config.decoder(decoder), encoder, word_vectors(size, config.embed))


def _encoder(config: PictureConfig, features: int | None, encoder: nn.Module | None) -> nn.Module:
    if encoder is not None:
        return encoder
    if config.features not in (None, features):
        raise UserError(
            f"model.picture.features is {config.features}, but the pictures have "
            f"{'no features' if features is None else f'features of width {features}'}",
            hint="leave the setting out: the width is that of the files in data.features",
        )
    return build_picture_encoder(config.model_copy(update={"features": features}))
