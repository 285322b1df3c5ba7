"""Tiny partners with untrained weights, for what does not depend on having learnt."""

import pytest

WORDS = "a b c d e f g h"


@pytest.fixture
def make_partner():
    """A function from a model's name to a tiny partner over the letters a to h."""
    import torch

    from heedful.data.dialogue import MarkedTokeniser
    from heedful.data.tokenise import WordTokeniser
    from heedful.shapes import EOS
    from heedful.task.chat.config import ChatConfig
    from heedful.task.chat.partner import Partner
    from heedful.task.chat.task import Chat
    from heedful.task.config import make_settings
    from heedful.task.custom import build_model

    def make(name="rnnsearch", **sections):
        tiny = {"embed": 8, "hidden": 8}
        if name == "transformer":
            tiny = {"width": 8, "heads": 2, "feedforward": 8, "encoder_layers": 1, "decoder_layers": 2}
        decode = {"beam": 2, "longest": 7, "precision": "float32"}  # the same numbers on every machine
        config = make_settings(ChatConfig, {"model": {"name": name, **tiny}, "decode": decode}, sections)
        parts = {"text": MarkedTokeniser(WordTokeniser.train([WORDS]))}
        torch.manual_seed(3)
        model = build_model(config, Chat().sizes(config, parts), {}).eval()
        with torch.no_grad():
            model.output.weight *= 3.0  # firm, though it knows nothing
            if model.output.bias is not None:
                model.output.bias[EOS] = -1.0  # an untrained model may have nothing to say
        return Partner(config, model, parts)

    return make
