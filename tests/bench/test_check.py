"""The judge agrees with every peer that is here, and refuses one that computes something else."""

from dataclasses import replace

import pytest
import torch

from heedful.bench.case import PASSES, Case
from heedful.bench.cases import CASES
from heedful.bench.check import wrong_contexts, wrong_gradients
from heedful.bench.implementation import Implementation, call_of
from heedful.bench.peers import OURS, PEERS
from heedful.bench.reference import largest_error, well_defined
from heedful.bench.run import Settings, run_case

CPU = torch.device("cpu")
HERE = [name for name, peer in PEERS.items() if name not in ("compile", "flex") and not peer.missing()]


def case_of(name: str, length: int = 40) -> Case:
    return CASES[name].make(length, CPU)


@pytest.mark.parametrize("name", CASES)
def test_peers_that_do_the_same_work_agree(name):
    case = case_of(name, 200)
    tensors = case.inputs()
    ours = call_of(case, case.work.ours("auto"), tensors, backward=True)()
    for peer in HERE:
        way = PEERS[peer].implement(case)
        if isinstance(way, str) or way.substitute:
            continue
        assert wrong_contexts(case, tensors, call_of(case, way.attend, tensors, backward=False)()[0]) == "", peer
        assert wrong_gradients(case, ours, call_of(case, way.attend, tensors, backward=True)()) == "", peer


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_context_is_refused(name):
    case = case_of(name)
    tensors = case.inputs()
    right = case.work.ours("plain")(*tensors).detach()
    assert wrong_contexts(case, tensors, right) == ""
    assert "wrong by" in wrong_contexts(case, tensors, right + 0.1)
    assert "wrong by" in wrong_contexts(case, tensors, right.roll(1, dims=-2))
    assert "wrong by inf" in wrong_contexts(case, tensors, torch.full_like(right, torch.nan))
    assert "expected" in wrong_contexts(case, tensors, right[..., :1])


def test_a_wrong_gradient_is_refused():
    case = case_of("dot")
    tensors = case.inputs()
    right = call_of(case, case.work.ours("plain"), tensors, backward=True)()
    halved = [right[0], right[1] / 2, right[2]]
    assert wrong_gradients(case, right, right) == ""
    assert "gradient of the key is 0.5 of ours" in wrong_gradients(case, right, halved)
    assert "query" in wrong_gradients(case, right, [torch.full_like(right[0], torch.nan), *right[1:]])


def test_of_a_long_case_some_queries_are_judged(monkeypatch):
    case = case_of("causal", 64)
    tensors = case.inputs()
    contexts = case.work.ours("plain")(*tensors)
    monkeypatch.setattr(
        "heedful.bench.reference._MAX_NUMBERS", 8 * 64 * 3
    )  # three of them: the first, one between, the last
    assert largest_error(case, tensors, contexts) < 1e-5
    for row in (0, 32, 63):
        wrong = contexts.detach().clone()
        wrong[..., row, :] += 1
        assert largest_error(case, tensors, wrong) > 0.9


def test_a_wrong_peer_is_not_timed(monkeypatch):
    peer = PEERS["eager"]
    wrong = type(peer)(
        "a mutant",
        lambda: None,
        lambda case: Implementation(lambda query, key, value: value + 0 * query * key),
        lambda case: 0,
    )
    monkeypatch.setitem(PEERS, "eager", wrong)
    rows = timed("dot", ["eager", "sdpa"])
    for way in PASSES:
        by_peer = {row.peer: row for row in rows if row.way == way}
        assert by_peer["eager"].timing is None
        assert "wrong" in by_peer["eager"].note
        assert by_peer["sdpa"].timing is not None


def test_a_peer_with_wrong_gradients_alone_is_timed_forward_alone(monkeypatch):
    def careless(case: Case) -> Implementation:
        look = case.work.ours("plain")
        return Implementation(lambda query, key, value: look(query, key.detach() + 0 * key, value))

    monkeypatch.setitem(PEERS, "eager", type(PEERS["eager"])("a mutant", lambda: None, careless, lambda case: 0))
    found = {row.way: row for row in timed("dot", ["eager"]) if row.peer == "eager"}
    assert found[PASSES[0]].timing is not None
    assert "gradient of the key" in found[PASSES[1]].note


def test_when_ours_is_wrong_nothing_is_timed(monkeypatch):
    wrong = type(PEERS[OURS])(
        "a mutant", lambda: None, lambda case: Implementation(lambda q, k, value: value), lambda case: 0
    )
    monkeypatch.setitem(PEERS, OURS, wrong)
    with pytest.raises(RuntimeError, match="ours is wrong by"):
        timed("dot", ["sdpa"])


def timed(name: str, peers: list[str]) -> list:
    settings = Settings(CPU, seconds=0.0, turns=1)
    return list(run_case(name, [16], peers, settings=settings, say=lambda words: None))


def test_a_query_at_whose_window_a_key_comes_and_goes_by_rounding_is_nobodys_fault():
    case = case_of("predicted", 1000)
    query = case.inputs()[0]
    judged = well_defined(case.work, query)
    assert 0.9 < judged.double().mean() < 1  # two hundredths of them are passed over
    shifted = replace(case.work, centre=lambda query: case.work.centre(query).round())
    assert not well_defined(shifted, query).any()
    assert well_defined(CASES["dot"].make(8, CPU).work, query).all()
