"""Turn a name into addresses, once, and judge every one of them."""

import socket
import threading
from ipaddress import ip_address

from inboxlink.errors import MailboxError, problem
from inboxlink.network.answers import Outcome
from inboxlink.network.deadline import remaining_s
from inboxlink.network.policy import IPAddress, check_address
from inboxlink.network.settings import NetworkSettings

__all__ = ["resolve"]

#: How many addresses of one name are tried.
_MAX_ADDRESSES = 4


def resolve(
    host: str, port: int, deadline: float, settings: NetworkSettings
) -> tuple[tuple[IPAddress, int], ...]:
    """Where to connect for `host:port`, most preferred first.

    Raises:
        MailboxError: `host_not_found`, `dns_failed`, `timed_out`.
        SetupError: `address_blocked`, if any of the addresses is: a name that mixes them is a
            name that cannot be trusted.
    """
    mapped = settings.connect.get(f"{host}:{port}")
    if mapped is not None:
        address, _, mapped_port = mapped.rpartition(":")
        return ((ip_address(address.strip("[]")), int(mapped_port)),)
    found = _addresses(host, port, deadline, settings)
    if not found:
        raise MailboxError(problem("host_not_found", host=host, port=str(port)))
    for each in found:
        check_address(each, host, settings)
    return tuple((each, port) for each in found[:_MAX_ADDRESSES])


def _addresses(
    host: str, port: int, deadline: float, settings: NetworkSettings
) -> tuple[IPAddress, ...]:
    try:
        return (ip_address(host),)
    except ValueError:
        pass
    if settings.nameservers:
        return _asked_addresses(host, port, deadline, settings)
    return _system_addresses(host, port, deadline)


def _asked_addresses(
    host: str, port: int, deadline: float, settings: NetworkSettings
) -> tuple[IPAddress, ...]:
    from inboxlink.network.resolver import run_with_resolver

    answer = run_with_resolver(settings, lambda resolver: resolver.addresses(host, deadline))
    if not answer.is_known:
        code = "timed_out" if answer.outcome is Outcome.TIMED_OUT else "dns_failed"
        raise MailboxError(problem(code, host=host, port=str(port)))
    return answer.values


def _system_addresses(host: str, port: int, deadline: float) -> tuple[IPAddress, ...]:
    # getaddrinfo knows hosts files and search orders that dnspython does not, and cannot be
    # interrupted: it is left behind in a daemon thread when the time is up.
    outcome: list[tuple[IPAddress, ...] | MailboxError] = []

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            unknown = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
            code = "host_not_found" if error.errno in unknown else "dns_failed"
            outcome.append(MailboxError(problem(code, host=host, port=str(port))))
        except (OSError, UnicodeError):
            outcome.append(MailboxError(problem("dns_failed", host=host, port=str(port))))
        else:
            outcome.append(tuple(dict.fromkeys(ip_address(row[4][0]) for row in rows)))

    thread = threading.Thread(target=ask, name="inboxlink-resolve", daemon=True)
    thread.start()
    thread.join(remaining_s(deadline, host, port))
    if not outcome:
        raise MailboxError(problem("timed_out", host=host, port=str(port)))
    if isinstance(outcome[0], MailboxError):
        raise outcome[0]
    return outcome[0]
