"""One process, one run after another: what is learnt, written, kept and refused."""

import errno
import json
import os
import signal

import pytest

pytest.importorskip("lightning")

import torch

from heedful.errors import UserError
from heedful.layer.loss import TokenLoss
from heedful.store import load_tensors
from heedful.train import METRICS, MODEL, TRAINING, fit


def lines_in(folder):
    return [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def scores(*values):
    """A validation that gives these numbers one after another, and the last one from then on."""
    left = list(values)
    return lambda model, step: {"valid_bleu": left.pop(0) if len(left) > 1 else left[0]}


def test_a_model_learns_and_one_with_no_rate_to_speak_of_does_not(toy, tmp_path):
    for rate, learns in ((0.02, True), (1e-9, False)):
        folder = tmp_path / str(rate)
        result = fit(
            toy.make_model(), toy.ToyStream(), settings=toy.settings(rate=rate, epochs=40, log_every=70), folder=folder
        )
        losses = [line["train_loss"] for line in lines_in(folder)]
        assert (losses[-1] < 0.5 * losses[0]) is learns
        assert (result.stopped, result.steps, result.best) == ("epochs", 280, None)


def test_the_lines_tell_all_steps_tokens_and_rates(toy, tmp_path):
    model, stream = toy.make_model(), toy.ToyStream()
    result = fit(model, stream, settings=toy.settings(epochs=2), folder=tmp_path, validate=toy.validate)
    lines = lines_in(tmp_path)
    assert [line["step"] for line in lines] == [3, 6, 7, 9, 12, 14]
    assert [line["epoch"] for line in lines] == [1, 1, 1, 2, 2, 2]
    assert [line["step"] for line in lines if "valid_loss" in line] == [7, 14]
    assert lines[0]["learning_rate"] == pytest.approx(0.01 * 3 / 5)
    assert lines[1]["learning_rate"] == pytest.approx(0.01 * (5 / 6) ** 0.5)
    assert all(line["target_tokens_per_second"] > 0 for line in lines)
    assert [line["seconds"] for line in lines] == sorted(line["seconds"] for line in lines)
    assert result.seconds >= lines[-1]["seconds"]
    assert stream.given == [(epoch, position) for epoch in (0, 1) for position in range(7)]


def test_the_loss_in_a_line_is_the_mean_over_its_tokens(toy, tmp_path):
    model = toy.make_model()
    fit(model, toy.ToyStream(), settings=toy.settings(rate=1e-12, steps=3), folder=tmp_path)
    batches = [toy.ToyStream().batch(0, position) for position in range(3)]
    total = sum(float(toy.make_model().loss(batch).nll) for batch in batches)
    assert lines_in(tmp_path)[0]["train_loss"] == pytest.approx(total / sum(batch.tokens_total for batch in batches))


def test_validation_does_not_change_what_is_learnt(toy, tmp_path):
    given = {"settings": toy.settings(epochs=2, average=0), "folder": tmp_path / "without"}
    plain, validated = toy.make_model(noise=0.3), toy.make_model(noise=0.3)
    fit(plain, toy.ToyStream(), **given)
    often = toy.settings(epochs=2, average=0, valid_every=3)
    fit(
        validated,
        toy.ToyStream(),
        settings=often,
        folder=tmp_path / "with",
        validate=lambda model, step: {**toy.validate(model, step), "valid_loss": -float(step)},
    )
    assert same(weights(plain), weights(validated))


def test_the_best_weights_are_kept_and_given_back(toy, tmp_path):
    model, seen = toy.make_model(), {}
    numbers = scores(1.0, 3.0, 2.0)

    def validate(model, step):
        seen[step] = weights(model)
        return numbers(model, step)

    chosen = toy.settings(epochs=3, average=0, metric="valid_bleu")
    result = fit(model, toy.ToyStream(), settings=chosen, folder=tmp_path, validate=validate)
    assert (result.best, result.kept) == (3.0, "step 14")
    assert same(weights(model), seen[14])
    assert same(load_tensors(tmp_path / MODEL), seen[14])
    assert not same(seen[14], seen[21])


@pytest.mark.parametrize(("averaged", "kept"), [(9.0, "the average of steps 7, 14, 21"), (2.0, "step 14")])
def test_an_average_is_kept_if_it_is_better(toy, tmp_path, averaged, kept):
    model, seen = toy.make_model(), []
    numbers = scores(1.0, 3.0, 2.0, averaged)

    def validate(model, step):
        seen.append(weights(model))
        return numbers(model, step)

    chosen = toy.settings(epochs=3, average=3, metric="valid_bleu")
    result = fit(model, toy.ToyStream(), settings=chosen, folder=tmp_path, validate=validate)
    mean = {name: (sum(one[name].double() for one in seen[:3]) / 3).float() for name in seen[0]}
    assert same(seen[3], mean)
    assert result.kept == kept
    assert result.best == max(3.0, averaged)
    assert same(weights(model), mean if averaged == 9.0 else seen[1])


def test_patience_runs_out(toy, tmp_path):
    chosen = toy.settings(epochs=50, patience=2, metric="valid_bleu", average=0)
    result = fit(
        toy.make_model(), toy.ToyStream(), settings=chosen, folder=tmp_path, validate=scores(1.0, 5.0, 4.0, 3.0)
    )
    assert (result.stopped, result.steps, result.best) == ("patience", 28, 5.0)


def test_minutes_run_out_and_the_last_step_is_validated(toy, tmp_path):
    chosen = toy.settings(epochs=None, minutes=0.002)
    result = fit(toy.make_model(pause=0.01), toy.ToyStream(), settings=chosen, folder=tmp_path, validate=toy.validate)
    assert result.stopped == "minutes"
    assert "valid_loss" in lines_in(tmp_path)[-1]
    assert lines_in(tmp_path)[-1]["step"] == result.steps


def test_a_run_that_goes_on_later_is_the_same_as_one_that_went_through(toy, tmp_path):
    through, stopped = toy.make_model(noise=0.2), toy.make_model(noise=0.2)
    fit(through, toy.ToyStream(), settings=toy.settings(steps=18), folder=tmp_path / "a")
    fit(stopped, toy.ToyStream(), settings=toy.settings(steps=10), folder=tmp_path / "b")
    resumed, stream = toy.ToyModel(noise=0.2), toy.ToyStream()
    fit(resumed, stream, settings=toy.settings(steps=18), folder=tmp_path / "b", resume=True)
    assert stream.given[0] == (1, 3)
    assert same(weights(through), weights(resumed))
    assert not same(weights(through), weights(stopped))
    finished = [line["train_loss"] for line in lines_in(tmp_path / "b") if line["step"] > 12]
    assert finished == [line["train_loss"] for line in lines_in(tmp_path / "a") if line["step"] > 12]


def test_a_finished_run_has_nothing_left_to_do(toy, tmp_path):
    chosen = toy.settings(epochs=2, average=2)
    first = fit(toy.make_model(), toy.ToyStream(), settings=chosen, folder=tmp_path, validate=toy.validate)
    kept, model = load_tensors(tmp_path / MODEL), toy.ToyModel()
    again = fit(model, toy.ToyStream(), settings=chosen, folder=tmp_path, validate=None, resume=True)
    assert (again.best, again.kept, again.steps) == (first.best, first.kept, first.steps)
    assert same(weights(model), kept)


def test_a_folder_with_a_run_is_not_overwritten_and_an_empty_one_can_be_resumed(toy, tmp_path):
    given = {"settings": toy.settings(steps=1), "folder": tmp_path}
    fit(toy.make_model(), toy.ToyStream(), **given, resume=True)
    with pytest.raises(UserError, match=r"holds a run.*resume"):
        fit(toy.make_model(), toy.ToyStream(), **given)


def test_a_loss_that_is_no_number_stops_with_its_step_and_the_last_checkpoint_is_sound(toy, tmp_path):
    class Breaks(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = toy.make_model()
            self.calls = 0

        def loss(self, batch):
            self.calls += 1
            total, nll, tokens = self.inner.loss(batch)
            return TokenLoss(total * (float("nan") if self.calls == 5 else 1.0), nll, tokens)

    with pytest.raises(UserError, match=r"step 5.*lower rate \(0.005 instead of 0.01\).*float32"):
        fit(Breaks(), toy.ToyStream(), settings=toy.settings(save_every=1), folder=tmp_path)
    saved = load_tensors(tmp_path / TRAINING)
    assert all(torch.isfinite(value).all() for name, value in saved.items() if name.startswith("model/"))


def test_a_full_disk_stops_with_one_line_and_the_last_checkpoint_can_be_resumed(toy, tmp_path, monkeypatch):
    whole, model = toy.make_model(noise=0.2), toy.make_model(noise=0.2)
    fit(whole, toy.ToyStream(), settings=toy.settings(steps=9), folder=tmp_path / "whole")
    chosen, flush, calls = toy.settings(steps=9, save_every=4), os.fsync, []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) > 12:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(UserError, match="No space left"):
            fit(model, toy.ToyStream(), settings=chosen, folder=tmp_path / "b")
    resumed = toy.ToyModel(noise=0.2)
    fit(resumed, toy.ToyStream(), settings=chosen, folder=tmp_path / "b", resume=True)
    assert same(weights(whole), weights(resumed))


def test_a_signal_during_validation_cuts_it_off_and_it_comes_first_after_resuming(toy, tmp_path):
    asked = []

    def pressed(model, step):
        asked.append(step)
        signal.raise_signal(signal.SIGINT)
        return {"valid_loss": 1.0}

    chosen = toy.settings(epochs=2)
    first = fit(toy.make_model(), toy.ToyStream(), settings=chosen, folder=tmp_path, validate=pressed)
    assert (first.stopped, first.exit_status, first.steps) == ("interrupted", 130, 7)
    assert [line["step"] for line in lines_in(tmp_path)] == [3, 6]

    def calm(model, step):
        asked.append(step)
        return {"valid_loss": 1.0}

    fit(toy.ToyModel(), toy.ToyStream(), settings=chosen, folder=tmp_path, validate=calm, resume=True)
    assert asked[:3] == [7, 7, 14]
    assert [line["step"] for line in lines_in(tmp_path)] == [3, 6, 7, 9, 12, 14]


def test_bfloat16_is_for_products_only(toy, tmp_path):
    kinds = set()

    class Watched(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = toy.make_model()
            self.inner.inner.register_forward_hook(lambda module, inputs, output: kinds.add(output.dtype))

        def loss(self, batch):
            return self.inner.loss(batch)

    fit(Watched(), toy.ToyStream(), settings=toy.settings(steps=3, precision="bfloat16"), folder=tmp_path)
    assert kinds == {torch.bfloat16}
    saved = load_tensors(tmp_path / TRAINING)
    kept = {value.dtype for name, value in saved.items() if name.startswith(("model/", "optimiser/"))}
    assert kept == {torch.float32}


def test_what_there_is_to_see_is_shown_after_each_validation_on_standard_error(toy, tmp_path, capfd):
    chosen = toy.settings(epochs=2, average=0)
    fit(
        toy.make_model(),
        toy.ToyStream(),
        settings=chosen,
        folder=tmp_path,
        validate=toy.validate,
        watch=lambda model: f"[looks] {model.training}",
    )
    shown = capfd.readouterr()
    assert shown.out == ""
    assert shown.err.count("[looks] False") == 2
    assert shown.err.count("valid_loss") == 2
    assert "Lightning" not in shown.err
    assert "GPU available" not in shown.err


def test_a_validation_without_the_deciding_metric_is_refused(toy, tmp_path):
    chosen = toy.settings(epochs=1, metric="valid_bleu")
    with pytest.raises(UserError, match=r"no number called 'valid_bleu'.*valid_loss"):
        fit(toy.make_model(), toy.ToyStream(), settings=chosen, folder=tmp_path, validate=toy.validate)


def test_batches_that_miscount_their_tokens_are_refused(toy, tmp_path):
    class Wrong(toy.ToyStream):
        def batch(self, epoch, position):
            return super().batch(epoch, position)._replace(tokens_total=10)

    with pytest.raises(ValueError, match=r"adds up to 30, but the losses.*counted 21"):
        fit(toy.make_model(), Wrong(), settings=toy.settings(), folder=tmp_path)
