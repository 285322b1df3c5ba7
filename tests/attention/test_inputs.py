"""What is no attention is refused, in words: masks of another shape, numbers of another kind, parts in a wrong place."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import jaxtyping
import numpy as np
import pytest
import torch
from torch import Tensor

from heedful import (
    Argmax,
    Causal,
    Dot,
    Entmax15,
    Gumbel,
    Hard,
    Memory,
    MultiHead,
    Padding,
    ShapeError,
    Soft,
    Sparse,
    Sparsemax,
    StraightThrough,
    TopK,
    Window,
    align,
    align_blocks,
    attend,
    select,
    survey,
)
from heedful.shapes import take_rows

ENGINES = ["auto", "plain", "cpu", "sdpa"]
FUNCTIONS: dict[str, Callable[..., object]] = {
    "attend": attend,
    "align": align,
    "select": select,
    "survey": survey,
    "align_blocks": lambda *tensors, **words: list(align_blocks(*tensors, **words)),
}


@pytest.fixture(autouse=True)
def as_users_have_it() -> Iterator[None]:
    """Without the annotations' run-time checks: the errors that a user meets."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def draw(*shape: int) -> Tensor:
    return torch.randn(*shape)


# Masks --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_mask_of_all_pairs_beside_a_batch_of_one_is_not_a_mask_of_the_batch(name: str) -> None:
    triangle = torch.ones(5, 5).tril().bool()
    with pytest.raises(ShapeError) as caught:
        FUNCTIONS[name](draw(1, 5, 8), draw(1, 5, 8), keep=triangle)
    for words in ("bool[5, 5], read as [*B, S]", "float32[1, 5, 8]", "a batch of [1]", "[*B, T, S]", "keep[None]"):
        assert words in str(caught.value)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_mask_with_its_batch_axis_is_taken(engine: str) -> None:
    triangle, states = torch.ones(5, 5).tril().bool(), draw(1, 5, 8)
    found = attend(states, states, keep=triangle[None], engine=engine)
    torch.testing.assert_close(found, attend(states, states, region=Causal(), engine=engine))
    alone = attend(states[0], states[0], keep=triangle, engine=engine)
    torch.testing.assert_close(alone, found[0])


@pytest.mark.parametrize(
    ("query", "key", "keep"),
    [
        ((1, 3, 8), (1, 5, 8), (2, 5)),
        ((1, 3, 8), (1, 5, 8), (2, 3, 5)),
        ((2, 1, 3, 8), (2, 1, 5, 8), (2, 4, 5)),
        ((1, 4, 3, 8), (1, 1, 5, 8), (2, 4, 3, 5)),
    ],
)
def test_a_mask_adds_no_rows_to_a_batch(query, key, keep) -> None:
    mask = torch.ones(keep).bool()
    with pytest.raises(ShapeError, match="a batch of"):
        attend(draw(*query), draw(*key), keep=mask)
    memory = Memory(draw(*key), draw(*key), mask)
    with pytest.raises(ShapeError, match="a batch of"):
        attend(draw(*query), memory)


@pytest.mark.parametrize(
    ("query", "key", "keep"),
    [((3, 2, 8), (1, 5, 8), (3, 5)), ((1, 2, 8), (3, 5, 8), (3, 2, 5)), ((2, 3, 2, 8), (2, 1, 5, 8), (1, 3, 5))],
)
def test_a_mask_may_have_the_rows_of_queries_or_of_keys(query, key, keep) -> None:
    assert attend(draw(*query), draw(*key), keep=torch.ones(keep).bool()).ndim == len(query)


@pytest.mark.parametrize("region", [Padding(torch.tensor([3, 5])), Window(1, torch.tensor([[0, 1], [1, 2]]))], ids=str)
def test_a_region_adds_no_rows_to_a_batch(region) -> None:
    with pytest.raises(ShapeError, match=r"has batch axes \[2\].*a batch of \[1\]"):
        attend(draw(1, 2, 8), draw(1, 5, 8), region=region)


