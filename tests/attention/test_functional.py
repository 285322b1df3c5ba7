"""Attention as functions: values worked by hand, memories, broadcasting, selection, helpful errors."""

import math
from collections.abc import Callable, Iterator

import jaxtyping
import pytest
import torch

from heedful.attention import Memory, align, attend, select
from heedful.attention.problem import AttentionSpec
from heedful.choice import Gumbel, Hard, Soft
from heedful.region import Causal, Everywhere, Padding, Predicted, Window
from heedful.score import Additive, Concat, Cosine, Dot, General, Location
from heedful.shapes import ShapeError, from_torch_padding_mask, keep_from_lengths
from heedful.testing import Sample, exact

ONE = Dot(1.0)


@pytest.fixture
def as_users_have_it() -> Iterator[None]:
    """Without the annotations' run-time checks: the errors that a user meets."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


# Known values -----------------------------------------------------------------------------------------------------


def test_two_keys_by_hand() -> None:
    # q . k = 0 and ln 3, so weights 1 / 4 and 3 / 4; context 4 / 4 + 3 * 8 / 4 = 7.
    query = torch.tensor([[1.0, 0.0]])
    key = torch.tensor([[0.0, 5.0], [math.log(3), 5.0]])
    value = torch.tensor([[4.0], [8.0]])
    torch.testing.assert_close(align(query, key, score=ONE), torch.tensor([[0.25, 0.75]]))
    torch.testing.assert_close(attend(query, key, value, score=ONE), torch.tensor([[7.0]]))


def test_the_default_is_scaled_dot_product_attention() -> None:
    # D = 4: scores are halved. q . k = 2 ln 3 gives ln 3.
    query = torch.tensor([[2.0, 0.0, 0.0, 0.0]])
    key = torch.tensor([[0.0, 0.0, 0.0, 0.0], [math.log(3), 0.0, 0.0, 0.0]])
    torch.testing.assert_close(align(query, key), torch.tensor([[0.25, 0.75]]))


def test_causal_by_hand() -> None:
    # All scores 0: query t spreads over t + 1 keys; of the values 6, 0, 12 it gets 6, 3, 6.
    zero, value = torch.zeros(3, 2), torch.tensor([[6.0], [0.0], [12.0]])
    context = attend(zero, zero, value, region=Causal())
    torch.testing.assert_close(context, torch.tensor([[6.0], [3.0], [6.0]]))


def test_more_queries_than_keys_by_hand() -> None:
    # T = 3, S = 2, causal: query 0 stands before the first key and sees nothing.
    value = torch.tensor([[4.0], [8.0]])
    context = attend(torch.zeros(3, 2), torch.zeros(2, 2), value, region=Causal())
    torch.testing.assert_close(context, torch.tensor([[0.0], [4.0], [6.0]]))


def test_keep_by_hand() -> None:
    # Zero scores over the keys that are kept: (3 + 9) / 2 = 6; row 1 keeps none.
    value = torch.tensor([[3.0], [5.0], [9.0]]).expand(2, 3, 1)
    keep = torch.tensor([[True, False, True], [False, False, False]])
    context = attend(torch.zeros(2, 1, 2), torch.zeros(2, 3, 2), value, keep=keep)
    torch.testing.assert_close(context, torch.tensor([[[6.0]], [[0.0]]]))


def test_keep_by_pair() -> None:
    keep = torch.tensor([[[True, False], [False, True], [False, False]]])
    weights = align(torch.zeros(1, 3, 2), torch.zeros(1, 2, 2), keep=keep)
    torch.testing.assert_close(weights, keep.float())
    empty = align(torch.zeros(1, 0, 2), torch.zeros(1, 2, 2), keep=keep[:, :0])
    assert empty.shape == (1, 0, 2)


def test_without_values_the_keys_are_the_values() -> None:
    query, key = torch.randn(2, 3, 5), torch.randn(2, 7, 5)
    assert torch.equal(attend(query, key), attend(query, key, key))


def test_self_and_source_attention_are_one_function() -> None:
    x = torch.randn(5, 3)
    order = torch.tensor([4, 2, 0, 1, 3])
    torch.testing.assert_close(attend(x, x, x)[order], attend(x[order], x[order], x[order]))


def test_converters_of_masks() -> None:
    keep = keep_from_lengths(torch.tensor([2, 0, 3]), 3)
    assert keep.tolist() == [[True, True, False], [False, False, False], [True, True, True]]
    assert torch.equal(from_torch_padding_mask(~keep), keep)
    sample = Sample.draw(5, 5)
    theirs = torch.nn.MultiheadAttention(5, 1, bias=False, batch_first=True, dtype=torch.float64)
    torch.nn.init.eye_(theirs.out_proj.weight)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.eye(5).repeat(3, 1))
    ignore = torch.tensor([[False] * 4 + [True] * 3] * 3)
    expected, _ = theirs(sample.query, sample.key, sample.key, key_padding_mask=ignore)
    torch.testing.assert_close(attend(sample.query, sample.key, keep=from_torch_padding_mask(ignore)), expected)


# Memory -----------------------------------------------------------------------------------------------------------


def scores() -> list[Callable[[], torch.nn.Module]]:
    return [Dot, lambda: General(3, 5), lambda: Concat(3, 5), lambda: Additive(3, 5, 7), lambda: Location(3, 11)]


@pytest.mark.parametrize("make", scores())
def test_keys_projected_once_answer_the_same(make: Callable[[], torch.nn.Module]) -> None:
    score = make().double()
    wide = 5 if isinstance(score, Dot) else 3
    sample = Sample.draw(wide, 5, keep=True)
    raw = Memory(sample.key, sample.value, sample.keep)
    once = raw.project(score)
    expected = attend(sample.query, sample.key, sample.value, score=score, keep=sample.keep)
    for memory, words in ((raw, {"score": score}), (once, {"score": score}), (once, {})):
        torch.testing.assert_close(attend(sample.query, memory, **words), expected)
    torch.testing.assert_close(
        align(sample.query, once), align(sample.query, sample.key, score=score, keep=sample.keep)
    )
    assert once.project(score) is once


def test_a_memory_and_a_keep_both_hold() -> None:
    sample = Sample.draw(5, 5)
    first, second = (torch.rand(3, 7) > 0.4 for _ in range(2))
    memory = Memory(sample.key, sample.value, first)
    both = attend(sample.query, sample.key, sample.value, keep=first & second)
    torch.testing.assert_close(attend(sample.query, memory, keep=second), both)
    torch.testing.assert_close(
        attend(sample.query, memory.project(ONE), keep=second),
        attend(sample.query, Memory(sample.key, sample.value, first & second), score=ONE),
    )


def test_rows_of_a_memory_can_repeat() -> None:
    sample = Sample.draw(5, 5, keep=True)
    index = torch.tensor([1, 1, 0])
    memory = Memory(sample.key, sample.value, sample.keep).project(ONE).rows(index)
    expected = attend(sample.query, sample.key[index], sample.value[index], keep=sample.keep[index], score=ONE)
    torch.testing.assert_close(attend(sample.query, memory), expected)
    assert memory.score is ONE


def test_extending_a_memory_without_keep_by_one_with() -> None:
    sample = Sample.draw(5, 5)
    keep = torch.rand(3, 7) > 0.4
    memory = Memory(sample.key, sample.value).extend(Memory(sample.key, sample.value, keep))
    expected = Memory(
        sample.key.repeat(1, 2, 1), sample.value.repeat(1, 2, 1), torch.cat([torch.ones_like(keep), keep], 1)
    )
    torch.testing.assert_close(attend(sample.query, memory), attend(sample.query, expected))


def test_poisoned_memory_projected_before_the_region_is_known() -> None:
    # What `keep` masks is cleared before it is projected, so that no NaN reaches the projection's gradient.
    score, sample = Additive(5, 5, 3).double(), Sample.draw(5, 5, keep=True)
    assert sample.keep is not None
    key = sample.key.masked_fill(~sample.keep.unsqueeze(-1), math.nan)
    attend(sample.query, Memory(key, sample.value, sample.keep).project(score)).sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in score.parameters())


# Broadcasting -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("choice", [Soft(), Hard()])
@pytest.mark.parametrize("score", [Dot(), Additive(5, 5, 3).double()])
def test_one_memory_for_many_rows_and_heads(score: torch.nn.Module, choice: torch.nn.Module) -> None:
    query = torch.randn(2, 3, 5, 5, dtype=torch.float64)
    key, value = (torch.randn(2, 1, 7, 5, dtype=torch.float64) for _ in range(2))
    keep = torch.rand(2, 1, 7) > 0.4
    words = {"score": score, "choice": choice}
    expected = attend(query, key.expand(2, 3, 7, 5), value.expand(2, 3, 7, 5), keep=keep.expand(2, 3, 7), **words)
    torch.testing.assert_close(attend(query, key, value, keep=keep, **words), expected)


def test_keep_may_have_more_rows_than_the_memory() -> None:
    query, key = torch.randn(3, 5, 2), torch.randn(1, 7, 2)
    keep = torch.rand(3, 7) > 0.4
    torch.testing.assert_close(attend(query, key, keep=keep), attend(query, key.expand(3, 7, 2), keep=keep))


def test_lengths_of_sentences_serve_their_heads() -> None:
    query, key = torch.randn(2, 3, 5, 2), torch.randn(2, 3, 7, 2)
    lengths = torch.tensor([4, 0])
    expected = attend(query, key, keep=keep_from_lengths(lengths, 7).unsqueeze(1).expand(2, 3, 7))
    torch.testing.assert_close(attend(query, key, region=Padding(lengths)), expected)


# Selection --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("region", [Everywhere(), Causal(), Window(1), Padding(torch.tensor([7, 2, 0]))])
@pytest.mark.parametrize("choice", [Hard(), Hard(Gumbel(3))])
def test_selection_agrees_with_the_oracle(region, choice: Hard) -> None:
    sample = Sample.draw(5, 5, keep=True)
    chosen = select(sample.query, sample.key, sample.value, score=ONE, region=region, choice=choice, keep=sample.keep)
    spec = AttentionSpec(ONE, region, choice, sample.keep)
    visible = torch.from_numpy(exact.visible_and_gate(sample.query, sample.key, spec)[0])
    logs, entropy = (torch.from_numpy(fact) for fact in exact.softmax_facts(sample.query, sample.key, spec))
    some = visible.any(-1)
    assert (chosen.index[~some] == -1).all()
    assert (chosen.index[some] >= 0).all()
    at = chosen.index.clamp_min(0).unsqueeze(-1)
    assert visible.gather(-1, at).squeeze(-1)[some].all()
    torch.testing.assert_close(chosen.log_probability[some], logs.gather(-1, at).squeeze(-1)[some])
    torch.testing.assert_close(chosen.entropy, entropy)
    torch.testing.assert_close(chosen.context[some], sample.value.gather(1, at.expand(3, 5, 2))[some])
    for nothing in (chosen.context[~some], chosen.log_probability[~some], chosen.entropy[~some]):
        assert (nothing == 0).all()


def test_selecting_from_a_plain_set() -> None:
    vectors = torch.eye(5)
    chosen = select(vectors[3:4] * 9, vectors, score=ONE)
    assert chosen.index.tolist() == [3]
    assert torch.equal(chosen.context, vectors[3:4])


def test_a_tie_goes_to_the_first() -> None:
    chosen = select(torch.ones(1, 2), torch.tensor([[0.0, 1.0], [1.0, 1.0], [1.0, 1.0]]))
    assert chosen.index.tolist() == [1]


def test_selecting_from_nothing() -> None:
    chosen = select(torch.ones(2, 3, 5), torch.ones(2, 0, 5))
    assert (chosen.index == -1).all()
    assert (chosen.context == 0).all()
    assert (chosen.log_probability == 0).all()


# Errors -----------------------------------------------------------------------------------------------------------


def zeros(*shape: int) -> torch.Tensor:
    return torch.zeros(*shape)


@pytest.mark.usefixtures("as_users_have_it")
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: attend(zeros(2, 3, 5), zeros(7, 3, 5)), ["[2, 3, 5]", "[7, 3, 5]", "batch axes"]),
        (lambda: attend(zeros(2, 3, 5), zeros(3, 5)), ["[2, 3, 5]", "[3, 5]", "batch axes"]),
        (lambda: attend(zeros(3, 5), zeros(7, 5), zeros(6, 5)), ["[7, 5]", "[6, 5]", "length"]),
        (lambda: attend(zeros(5), zeros(7, 5)), ["query", "[5]", "missing axes"]),
        (lambda: attend(zeros(3, 5), zeros(5)), ["key", "[5]", "missing axes"]),
        (lambda: attend(zeros(3, 5), zeros(7, 5).double()), ["float32[3, 5]", "float64[7, 5]", "autocast"]),
        (lambda: attend(zeros(3, 5), zeros(7, 2)), ["[3, 5]", "[7, 2]"]),
        (lambda: attend(zeros(3, 5), zeros(7, 2), score=Cosine()), ["[3, 5]", "[7, 2]"]),
        (lambda: attend(zeros(3, 5), zeros(7, 5), score=General(2, 5)), ["query width 2", "[3, 5]"]),
        (lambda: attend(zeros(3, 5), zeros(7, 5), score=General(5, 2)), ["key width 2", "[7, 5]"]),
        (lambda: attend(zeros(3, 5), zeros(7, 5), score=Additive(5, 2, 3)), ["key width 2", "[7, 5]"]),
        (lambda: attend(zeros(3, 5), zeros(7, 5), score=Concat(2, 5)), ["query width 2", "[3, 5]"]),
        (lambda: attend(zeros(3, 5), zeros(7, 5), score=Location(5, 6)), ["6 positions", "[7, 5]"]),
        (lambda: attend(zeros(3, 5), zeros(7, 5), keep=torch.ones(6) > 0), ["bool[6]", "[7, 5]"]),
        (lambda: attend(zeros(2, 3, 5), zeros(2, 7, 5), keep=torch.ones(3, 7) > 0), ["bool[3, 7]", "[2, 7, 5]"]),
        (lambda: attend(zeros(2, 3, 5), zeros(2, 7, 5), keep=torch.ones(2, 4, 7) > 0), ["bool[2, 4, 7]", "[2, 3, 5]"]),
        (lambda: attend(zeros(3, 5), zeros(7, 5), keep=torch.ones(7)), ["keep", "float32[7]", "bool"]),
        (lambda: attend(zeros(3, 5), zeros(7, 5), keep=torch.ones(7, dtype=torch.long)), ["keep", "int64[7]", "bool"]),
        (lambda: attend(zeros(2, 3, 5), zeros(2, 7, 5), region=Padding(torch.ones(1, 1, 1).long())), ["[1, 1, 1]"]),
        (lambda: attend(zeros(2, 3, 5), zeros(2, 7, 5), region=Padding(torch.tensor([1, 2, 3]))), ["[3]", "[2, 3, 5]"]),
    ],
)  # fmt: skip
def test_shape_errors_name_both_shapes(call: Callable[[], object], words: list[str]) -> None:
    with pytest.raises(ShapeError) as caught:
        call()
    for word in words:
        assert word in str(caught.value)


def test_a_memory_brings_its_own_values() -> None:
    memory = Memory(zeros(7, 5), zeros(7, 5))
    with pytest.raises(TypeError, match="a Memory and a value"):
        attend(zeros(3, 5), memory, zeros(7, 5))


def test_a_memory_belongs_to_its_score() -> None:
    memory = Memory(zeros(7, 5), zeros(7, 5)).project(ONE)
    with pytest.raises(ValueError, match="cannot be used with Cosine"):
        attend(zeros(3, 5), memory, score=Cosine())
    with pytest.raises(ValueError, match="projected by different scores"):
        memory.extend(Memory(zeros(1, 5), zeros(1, 5)))


def test_half_precision_under_autocast() -> None:
    query, key = torch.randn(2, 3, 5), torch.randn(2, 7, 5)
    score = Additive(5, 5, 3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = attend(query.bfloat16(), key, score=score)
    torch.testing.assert_close(mixed.float(), attend(query, key, score=score), rtol=0.03, atol=0.03)


def test_lengths_and_keep_by_head_meet_in_a_predicted_region() -> None:
    # keep [B, H, S] and lengths [B]: the shorter of both is taken row by row, B beside H.
    query, key = torch.randn(2, 3, 5, 2), torch.randn(2, 3, 7, 2)
    keep = keep_from_lengths(torch.tensor([[7, 5, 3], [2, 7, 6]]), 7)
    both = torch.tensor([[4, 4, 3], [2, 6, 6]])
    region = Predicted(2, 3, 2.0)
    found = attend(query, key, region=region & Padding(torch.tensor([4, 6])), keep=keep)
    torch.testing.assert_close(found, attend(query, key, region=region, keep=keep_from_lengths(both, 7)))


# Bad input ----------------------------------------------------------------------------------------------------------


def test_devices_that_differ_are_named() -> None:
    for words in (
        {"key": torch.zeros(7, 5, device="meta")},
        {"key": zeros(7, 5), "value": torch.zeros(7, 2, device="meta")},
    ):
        with pytest.raises(ShapeError, match=r"query is on cpu but .* on meta: move one of them"):
            attend(zeros(3, 5), **words)


@pytest.mark.parametrize("engine", ["auto", "plain", "cpu", "sdpa"])
def test_half_and_single_precision_do_not_mix_outside_autocast(engine: str) -> None:
    with pytest.raises(ShapeError, match=r"query is bfloat16\[3, 5\] but key is float32\[7, 5\]: give one dtype"):
        attend(zeros(3, 5).bfloat16(), zeros(7, 5), engine=engine)


@pytest.mark.parametrize("engine", ["plain", "cpu"])
def test_intervals_beyond_the_keys_are_cut_to_them(engine: str) -> None:
    query, key = torch.randn(1, 6, 4), torch.randn(1, 5, 4)
    centre = torch.tensor([[-100, -1, 2, 5, 100, 2**31]])
    found = attend(query, key, region=Window(1, centre), engine=engine)
    assert bool((found[0, [0, 4, 5]] == 0).all())
    torch.testing.assert_close(found[0, 1], key[0, 0])  # -2 to 0
    torch.testing.assert_close(found[0, 3], key[0, 4])  # 4 to 6
