"""One attention as a module answers as the functions do."""

import pytest
import torch

from heedful.attention import align, attend
from heedful.choice import Soft, Sparse
from heedful.kernel import EngineError
from heedful.region import Causal, Predicted, Window
from heedful.score import Additive, Concat, Cosine, Dot, General, Location
from heedful.structure import Attention, MultiHead
from heedful.testing import Sample
from heedful.testing.variants import euclidean


@pytest.mark.parametrize("score", [None, Additive(5, 5, 3).double(), euclidean])
def test_module_and_function_are_one(score) -> None:
    sample = Sample.draw(5, 5, keep=True)
    module = Attention(score, region=Window(2), choice=Sparse())
    words = {"score": Dot() if score is None else score, "region": Window(2), "choice": Sparse()}
    expected = attend(sample.query, sample.key, sample.value, keep=sample.keep, **words)
    assert torch.equal(module(sample.query, sample.key, sample.value, keep=sample.keep), expected)
    memory = module.project(sample.key, sample.value, sample.keep)
    torch.testing.assert_close(module(sample.query, memory), expected)
    weights = align(sample.query, sample.key, keep=sample.keep, **words)
    assert torch.equal(module.align(sample.query, sample.key, keep=sample.keep), weights)
    torch.testing.assert_close(module.align(sample.query, memory), weights)


def test_defaults_are_scaled_dot_product() -> None:
    sample = Sample.draw(5, 5)
    assert torch.equal(Attention()(sample.query, sample.key), attend(sample.query, sample.key))


def test_a_region_for_one_call() -> None:
    sample = Sample.draw(5, 5)
    module = Attention(region=Causal())
    wide = module(sample.query, sample.key, region=Window(1))
    assert torch.equal(wide, attend(sample.query, sample.key, region=Window(1)))
    assert torch.equal(module(sample.query, sample.key), attend(sample.query, sample.key, region=Causal()))


def test_it_holds_the_parameters_of_its_words() -> None:
    module = Attention(Additive(5, 5, 3), region=Predicted(5, 3, 2.0) & Causal(), choice=Soft(0.5))
    names = {name for name, _ in module.named_parameters()}
    assert {"score.weight", "score.query_projection.bias", "region.first.projection.weight"} <= names


def test_its_engine_is_used() -> None:
    with pytest.raises(EngineError, match="inner products"):
        Attention(Additive(5, 5, 3), engine="sdpa")(torch.zeros(2, 5), torch.zeros(3, 5))


def distance(query, key):
    return -torch.cdist(query, key)


def test_it_prints_all_of_its_parts_in_short() -> None:
    assert "score=distance, region=Window(2) & Causal()" not in repr(Attention(region=Causal()))
    printed = repr(Attention(distance, region=Causal(), choice=Sparse(), engine="plain"))
    assert "score=distance, region=Causal(), engine='plain'" in printed
    assert "(choice): Sparse(Sparsemax())" in printed
    assert "score=<lambda>" in repr(Attention(lambda query, key: query @ key.mT))
    printed = repr(Attention(Additive(5, 5, 3), region=Predicted(5, 3, 2.0) & Causal()))
    assert "(region): Predicted(query_dim=5, hidden_dim=3, radius=2.0) & Causal()" in printed
    for score, words in (
        (General(2, 3), "General(query_dim=2, key_dim=3)"),
        (Concat(2, 3), "Concat(query_dim=2, key_dim=3)"),
        (Location(2, 9), "Location(query_dim=2, max_length=9)"),
        (Cosine(2.5), "Cosine(temperature=2.5)"),
    ):
        assert f"(score): {words}" in repr(Attention(score))
    assert "MultiHead(\n  heads=2" in repr(MultiHead(4, 2))
