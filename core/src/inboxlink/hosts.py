"""Which hosts and ports may be named at all."""

import re
from ipaddress import ip_address

import idna

from inboxlink.errors import SetupError, problem

__all__ = ["check_host", "check_port"]

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)


def check_host(host: str) -> str:
    """A host as DNS and TLS want it: A-labels, lower case, or a plain address.

    Raises:
        SetupError: `host_invalid`. Spellings of an address that only some resolvers understand,
            such as `127.1` or `0x7f.1`, are refused with the rest.
    """
    text = host.strip().rstrip(".").lower()
    try:
        # A zone, as in `fe80::1%eth0`, is of this machine, and may hold any characters at all.
        return str(ip_address(text.removeprefix("[").removesuffix("]").replace("%", "/")))
    except ValueError:
        pass
    if not text.isascii():
        try:
            text = idna.encode(text, uts46=True).decode()
        except idna.IDNAError:
            raise SetupError(problem("host_invalid", host=host)) from None
    labels = text.split(".")
    is_numeric = re.fullmatch(r"0x[0-9a-f]*|[0-9]+", labels[-1]) is not None
    if is_numeric or len(text) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise SetupError(problem("host_invalid", host=host))
    return text


def check_port(port: int) -> int:
    """A port.

    Raises:
        SetupError: `port_invalid`.
    """
    if not 1 <= port <= 65535:
        raise SetupError(problem("port_invalid", port=str(port)))
    return port
