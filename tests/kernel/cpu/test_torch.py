"""The fused CPU engine inside what torch does around operators: compiling, mapping, recomputing, mixed precision."""

import subprocess
import sys

import pytest
import torch
from torch.utils.checkpoint import checkpoint

from heedful import Additive, attend
from heedful.kernel import EngineError
from heedful.kernel.cpu import Cpu

QUERY, KEY, VALUE = torch.randn(2, 7, 6), torch.randn(2, 9, 5), torch.randn(2, 9, 4)


@pytest.fixture
def score():
    torch.manual_seed(1)
    return Additive(6, 5, 8)


def look(query, key, value, score, **words):
    return attend(query, key, value, score=score, engine="cpu", **words)


def test_the_operator_keeps_torchs_contract(score):
    rows = torch.arange(2)
    given = [torch.randn(2, 7, 8), torch.randn(2, 9, 8), VALUE, score.weight.detach()]
    given = [tensor.requires_grad_() for tensor in given]
    limits = torch.zeros(2, 7, dtype=torch.int32), torch.full((2, 7), 9, dtype=torch.int32)
    keep, centre = torch.rand(1, 7, 9) > 0.3, torch.rand(2, 7).requires_grad_()
    torch.library.opcheck(
        torch.ops.heedful.attend_cpu.default,
        (*given, *limits, keep, torch.zeros(2, dtype=torch.long), rows, centre, 1.5, True),
        test_utils=("test_schema", "test_autograd_registration", "test_faketensor"),
    )
    torch.library.opcheck(
        torch.ops.heedful.survey_cpu.default,
        (*given, *limits, keep, torch.zeros(2, dtype=torch.long), rows, centre, 1.5, 3, 7, 2, 4, True),
        test_utils=("test_schema", "test_autograd_registration", "test_faketensor"),
    )
    VALUE.requires_grad_(False)


def test_compiled_whole_it_gives_the_same():
    """In a process of its own: torch's tracer cannot read the check of shapes that tests put around everything."""
    code = """
import torch
from heedful import Additive, Predicted, attend
torch.manual_seed(1)
score, region, value = Additive(6, 5, 8), Predicted(6, 4, 3.0), torch.randn(2, 9, 4)
query, key = torch.randn(2, 7, 6, requires_grad=True), torch.randn(2, 9, 5, requires_grad=True)
def look(query, key):
    return attend(query, key, value, score=score, region=region, engine="cpu")
traced = torch.compile(look, backend="aot_eager", fullgraph=True)
contexts = [each(query, key) for each in (look, traced)]
gradients = [torch.autograd.grad(each.square().sum(), (query, key, score.weight, region.weight)) for each in contexts]
torch.testing.assert_close(*contexts)
torch.testing.assert_close(*gradients)
print("same")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "same\n", done.stderr


def test_recomputed_in_the_backward_pass_it_gives_the_same(score):
    query = QUERY.clone().requires_grad_()
    (expected,) = torch.autograd.grad(look(query, KEY, VALUE, score).square().sum(), query)
    again = checkpoint(look, query, KEY, VALUE, score, use_reentrant=False)
    (found,) = torch.autograd.grad(again.square().sum(), query)
    assert torch.equal(found, expected)


def test_under_autocast_it_gives_what_the_plain_engine_gives(score):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = look(QUERY, KEY, VALUE, score)
        plain = attend(QUERY, KEY, VALUE, score=score, engine="plain")
    assert found.dtype == plain.dtype == torch.bfloat16
    torch.testing.assert_close(found, plain, rtol=0.02, atol=0.02)


def test_a_gradient_of_a_gradient_is_that_of_plain_torch(score):
    """Of every input, also where the context is one of several that the loss reads."""
    inputs = [each.clone().requires_grad_() for each in (QUERY, KEY, VALUE)]

    def slopes(attending, inputs, score):
        loss = attending(*inputs, score).square().sum()
        first = torch.autograd.grad(loss, [*inputs, *score.parameters()], create_graph=True)
        return first, torch.autograd.grad(sum(each.square().sum() for each in first), [*inputs, *score.parameters()])

    found = slopes(look, inputs, score)
    exact = [each.detach().double().requires_grad_() for each in inputs]
    expected = slopes(lambda *own: attend(*own[:3], score=own[3], engine="plain"), exact, score.double())
    for order in (0, 1):
        for one, other in zip(found[order], expected[order], strict=True):
            torch.testing.assert_close(one.double(), other, rtol=1e-3, atol=1e-4)


def test_the_operator_beneath_refuses_to_be_differentiated_twice(score):
    """Its first backward pass leaves no graph: whoever calls it past `attend` is told so."""
    with pytest.raises(EngineError, match="no second derivatives: call attend"):
        Cpu.operators._refuse_second_derivatives(None)


def test_mapped_over_a_batch_it_gives_what_a_loop_gives(score):
    mapped = torch.func.vmap(lambda query, key: look(query, key, key, score))(QUERY, KEY)
    looped = torch.stack([look(query, key, key, score) for query, key in zip(QUERY, KEY, strict=True)])
    torch.testing.assert_close(mapped, looped)


def test_another_device_is_refused():
    meta = torch.empty(2, 3, 4, device="meta")
    with pytest.raises(EngineError, match="runs on a CPU, and the query is on meta"):
        attend(meta, meta, engine="cpu")
