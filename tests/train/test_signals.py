"""Signals: noted, not obeyed at once, and given back."""

import signal
import time

import pytest

pytest.importorskip("lightning")

from heedful.train import signals as module
from heedful.train.signals import Abandoned, Interrupted, Signals

pytestmark = pytest.mark.skipif(not hasattr(signal, "raise_signal"), reason="raises signals")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_noted_and_the_old_handlers_come_back(number, capfd):
    before = signal.getsignal(number)
    with Signals(shown=True) as signals:
        assert signals.received is None
        signal.raise_signal(number)
        assert signals.received == number
        assert "stopping after this step" in capfd.readouterr().err
    assert signal.getsignal(number) is before


def test_a_second_press_stops_at_once_but_an_echo_of_the_first_does_not(monkeypatch, capfd):
    with Signals(shown=False) as signals:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        later = time.monotonic() + 2 * module._SAME_PRESS
        monkeypatch.setattr(time, "monotonic", lambda: later)
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Abandoned):
            signal.raise_signal(signal.SIGINT)
        assert signals.received == signal.SIGINT
    assert capfd.readouterr().err == ""


def test_what_may_be_repeated_is_cut_off():
    with Signals(shown=False) as signals:
        with signals.cutting():
            pass
        with pytest.raises(Interrupted), signals.cutting():
            signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Interrupted), signals.cutting():
            pytest.fail("a signal already seen must not let it begin")


def test_handlers_are_taken_over_again_from_whoever_took_them():
    with Signals(shown=False) as signals:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signals.take_over()
        signal.raise_signal(signal.SIGTERM)
        assert signals.received == signal.SIGTERM
