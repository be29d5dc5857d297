"""Connect to servers that strangers name, without waiting for any of them alone.

A name is resolved once, every address of it is judged, and the one that was judged is connected
under the name's own certificate.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from ipaddress import ip_address

from inboxlink.errors import MailboxError, problem
from inboxlink.network import tls
from inboxlink.network.answers import Outcome
from inboxlink.network.deadline import remaining_s
from inboxlink.network.policy import IPAddress, check_address
from inboxlink.network.resolver import Resolver
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.stream import Stream

__all__ = ["Dialer"]

#: Seconds for TCP and TLS with one address.
_CONNECT_S = 2.5
_MAX_ADDRESSES = 4
#: Connections at once to one address: many domains' names lead to the same server.
_PER_ADDRESS = 2


class Dialer:
    """The one way to a server of a look-up; it belongs to one event loop."""

    def __init__(self, settings: NetworkSettings, resolver: Resolver) -> None:
        self._settings = settings
        self._resolver = resolver
        self._slots: defaultdict[tuple[IPAddress, int], asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(_PER_ADDRESS)
        )

    @contextlib.asynccontextmanager
    async def connected(
        self, host: str, port: int, deadline: float, *, encrypted: bool = True
    ) -> AsyncIterator[Stream]:
        """A connection whose TLS is verified; it is cut off at the end.

        Args:
            host: The name that the certificate must carry.
            port: 1 to 65535.
            deadline: On the monotonic clock.
            encrypted: False = one without TLS, for what may be anybody's.

        Raises:
            MailboxError: `timed_out`, `host_not_found`, `dns_failed`, `certificate_*`, `not_tls`,
                `tls_failed`, `connection_refused`, `connection_lost`, `network_unreachable`.
            SetupError: `address_blocked`, `ca_file_unusable`.
        """
        trouble = _trouble("host_not_found", host, port)
        addresses = await self._addresses(host, port, deadline)
        for place, address in enumerate(addresses):
            async with self._slots[address]:
                # Each address gets its share, so that a dead first one leaves time for the next.
                share = remaining_s(deadline, host, port) / (len(addresses) - place)
                try:
                    async with asyncio.timeout(min(share, _CONNECT_S)):
                        stream = await self._connect(host, *address, encrypted=encrypted)
                except OSError as error:
                    trouble = _trouble(tls.code_of(error), host, port)
                    continue
                try:
                    yield stream
                finally:
                    stream.close()
                return
        raise trouble

    async def _connect(
        self, host: str, address: IPAddress, port: int, *, encrypted: bool
    ) -> Stream:
        stream = await Stream.connect(address, port)
        if encrypted:
            try:
                await stream.encrypt(tls.trusting_context(self._settings.ca_file), host)
            except BaseException:
                stream.close()
                raise
        return stream

    async def _addresses(
        self, host: str, port: int, deadline: float
    ) -> tuple[tuple[IPAddress, int], ...]:
        mapped = self._settings.connect.get(f"{host}:{port}")
        if mapped is not None:
            address, _, mapped_port = mapped.rpartition(":")
            return ((ip_address(address.strip("[]")), int(mapped_port)),)
        try:
            found: tuple[IPAddress, ...] = (ip_address(host),)
        except ValueError:
            answer = await self._resolver.addresses(host, deadline)
            if not answer.is_known:
                code = "timed_out" if answer.outcome is Outcome.TIMED_OUT else "dns_failed"
                raise _trouble(code, host, port) from None
            found = answer.values
        # A name that mixes addresses which may and may not be reached cannot be trusted at all.
        for each in found:
            check_address(each, host, self._settings)
        return tuple((each, port) for each in found[:_MAX_ADDRESSES])


def _trouble(code: str, host: str, port: int) -> MailboxError:
    return MailboxError(problem(code, host=host, port=str(port)))
