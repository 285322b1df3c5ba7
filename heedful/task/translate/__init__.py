"""Translation: sentence pairs in, a translator out, with where it looks."""

from heedful.task.translate.config import TranslateConfig, make_config
from heedful.task.translate.translator import Translation, Translator, load

__all__ = ["TranslateConfig", "Translation", "Translator", "load", "make_config"]
