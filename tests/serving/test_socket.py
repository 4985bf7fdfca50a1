"""Where a server listens."""

from __future__ import annotations

import socket

import pytest

from penstock.errors import OptionError
from penstock.serving.access import Access, read_token
from penstock.serving.problems import RequestError
from penstock.serving.server import listen


def test_a_socket_is_one_of_tcp_and_a_taken_port_is_told() -> None:
    """Without its protocol, asyncio leaves Nagle's algorithm on, and each answer takes 40 ms."""
    with listen("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP
        with pytest.raises(OptionError, match="cannot be listened at: Address already in use"):
            listen("127.0.0.1", listening.getsockname()[1])


def test_beyond_the_loopback_a_token_is_needed() -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
        with pytest.raises(OptionError, match="only with a token: --token-file FILE"):
            Access(None, host)
        Access("0123456789abcdef", host)
    with pytest.raises(OptionError, match="PENSTOCK_TOKEN holds 5 characters that make no token"):
        read_token(None, {"PENSTOCK_TOKEN": "short"})


def test_without_a_token_only_this_machine_s_names_are_answered() -> None:
    access = Access(None, "127.0.0.1")
    for host in (b"localhost:8080", b"127.0.0.1", b"[::1]:80", b"LOCALHOST"):
        access.check({b"host": host})
    for host in (b"example.org", b"example.org:8080", b"", b"localhost.example.org"):
        with pytest.raises(RequestError, match="host names localhost and 127.0.0.1 alone"):
            access.check({b"host": host})
