"""Tiny translators with untrained weights, for what does not depend on having learnt."""

import pytest


@pytest.fixture
def make_translator():
    """A function from a model's name to a tiny translator over the letters a to h."""
    import torch

    from heedful.data.tokenise import WordTokeniser
    from heedful.shapes import EOS
    from heedful.task.config import make_settings
    from heedful.task.custom import build_model
    from heedful.task.translate.config import TranslateConfig
    from heedful.task.translate.task import Translate
    from heedful.task.translate.translator import Translator

    def make(name="transformer", **sections):
        tiny = {"embed": 8, "hidden": 8}
        if name.endswith("transformer"):
            tiny = {"width": 8, "heads": 2, "feedforward": 8, "encoder_layers": 1, "decoder_layers": 2}
        decode = {"beam": 2, "ratio": 0.5, "precision": "float32"}  # the same numbers on every machine
        given = {"model": {"name": name, **tiny}, "data": {"shared": False}, "decode": decode}
        config = make_settings(TranslateConfig, given, sections)
        source, target = WordTokeniser.train(["a b c d e f g h"]), WordTokeniser.train(["A B C D E F G H"])
        parts = {"source": source, "target": target}
        torch.manual_seed(3)
        model = build_model(config, Translate().sizes(config, parts), {}).eval()
        if model.output.bias is not None:
            with torch.no_grad():
                model.output.bias[EOS] = -1.0  # an untrained model may have nothing to say
        return Translator(config, model, parts)

    return make