def test_masks_of_memory_and_call_that_differ_are_refused_by_name() -> None:
    memory = Memory(draw(2, 5, 8), draw(2, 5, 8), torch.ones(2, 5).bool())
    with pytest.raises(ShapeError, match=r"keep is bool\[2, 4\]"):
        attend(draw(2, 3, 8), memory, keep=torch.ones(2, 4).bool())


def test_the_heads_masks_are_checked_as_the_caller_gave_them() -> None:
    layer, states = MultiHead(8, 2), draw(1, 5, 8)
    for call in (layer, layer.align):
        with pytest.raises(ShapeError, match=r"bool\[5, 5\], read as \[\*B, S\].*float32\[1, 5, 8\]"):
            call(states, states, keep=torch.ones(5, 5).tril().bool())
    with pytest.raises(ShapeError, match=r"bool\[2, 5\]"):
        layer(states, states, region=Padding(torch.tensor([3, 5])))


# Numbers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("length", [4, 512])
@pytest.mark.parametrize("dtype", [torch.complex64, torch.int64, torch.bool])
def test_only_floating_point_numbers_are_taken(name: str, length: int, dtype: torch.dtype) -> None:
    states = torch.ones(1, length, 4, dtype=dtype)
    with pytest.raises(ShapeError, match=r"query is (complex64|int64|bool)\[1, .*, 4\], expected floating-point"):
        FUNCTIONS[name](states, states)


def test_each_of_query_key_and_value_is_looked_at() -> None:
    states, whole = draw(1, 4, 4), torch.ones(1, 4, 4, dtype=torch.long)
    with pytest.raises(ShapeError, match="key is int64"):
        attend(states, whole)
    with pytest.raises(ShapeError, match="value is int64"):
        attend(states, states, whole)
    with pytest.raises(ShapeError, match="value is int64"):
        MultiHead(4, 2)(states, states, whole)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arrays_of_numpy_are_refused_and_say_how_to_convert_them(name: str) -> None:
    array = np.ones((1, 4, 8), np.float32)
    with pytest.raises(TypeError, match=r"query is a numpy.ndarray, expected a torch.Tensor: .*torch.as_tensor"):
        FUNCTIONS[name](array, draw(1, 4, 8))
    with pytest.raises(TypeError, match="key is a numpy.ndarray"):
        FUNCTIONS[name](draw(1, 4, 8), array)
    with pytest.raises(TypeError, match="keep is a numpy.ndarray"):
        FUNCTIONS[name](draw(1, 4, 8), draw(1, 4, 8), keep=np.ones((1, 4), bool))


def test_modules_refuse_what_is_no_tensor() -> None:
    layer, states, array = MultiHead(8, 2), draw(1, 4, 8), np.ones((1, 4, 8), np.float32)
    for arguments in ((array, states), (states, array), (states, states, array)):
        with pytest.raises(TypeError, match=r"(query|key|value|memory) is a numpy.ndarray"):
            layer(*arguments)
    with pytest.raises(TypeError, match="value is a list"):
        attend(states, states, [1.0])


# Values of another width, and a memory's own ---------------------------------------------------------------------------


def test_heads_refuse_values_of_another_width_or_length() -> None:
    layer, states = MultiHead(8, 2), draw(2, 5, 8)
    with pytest.raises(ShapeError, match=r"MultiHead was built for value width 8, got value float32\[2, 5, 6\]"):
        layer(states, states, draw(2, 5, 6))
    with pytest.raises(ShapeError, match=r"key float32\[2, 5, 8\] and value float32\[2, 4, 8\] differ in length"):
        layer(states, states, draw(2, 4, 8))
    with pytest.raises(ShapeError, match="value width 8"):
        layer.project(states, draw(2, 5, 6))


