"""Look many domains up: some at a time, through one resolver, politely."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from itertools import islice

from inboxlink.evidence.gathering import look_into
from inboxlink.evidence.lookup import LookupSettings
from inboxlink.network.dialer import Dialer
from inboxlink.network.resolver import Resolver
from inboxlink.network.settings import NetworkSettings
from inboxlink.types.detection import Evidence

__all__ = ["look_into_many"]

#: Domains at the same time.
_AT_ONCE = 100
#: Questions that one domain may need. Who waits for a turn longer than a look-up may last would
#: never hear an answer.
_QUESTIONS = 20


async def look_into_many(
    known: Iterable[Evidence], settings: LookupSettings, network: NetworkSettings, per_s: int
) -> AsyncIterator[Evidence]:
    """The evidence about each domain, in the order in which it is complete.

    Args:
        known: What was known about each without asking.
        settings: How far each look-up goes.
        network: The operator's settings for the network.
        per_s: Questions to DNS in a second; 0 = as many as there are.
    """
    at_once = min(_AT_ONCE, max(1, per_s // _QUESTIONS)) if per_s else _AT_ONCE
    resolver = Resolver(network, per_s=per_s)
    dialer = Dialer(network, resolver)
    waiting = iter(known)
    running: set[asyncio.Task[Evidence]] = set()
    ended: asyncio.Queue[asyncio.Task[Evidence]] = asyncio.Queue()

    def begin(each: Evidence) -> None:
        task = asyncio.ensure_future(look_into(each, settings, resolver, dialer))
        running.add(task)
        task.add_done_callback(ended.put_nowait)

    try:
        for each in islice(waiting, at_once):
            begin(each)
        while running:
            task = await ended.get()
            running.discard(task)
            for each in islice(waiting, 1):
                begin(each)
            yield task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await resolver.close()
