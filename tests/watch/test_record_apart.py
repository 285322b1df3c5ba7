"""A recording has the calls of its own thread, each once, and leaves random states alone."""

from threading import Thread

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from heedful import (
    Attention,
    General,
    MultiHead,
    record,
)
from heedful.watch.record import unrecorded
from tests.watch.attending import CHOICES, D, S, T, make_inputs


def in_thread(work):
    """Runs a function in another thread to its end; its error is raised here."""
    errors = []

    def catching():
        try:
            work()
        except BaseException as error:
            errors.append(error)

    thread = Thread(target=catching)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]


def test_calls_of_another_thread_are_not_recorded():
    heads, mine, theirs = MultiHead(D, 2), torch.randn(1, T, D), torch.randn(1, S, D)
    with record(heads) as seen:
        in_thread(lambda: heads(theirs, theirs))
        heads(mine, mine)
    assert [call.shape[-1] for call in seen.calls["attention"]] == [T]


def test_two_threads_record_one_model_at_the_same_time():
    look, recordings = Attention(General(D, D)), {}

    def work(size):
        query = torch.randn(1, size, D)
        with record(look) as recordings[size]:
            for _ in range(30):
                look(query, query)

    threads = [Thread(target=work, args=(size,)) for size in (2, 3, 4, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for size, recording in recordings.items():
        assert [call.shape[-1] for call in recording.calls["attention"]] == [size] * 30


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_the_global_random_state_is_never_written(choice, monkeypatch):
    def refuse(*_):
        raise AssertionError("another thread could draw in this moment")

    monkeypatch.setattr(torch, "set_rng_state", refuse)
    states = []
    look = Attention(choice=choice)
    original = look.align

    def align(query, memory, value=None, *, keep=None, region=None):
        states.append(torch.get_rng_state())
        return original(query, memory, value, keep=keep, region=region)

    monkeypatch.setattr(look, "align", align)
    query, key, _ = make_inputs()
    with record(look):
        look(query, key)
        assert torch.equal(states[-1], torch.get_rng_state()), "during align it is the state after the call"


class Noisy(nn.Module):
    """An attention whose weights take noise from every kind of random operation."""

    def forward(self, query, key):
        return self.align(query, key) @ key

    def align(self, query, key):
        scores = query @ key.transpose(-1, -2)
        scores = scores + torch.randn_like(scores) + torch.rand_like(scores) + torch.rand(scores.shape)
        scores = scores + torch.normal(0.0, 1.0, scores.shape) + torch.randint(3, scores.shape)
        scores = scores + torch.randperm(scores.shape[-1]) + torch.bernoulli(torch.full_like(scores, 0.5))
        scores = scores + torch.empty_like(scores).exponential_() + torch.randint_like(scores, 5)
        return nn.functional.dropout(scores.softmax(-1), 0.5)


def test_every_random_operation_is_repeated_with_its_numbers():
    model, (query, key, _) = Noisy(), make_inputs()
    with record(model) as seen:
        first, second = model(query, key), model(query, key)
    for call, context in zip(seen.calls["attention"], (first, second), strict=True):
        torch.testing.assert_close(call[:, 0] @ key, context)


@pytest.mark.parametrize("reentrant", [True, False])
def test_a_checkpointed_block_is_recorded_once(reentrant):
    heads = MultiHead(D, 2)
    states = torch.randn(1, T, D, requires_grad=True)
    with record(heads) as seen:
        checkpoint(heads, states, states, use_reentrant=reentrant).sum().backward()
    assert states.grad is not None
    assert seen.maps["attention"].shape == (1, 2, T, T)


def test_what_is_not_to_be_recorded_is_not():
    look, x = Attention(), torch.randn(1, T, D)
    with record(look) as seen:
        with unrecorded():
            look(x, x)
        look(x, x)
        with pytest.raises(RuntimeError, match="mine"), unrecorded():
            raise RuntimeError("mine")
        look(x, x)
    assert len(seen.calls["attention"]) == 2


def test_recordings_in_generators_may_end_in_any_order():
    look, x = Attention(), torch.randn(1, T, D)

    def stream():
        with record(look) as seen:
            while True:
                yield len(seen.calls["attention"])

    first, second = stream(), stream()
    assert (next(first), next(second)) == (0, 0)
    first.close()
    look(x, x)
    assert next(second) == 1


def test_a_call_without_keys_is_recorded():
    look = Attention()
    with record(look) as seen:
        look(torch.randn(2, 1, D), torch.randn(2, 0, D))
        look(torch.randn(2, 1, D), torch.randn(2, 3, D))
    assert seen.maps["attention"].shape == (2, 1, 2, 3)


def test_a_recording_is_short_in_print():
    look = Attention()
    with record(look) as seen:
        look(torch.randn(1, 50, D), torch.randn(1, 50, D))
    assert len(repr(seen)) < 80
