"""Pairs of texts: paraphrases, answers to questions, similar sentences."""

from heedful.task.match.config import MatchConfig, make_config
from heedful.task.match.matcher import Matched, Matcher

__all__ = ["MatchConfig", "Matched", "Matcher", "make_config"]
