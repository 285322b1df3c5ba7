"""What every test lives under: one thread, no network, the same random numbers each time.

`heedful` is not imported here at the top: pytest reads this file before jaxtyping has put its shape checks in place.
"""

import ipaddress
import os
import socket
from collections.abc import Iterator

import hypothesis
import pytest

hypothesis.settings.register_profile(
    "heedful",
    deadline=None,  # the machines are shared: time says nothing
    max_examples=40,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile("heedful-ci", hypothesis.settings.get_profile("heedful"), derandomize=True)
hypothesis.settings.load_profile("heedful-ci" if os.environ.get("CI") else "heedful")

# What child processes of tests inherit: one thread, no window for pictures, a proxy that answers nobody.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["MPLBACKEND"] = "Agg"
os.environ |= dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests first: a worker that came upon one at the end would work while the others are done."""
    items.sort(key=lambda item: "test_in_the_interpreter" not in item.name)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Torch on one thread: pytest-xdist runs one worker a core."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    """Every test begins with the same random numbers, whatever ran before it."""
    import torch

    torch.manual_seed(20260)


@pytest.fixture
def unchecked_shapes() -> Iterator[None]:
    """Shape checks cost most of a small model's time: toys that train do without; other tests of their models check."""
    import jaxtyping

    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture
def no_half_lstm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor without AVX-512, whatever this is: torch's LSTM fails in half precision, and the probe says so."""
    import torch

    from heedful.layer import fused_lstm, recurrent

    real = torch.nn.LSTM.forward

    def failing(self, inputs, state=None):
        data = inputs if isinstance(inputs, torch.Tensor) else inputs.data
        if torch.is_autocast_enabled("cpu") and data.dtype == torch.float32:
            raise RuntimeError("could not create a primitive descriptor for the LSTM forward propagation primitive")
        return real(self, inputs, state)

    monkeypatch.setattr(torch.nn.LSTM, "forward", failing)
    monkeypatch.setattr(recurrent, "fused_lstm_runs_in", lambda dtype, learns: False)
    fused_lstm.say_that_float32_serves.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Fails a test that opens a connection to anywhere but this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", _guarded_lookup(socket.getaddrinfo))
        yield


def _guarded(connect):
    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _refuse_unless_local(address[0])
        return connect(self, address)

    return guarded


def _guarded_lookup(lookup):
    def guarded(host, *args, **kwargs):
        if host is not None:
            _refuse_unless_local(host.decode() if isinstance(host, bytes) else host)
        return lookup(host, *args, **kwargs)

    return guarded


def _refuse_unless_local(host: str) -> None:
    """Loopback, and this machine's own name, which process groups look up."""
    if host in ("", "localhost", "0.0.0.0", "::", socket.gethostname(), socket.getfqdn()):
        return
    try:
        if ipaddress.ip_address(host.partition("%")[0]).is_loopback:
            return
    except ValueError:
        pass
    pytest.fail(f"a test reached for the network: {host!r}")  # not an Exception: no library can swallow it
