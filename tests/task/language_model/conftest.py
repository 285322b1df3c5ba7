"""Tiny language models with untrained weights, for what does not depend on having learnt."""

import pytest


@pytest.fixture
def make_writer():
    """A function from a model's name to a tiny language model of a short text."""
    import torch

    from heedful.task.config import make_settings
    from heedful.task.custom import build_model
    from heedful.task.language_model.config import LanguageConfig
    from heedful.task.language_model.task import LanguageModelling
    from heedful.task.language_model.texts import Text
    from heedful.task.language_model.writer import Writer

    tiny = {
        "transformer": {"width": 8, "heads": 2, "feedforward": 8, "layers": 2},
        "attention-rnn": {"embed": 6, "hidden": 8},
        "lstm": {"embed": 6, "hidden": 8},
    }

    def make(name="transformer", lines=("to be, or not to be", "that is the question"), **sections):
        decode = {"length": 12, "precision": "float32"}  # the same numbers on every machine
        config = make_settings(
            LanguageConfig, {"model": {"name": name, **tiny[name]}, "data": {"window": 16}, "decode": decode}, sections
        )
        parts = LanguageModelling().learn(config, Text(list(lines), "text"))
        torch.manual_seed(3)
        return Writer(config, build_model(config, LanguageModelling().sizes(config, parts), {}).eval(), parts)

    return make
