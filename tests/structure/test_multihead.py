"""Several heads: identities, projections, caches, and positions by rotation."""

import math
from collections.abc import Iterator

import jaxtyping
import pytest
import torch
from torch import Tensor

from heedful.attention import Memory, attend
from heedful.choice import Choice, Hard, Soft, Sparse
from heedful.region import Causal, Everywhere, Padding, Predicted, Region, Window
from heedful.score import Additive, Cosine, General, Score
from heedful.shapes import ShapeError
from heedful.structure import Attention, MultiHead


@pytest.fixture
def as_users_have_it() -> Iterator[None]:
    """Without the annotations' run-time checks: the errors that a user meets."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def make(dim: int = 6, heads: int = 3, **words) -> MultiHead:
    module = MultiHead(dim, heads, **words).double()
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter)  # biases too, so that a lost one is seen
    return module


def numbers(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def head_by_head(module: MultiHead, query: Tensor, key: Tensor, **words) -> Tensor:
    """``sum_i head_i W_i^O + b``: heads added up without being concatenated (systems.md 5.1)."""
    width = module.query_projection.out_features // module.heads
    total = torch.zeros_like(module.query_projection(query)) + module.output_projection.bias
    for head in range(module.heads):
        own = slice(head * width, (head + 1) * width)
        context = attend(
            module.query_projection(query)[..., own],
            module.key_projection(key)[..., own],
            module.value_projection(key)[..., own],
            **words,
        )
        total = total + context @ module.output_projection.weight[:, own].T
    return total


def test_concatenated_heads_are_a_sum_of_heads() -> None:
    module, query, key = make(), numbers(2, 5, 6), numbers(2, 7, 6)
    keep = torch.rand(2, 7) > 0.4
    expected = head_by_head(module, query, key, keep=keep)
    torch.testing.assert_close(module(query, key, keep=keep), expected)
    module.heads = 2  # broken: two heads' widths with three heads' weights
    with pytest.raises(AssertionError):
        torch.testing.assert_close(module(query, key, keep=keep), expected)


def test_one_head_is_plain_attention_between_projections() -> None:
    module, query, key = make(heads=1), numbers(2, 5, 6), numbers(2, 7, 6)
    torch.testing.assert_close(module(query, key), head_by_head(module, query, key))


def test_the_order_of_heads_is_nothing() -> None:
    module, other, query, key = make(), make(), numbers(2, 5, 6), numbers(2, 7, 6)
    order = torch.tensor([2, 0, 1]).repeat_interleave(2) * 2 + torch.tensor([0, 1]).repeat(3)
    with torch.no_grad():
        for name in ("query", "key", "value"):
            mine, theirs = (getattr(one, f"{name}_projection") for one in (module, other))
            theirs.weight.copy_(mine.weight[order])
            if mine.bias is not None:
                theirs.bias.copy_(mine.bias[order])
        other.output_projection.weight.copy_(module.output_projection.weight[:, order])
        other.output_projection.bias.copy_(module.output_projection.bias)
    torch.testing.assert_close(other(query, key), module(query, key))


def test_agrees_with_torch() -> None:
    module, theirs = make(), torch.nn.MultiheadAttention(6, 3, batch_first=True, dtype=torch.float64)
    query, key = numbers(2, 5, 6), numbers(2, 7, 6)
    keep = torch.rand(2, 7) > 0.4
    projections = (module.query_projection, module.key_projection, module.value_projection)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([one.weight for one in projections]))
        zero = torch.zeros(6, dtype=torch.float64)
        theirs.in_proj_bias.copy_(torch.cat([module.query_projection.bias, zero, module.value_projection.bias]))
        theirs.out_proj.load_state_dict(module.output_projection.state_dict())
    expected, weights = theirs(query, key, key, key_padding_mask=~keep, average_attn_weights=False)
    torch.testing.assert_close(module(query, key, keep=keep), expected)
    torch.testing.assert_close(module.align(query, key, keep=keep), weights)


def test_a_key_bias_would_cancel() -> None:
    # q . (k + b) adds q . b to all scores of a row: that is why keys have none (systems.md 5.2).
    assert make().key_projection.bias is None
    query, key, bias = numbers(2, 5, 3), numbers(2, 7, 3), numbers(3)
    torch.testing.assert_close(attend(query, key + bias, key), attend(query, key, key))


WORDS: list[tuple[Score | None, Region, Choice]] = [
    (None, Causal(), Soft()),
    (General(2, 2), Everywhere(), Soft()),
    (Additive(2, 2, 3), Window(1), Sparse()),
    (Cosine(2.0), Predicted(2, 3, 2.0), Soft()),
    (None, Padding(torch.tensor([4, 0])), Hard()),
]


@pytest.mark.parametrize(("score", "region", "choice"), WORDS)
def test_any_words_in_the_heads(score: Score | None, region: Region, choice: Choice) -> None:
    module = make(attention=Attention(score, region=region, choice=choice))
    query, key = numbers(2, 5, 6), numbers(2, 7, 6)
    words = {"score": module.attention.score, "region": region, "choice": choice}
    torch.testing.assert_close(module(query, key), head_by_head(module, query, key, **words))
    weights = module.align(query, key)
    assert weights.shape == (2, 3, 5, 7)
    values = module.value_projection(key).unflatten(-1, (3, 2)).transpose(1, 2)
    mixed = module.output_projection((weights @ values).transpose(1, 2).flatten(-2))
    torch.testing.assert_close(module(query, key), mixed)


@pytest.mark.parametrize("batch", [(), (2,), (2, 1), (0,)])
def test_any_number_of_batch_axes(batch: tuple[int, ...]) -> None:
    module = make()
    for queries, keys in ((5, 7), (1, 1), (0, 3), (3, 0)):
        query, key = numbers(*batch, queries, 6), numbers(*batch, keys, 6)
        assert module(query, key).shape == query.shape
        assert module.align(query, key).shape == (*batch, 3, queries, keys)


def test_keep_by_key_and_by_pair() -> None:
    module, query, key = make(), numbers(2, 5, 6), numbers(2, 7, 6)
    by_key, by_pair = torch.rand(2, 7) > 0.4, torch.rand(2, 5, 7) > 0.4
    torch.testing.assert_close(
        module(query, key, keep=by_key), module(query, key, keep=by_key.unsqueeze(1).expand(2, 5, 7))
    )
    for keep in (by_key, by_pair):
        memory = module.project(key, keep=keep)
        torch.testing.assert_close(module(query, memory), module(query, key, keep=keep))
        torch.testing.assert_close(module(query, module.project(key), keep=keep), module(query, key, keep=keep))


@pytest.mark.parametrize("as_keep", [True, False])
def test_poisoned_padding_reaches_no_gradient(as_keep: bool) -> None:
    module, query, key = make(), numbers(2, 5, 6), numbers(2, 7, 6)
    lengths = torch.tensor([4, 0])
    keep = torch.arange(7) < lengths.unsqueeze(-1)
    words = {"keep": keep} if as_keep else {"region": Padding(lengths)}
    clean = torch.autograd.grad(module(query, key, **words).sum(), list(module.parameters()))
    poisoned = key.masked_fill(~keep.unsqueeze(-1), math.nan)
    context = module(query, poisoned, **words)
    assert torch.equal(context, module(query, key, **words))
    for before, after in zip(clean, torch.autograd.grad(context.sum(), list(module.parameters())), strict=True):
        assert torch.equal(before, after)


def test_a_row_that_sees_nothing_gets_the_bias_alone() -> None:
    module = make()
    context = module(numbers(2, 5, 6), numbers(2, 7, 6), keep=torch.zeros(2, 7, dtype=torch.bool))
    torch.testing.assert_close(context, module.output_projection.bias.expand(2, 5, 6))


def rotate(vectors: Tensor, offset: int) -> Tensor:
    """Rotary positions of one frequency, written out."""
    angle = torch.arange(offset, offset + vectors.shape[-2], dtype=vectors.dtype).unsqueeze(-1)
    even, odd = vectors[..., :1], vectors[..., 1:2]
    return torch.cat([even * angle.cos() - odd * angle.sin(), even * angle.sin() + odd * angle.cos()], -1)


@pytest.mark.parametrize("turned", [None, rotate])
def test_one_step_at_a_time_equals_all_at_once(turned) -> None:
    module, sequence = make(attention=Attention(region=Causal()), rotate=turned), numbers(2, 5, 6)
    full = module(sequence, sequence)
    memory, steps = module.project(sequence[:, :0]), []
    for t in range(5):
        now = sequence[:, t : t + 1]
        memory = memory.extend(module.project(now, offset=t))
        steps.append(module(now, memory, offset=t))
    torch.testing.assert_close(torch.cat(steps, 1), full)


def test_rotation_sees_distances_only() -> None:
    module, sequence = make(rotate=rotate), numbers(2, 5, 6)
    moved = module(sequence, module.project(sequence, offset=11), offset=11)
    torch.testing.assert_close(moved, module(sequence, sequence))
    late = module(sequence, module.project(sequence, offset=11))
    assert not torch.allclose(late, moved)


def test_a_padded_prompt_grows_by_real_steps() -> None:
    # A memory with keep, followed by one without: the new keys are real.
    module, prompt, now = make(), numbers(2, 3, 6), numbers(2, 1, 6)
    keep = torch.tensor([[True, True, False], [True, False, False]])
    memory = module.project(prompt, keep=keep).extend(module.project(now))
    whole = torch.cat([keep, torch.ones(2, 1, dtype=torch.bool)], 1)
    expected = module(now, torch.cat([prompt, now], 1), keep=whole)
    torch.testing.assert_close(module(now, memory), expected)
    other_way = module.project(now).extend(module.project(prompt, keep=keep))
    torch.testing.assert_close(module(now, other_way), expected)


def test_rows_follow_the_beam() -> None:
    module, key, query = make(), numbers(3, 7, 6), numbers(2, 1, 6)
    index = torch.tensor([2, 0])
    torch.testing.assert_close(module(query, module.project(key).rows(index)), module(query, key[index]))


def test_keys_of_another_width() -> None:
    module = make(key_dim=4)
    assert module(numbers(2, 5, 6), numbers(2, 7, 4)).shape == (2, 5, 6)


@pytest.mark.usefixtures("as_users_have_it")
def test_errors_name_the_widths() -> None:
    with pytest.raises(ShapeError, match="width 6 into 4 heads"):
        MultiHead(6, 4)
    with pytest.raises(ShapeError, match=r"query width 6, got query float64\[2, 5, 5\]"):
        make()(numbers(2, 5, 5), numbers(2, 7, 6))
    with pytest.raises(ShapeError, match=r"key width 4, got key float64\[2, 7, 6\]"):
        make(key_dim=4)(numbers(2, 5, 6), numbers(2, 7, 6))
    with pytest.raises(ShapeError, match=r"keep is bool\[2, 1, 6\]|keep is bool\[2, 6\]"):
        make()(numbers(2, 5, 6), numbers(2, 7, 6), keep=torch.ones(2, 6, dtype=torch.bool))


@pytest.mark.usefixtures("as_users_have_it")
def test_a_memory_of_raw_keys_is_not_a_head_memory() -> None:
    key = numbers(2, 7, 6)
    with pytest.raises(ShapeError, match="differ in batch axes"):
        make()(numbers(2, 5, 6), Memory(key, key))
