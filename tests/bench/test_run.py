"""Who takes part at which length: what a peer cannot do, does not have, or would not survive is said."""

import pytest
import torch

from heedful.bench.case import PASSES
from heedful.bench.cases import CASES, SWEEP
from heedful.bench.implementation import Implementation
from heedful.bench.peers import OURS, PEERS, Peer
from heedful.bench.run import Settings, run_case

CPU = torch.device("cpu")


def rows_of(name, lengths, peers, **settings):
    chosen = Settings(CPU, **{"seconds": 0.0, "turns": 1} | settings)
    return list(run_case(name, lengths, peers, settings=chosen, say=lambda words: None))


@pytest.fixture(autouse=True)
def unweighed(monkeypatch):
    """No processes of their own: what they measure is tested in `test_memory`."""
    monkeypatch.setattr("heedful.bench.run.measure", lambda request, seconds: request.length * 1000)


def test_ours_comes_first_in_each_pass_and_is_what_others_are_compared_with():
    rows = rows_of("dot", [16], ["sdpa", OURS, "eager"])
    for way in PASSES:
        found = [row for row in rows if row.way == way]
        assert [row.peer for row in found] == [OURS, "sdpa", "eager"]
        for row in found:
            assert row.ratio == pytest.approx(row.timing.wall / found[0].timing.wall)
            assert row.bytes is None  # one length is no sweep


def test_other_work_of_the_same_size_has_a_name_of_its_own():
    assert "sdpa: dot product" in {row.peer for row in rows_of("additive", [16], ["sdpa"])}


def test_what_a_peer_cannot_do_is_said_once():
    rows = rows_of(SWEEP, [16, 24, 32], ["flex"])
    assert [row.note for row in rows if row.peer == "flex"] == [
        "left out from here on: it scores by inner products only"
    ]


def test_a_peer_that_fails_is_a_line_of_the_table(monkeypatch):
    def broken(case):
        raise ImportError("no module\nnamed torch_something")

    monkeypatch.setitem(PEERS, "eager", Peer("broken", lambda: None, broken, lambda case: 0))
    notes = [row.note for row in rows_of("dot", [16], ["eager"]) if row.peer == "eager"]
    assert notes == ["left out: failed: ImportError: no module named torch_something"]


def test_a_peer_leaves_before_a_call_that_would_take_too_long():
    rows = rows_of(SWEEP, [8, 16, 4096], ["eager"], longest=1e-9)
    left = [row for row in rows if row.note]
    assert [(row.peer, row.length, row.way) for row in left] == [("eager", 16, way) for way in PASSES]
    assert all("a call would take about" in row.note for row in left)
    assert {row.length for row in rows if row.peer == OURS} == {8, 16, 4096}  # ours stays to the end


def test_a_peer_leaves_before_memory_runs_out(monkeypatch):
    monkeypatch.setattr("heedful.bench.run.free_memory", lambda device: 100_000_000)
    rows = rows_of(SWEEP, [16, 32, 2048], ["eager", "sdpa"])
    left = {(row.peer, row.length): row.note for row in rows if row.timing is None}
    assert list(left) == [("eager", 2048)]
    assert "would take 3 GB of memory" in left["eager", 2048]


def test_where_ours_would_not_survive_nothing_is_timed(monkeypatch):
    monkeypatch.setattr("heedful.bench.run.free_memory", lambda device: 1_000)
    rows = rows_of("dot", [16], ["sdpa"])
    assert [(row.peer, row.timing) for row in rows] == [(OURS, None)] * 2


def test_memory_that_was_measured_foresees_the_next_length(monkeypatch):
    monkeypatch.setattr("heedful.bench.run.measure", lambda request, seconds: 3_000_000 * (request.peer != OURS))
    monkeypatch.setattr("heedful.bench.run.free_memory", lambda device: 10_000_000)
    rows = rows_of(SWEEP, [16, 32, 64], ["sdpa"])
    assert {row.length for row in rows if row.timing is None} == {32}  # twice 3 MB are more than half of 10


def test_no_backward_pass_is_said(monkeypatch):
    def forward_only(case):
        return Implementation(case.work.ours("plain"), no_backward="none here")

    monkeypatch.setitem(PEERS, "eager", Peer("half", lambda: None, forward_only, lambda case: 0))
    found = {row.way: row for row in rows_of("dot", [16], ["eager"]) if row.peer == "eager"}
    assert found[PASSES[0]].timing is not None
    assert found[PASSES[1]].note == "left out: none here"


@pytest.mark.parametrize(
    ("name", "missing", "told"),
    [
        ("keras", "keras", "not installed: pip install keras"),
        ("x-transformers", "x_transformers", "not installed: pip install x-transformers"),
    ],
)
def test_a_missing_library_is_said_with_how_to_install_it(monkeypatch, name, missing, told):
    monkeypatch.setattr("importlib.util.find_spec", lambda module: None if module == missing else object())
    assert PEERS[name].missing() == told


def test_a_missing_compiler_is_said(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("shutil.which", lambda command: None)
    monkeypatch.setenv("CXX", "my-compiler")
    for name in ("compile", "flex"):
        assert "finds no 'my-compiler': install one" in PEERS[name].missing()


def test_keras_on_another_backend_is_not_taken(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert "KERAS_BACKEND is 'jax'" in PEERS["keras"].missing()


def test_the_terms_of_a_case_are_those_that_can_be_seen():
    per_pair = 8 * 64  # heads and width
    assert CASES["dot"].make(200, CPU).terms == 200 * 200 * per_pair
    assert CASES["causal"].make(200, CPU).terms == 200 * 201 // 2 * per_pair
    assert CASES["window"].make(200, CPU).terms == (200 * 129 - 64 * 65) * per_pair
    assert CASES["local"].make(200, CPU).terms == (200 * 65 - 64 * 65 // 2) * per_pair
    assert CASES["additive-wide"].make(200, CPU).terms == 4 * 50 * 200 * 256
