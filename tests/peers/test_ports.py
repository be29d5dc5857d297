"""Ports that are nobody's, and ports that are one server's."""

import socket
from contextlib import closing

import pytest

from inboxlink.testing.peers.ports import CLOSED_PORT, LOOPBACK, held_port


def test_a_held_port_is_only_the_servers() -> None:
    """Nobody connects to it, from it or listens there, but the server that is told the number."""
    with held_port() as port:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((LOOPBACK, port))
        with closing(socket.socket()) as another, pytest.raises(OSError, match="in use"):
            another.bind((LOOPBACK, port))
        with socket.create_server((LOOPBACK, port)) as server:
            with socket.create_connection((LOOPBACK, port)) as client:
                taken, there = server.accept()
                assert there == client.getsockname()
                taken.close()
            with closing(socket.socket()) as another, pytest.raises(OSError, match="in use"):
                another.bind((LOOPBACK, port))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((LOOPBACK, port))


def test_nobody_listens_at_the_closed_port() -> None:
    """It refuses connections, and datagrams come back."""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, CLOSED_PORT))
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as datagrams:
        datagrams.connect((LOOPBACK, CLOSED_PORT))
        datagrams.send(b"?")
        with pytest.raises(ConnectionRefusedError):
            datagrams.recv(1)
