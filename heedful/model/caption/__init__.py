"""Models that caption pictures: an encoder of pictures, a decoder that attends to its cells, and a loss."""

from heedful.model.caption.captioner import Captioner, adaptive, hard, soft, transformer
from heedful.model.caption.config import (
    AdaptiveCaptionerConfig,
    HardCaptionerConfig,
    SoftCaptionerConfig,
    TransformerCaptionerConfig,
)
from heedful.model.caption.objective import DoublyStochastic, Reinforce

__all__ = [
    "AdaptiveCaptionerConfig",
    "Captioner",
    "DoublyStochastic",
    "HardCaptionerConfig",
    "Reinforce",
    "SoftCaptionerConfig",
    "TransformerCaptionerConfig",
    "adaptive",
    "hard",
    "soft",
    "transformer",
]
