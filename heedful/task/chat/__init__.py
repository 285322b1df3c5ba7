"""Chat: dialogues in, a partner out that replies, with where it looks."""

from heedful.task.chat.config import ChatConfig, make_config
from heedful.task.chat.partner import Partner, Reply, load

__all__ = ["ChatConfig", "Partner", "Reply", "load", "make_config"]