def test_heads_refuse_a_memory_and_values() -> None:
    layer, states = MultiHead(8, 2), draw(2, 5, 8)
    with pytest.raises(TypeError, match="MultiHead got a Memory and a value"):
        layer(states, layer.project(states), states)


@dataclass(frozen=True)
class Biased:
    """A user's own score, a dataclass with a tensor of its own."""

    bias: Tensor

    def __call__(self, query: Tensor, key: Tensor) -> Tensor:
        return query @ key.mT + self.bias


def test_rows_of_a_memory_leave_its_score_alone() -> None:
    score, index = Biased(torch.tensor([0.5])), torch.tensor([2, 0, 2])
    key, value = draw(3, 5, 4), draw(3, 5, 2)
    memory = Memory(key, value, torch.rand(3, 5) > 0.2).project(score)
    for rows in (memory.rows(index), take_rows(memory, index), take_rows((memory,), index)[0]):
        assert rows.score is score
        expected = attend(draw(3, 2, 4) * 0 + 1, Memory(key[index], value[index], memory.keep[index]), score=score)
        torch.testing.assert_close(attend(torch.ones(3, 2, 4), rows), expected)


def test_rows_of_a_memory_whose_keys_are_its_values_stay_one_tensor() -> None:
    states = draw(3, 5, 4)
    rows = Memory(states, states).rows(torch.tensor([1, 1]))
    assert rows.value is rows.key


def test_a_memory_is_printed_by_its_shapes() -> None:
    memory = Memory(draw(2, 5, 4), draw(2, 5, 3), torch.ones(2, 5).bool()).project(Dot())
    assert repr(memory) == (
        "Memory(key=float32[2, 5, 4], value=float32[2, 5, 3], keep=bool[2, 5], score=Dot(scale=None))"
    )


# Score, region and choice --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"choice": Sparsemax()}, r"choice is Sparsemax\(\), expected .* Write Sparse\(Sparsemax\(\)\)"),
        ({"choice": Entmax15()}, r"Write Sparse\(Entmax15\(\)\)"),
        ({"choice": TopK(2)}, r"Write Sparse\(TopK\(k=2\)\)"),
        ({"choice": Argmax()}, r"Write Hard\(Argmax\(\)\)"),
        ({"choice": Gumbel()}, r"Write Hard\(Gumbel\(generator=None\)\)"),
        ({"choice": StraightThrough()}, r"Write Hard\(gradient=StraightThrough\(temperature=1.0\)\)"),
        ({"choice": Soft}, r"Make one: Soft\(\)"),
        ({"choice": "soft"}, "choice is 'soft', expected Soft"),
        ({"choice": None}, "choice is None"),
        ({"region": Causal}, r"region is <class .*Make one: Causal\(\.\.\.\)"),
        ({"region": 64}, "region is 64, expected a region such as"),
        ({"score": Dot}, r"score is <class .*Make one: Dot\(\.\.\.\)"),
        ({"score": "dot"}, "score is 'dot', expected a score such as"),
    ],
)
@pytest.mark.parametrize("name", ["attend", "align", "survey", "align_blocks"])
def test_a_part_in_a_wrong_place_is_named_with_what_to_write(name: str, words: dict[str, object], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        FUNCTIONS[name](draw(1, 3, 4), draw(1, 5, 4), **words)


@pytest.mark.parametrize("choice", [Soft(), Soft(0.5), Sparse(), Sparse(TopK(1)), Argmax()], ids=str)
@pytest.mark.parametrize("engine", ["auto", "plain", "cpu"])
def test_select_takes_hard_alone(choice, engine: str) -> None:
    with pytest.raises(TypeError, match="select takes Hard, which chooses one key for each query, got"):
        select(draw(1, 4, 8), draw(1, 6, 8), choice=choice, engine=engine)
    assert select(draw(1, 4, 8), draw(1, 6, 8), choice=Hard(), engine=engine).index.shape == (1, 4)
