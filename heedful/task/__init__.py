"""Tasks: how one is read, which models serve it, how it is scored, and the folder it leaves."""

from heedful.task.config import TranslateConfig, make_config
from heedful.task.translate import Translation, Translator, load

__all__ = ["TranslateConfig", "Translation", "Translator", "load", "make_config"]
