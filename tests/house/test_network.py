"""The guard of `conftest` against the network works: tests pass with the cable out."""

import socket
import urllib.request
from contextlib import suppress

import pytest


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("heedful.example", 443), ("2001:db8::1", 80)])
def test_a_connection_to_elsewhere_fails_the_test(address):
    with pytest.raises(pytest.fail.Exception, match="network"):
        socket.create_connection(address, timeout=1)


def test_a_library_that_swallows_errors_cannot_hide_it():
    def careless():
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with suppress(Exception):
            opener.open("http://heedful.example/", timeout=1)

    with pytest.raises(pytest.fail.Exception, match="network"):
        careless()


def test_this_machine_may_be_reached():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=5) as me,
    ):
        me.sendall(b"x")
        other, _ = server.accept()
        with other:
            assert other.recv(1) == b"x"
