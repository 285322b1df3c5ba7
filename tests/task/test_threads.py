"""What 8 threads get of one predictor is what one thread gets, for every task."""

import sys
from collections import Counter
from threading import Barrier, Event, Thread

import pytest
import torch
from torch import nn

from heedful import record
from heedful.task.answering import evaluating
from tests.task.predictors import CASES, TEXTS, question

ROUNDS = 1


def asked(predictor, text):
    """The answer to one question, with everything that is shown of it, as plain values."""
    task = predictor.task
    questions = [question(predictor, text)]
    with record(predictor.model) as recording:
        (answer,) = task.answer(predictor, questions, first=1, maps=True, every=False, options={})
    recorded = {name: weights.tolist() for name, weights in recording.maps.items()}
    maps = [(list(m.rows), list(m.columns), m.weights.tolist(), m.title) for m in answer.maps]
    return answer.text, maps, recorded


@pytest.fixture
def often_switched():
    """Threads take turns a hundred times as often as usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 100)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.parametrize("case", CASES)
def test_eight_threads_get_what_one_gets(case, tmp_path, often_switched):
    predictor = CASES[case](tmp_path)
    alone = {text: asked(predictor, text) for text in TEXTS}
    assert any(maps for _, maps, _ in alone.values()), "there is something to mix up"
    tally, barrier = Counter(), Barrier(len(TEXTS))

    def work(text):
        barrier.wait()
        for _ in range(ROUNDS):
            try:
                tally["same" if asked(predictor, text) == alone[text] else "other"] += 1
            except Exception as error:
                tally[repr(error)] += 1

    state = torch.get_rng_state()
    threads = [Thread(target=work, args=(text,)) for text in TEXTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tally == {"same": ROUNDS * len(TEXTS)}
    assert torch.equal(state, torch.get_rng_state()), "answering draws nothing from the global generator"


@pytest.mark.parametrize("case", CASES)
def test_recording_a_prediction_gives_its_maps(case, tmp_path):
    predictor = CASES[case](tmp_path)
    with record(predictor.model) as recording:
        task = predictor.task
        (answer,) = task.answer(predictor, [question(predictor, TEXTS[2])], first=1, maps=True, every=False, options={})
    maps = {name: heads for name, heads in recording.maps.items() if heads.numel()}
    assert maps
    assert answer.maps
    for heads in maps.values():
        assert heads.ndim == 4
        if predictor.config.model.name != "abcnn3":  # whose weights are no distribution
            assert heads.sum(-1).max() < 1 + 1e-4


def test_threads_share_the_mode_of_a_model_and_the_last_restores_it():
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5), nn.Sequential(nn.Dropout(0.5)))
    model.train()
    model[1].eval()  # frozen by the user
    begun, may_end = Event(), Event()

    def other():
        with evaluating(model):
            begun.set()
            may_end.wait()

    thread = Thread(target=other)
    thread.start()
    begun.wait()
    with evaluating(model):
        assert not any(module.training for module in model.modules())
    assert not any(module.training for module in model.modules()), "the other thread still evaluates"
    may_end.set()
    thread.join()
    assert [module.training for module in model.modules()] == [True, True, False, True, True]
