"""Tiny classifiers with untrained weights, for what does not depend on having learnt."""

import pytest

TEXTS = ["a good film . it is red", "b bad c , d e f g h", "好看 。 不好看 ！"]


@pytest.fixture
def make_classifier():
    """A function from a model's name to a tiny classifier of three labels."""
    import torch

    from heedful.data.tokenise import WordTokeniser
    from heedful.task.classify.classifier import Classifier
    from heedful.task.classify.config import ClassifyConfig
    from heedful.task.classify.task import Classify
    from heedful.task.config import make_settings
    from heedful.task.custom import build_model

    def make(name="birnn", **sections):
        tiny = {"embed": 8, "hidden": 8, "maps": 5, "heads": 2, "feedforward": 8}
        given = {"model": {"name": name, **tiny}, "answer": {"precision": "float32"}, "labels": ["neg", "pos", "中"]}
        config = make_settings(ClassifyConfig, given, sections)
        parts = {"text": WordTokeniser.train(TEXTS, lowercase=True)}
        torch.manual_seed(3)
        model = build_model(config, Classify().sizes(config, parts), {}).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(2).add_(0.1 * torch.randn_like(parameter))
        return Classifier(config, model, parts)

    return make
