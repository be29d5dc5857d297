"""Ports on loopback."""

import socket
import time

__all__ = ["LOOPBACK", "free_port", "wait_until"]

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        return int(listener.getsockname()[1])


def wait_until(port: int, *, is_open: bool, timeout_s: float = 15) -> None:
    """Wait until a port answers, or no longer does."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            socket.create_connection((LOOPBACK, port), timeout=0.5).close()
            answers = True
        except OSError:
            answers = False
        if answers == is_open:
            return
        time.sleep(0.02)
    raise TimeoutError(f"port {port}: open={is_open} was waited for in vain")
