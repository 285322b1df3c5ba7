"""Language models: one interface, one file per family."""

from heedful.model.language.base import LanguageModel, Sequences
from heedful.model.language.recurrent import RecurrentLanguage, RecurrentLanguageConfig
from heedful.model.language.transformer import CausalTransformer, CausalTransformerConfig

__all__ = [
    "CausalTransformer",
    "CausalTransformerConfig",
    "LanguageModel",
    "RecurrentLanguage",
    "RecurrentLanguageConfig",
    "Sequences",
]
