"""Ask what providers want to know, once DNS was heard: their probes are data, and asked here."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from inboxlink.evidence import hosting, steps
from inboxlink.evidence.finding import Finding
from inboxlink.evidence.inquiry import Inquiry
from inboxlink.types.context import HttpAnswer
from inboxlink.types.detection import Basis, Evidence, Trust
from inboxlink.types.web import Probe, Probed

__all__ = ["answers"]


async def answers(
    inquiry: Inquiry, known: Evidence, wanted: Callable[[Evidence], tuple[Probe, ...]]
) -> Finding:
    """What came of the probes.

    Args:
        inquiry: The questions.
        known: What was known without asking.
        wanted: Gives the probes for what DNS said. It is called in a thread of its own, because
            providers take their time.
    """
    records, services = await asyncio.gather(inquiry.records(), steps.service_records(inquiry))
    mx = records.mx
    heard = replace(
        known,
        mx=tuple(each for each in mx.values if each.host) if mx and mx.is_known else None,
        services=services.servers,
        hosting=hosting.facts(records),
    )
    urls = dict.fromkeys(each.url for each in await asyncio.to_thread(wanted, heard))
    came = await asyncio.gather(*(inquiry.fetch(url) for url in urls))
    probed = tuple(
        Probed(url, "answered", answer)
        if isinstance(answer, HttpAnswer)
        else Probed(url, answer.code)
        for url, answer in zip(urls, came, strict=True)
    )
    return Finding(Basis.FINGERPRINT, Trust.VERIFIED, probes=probed)
