"""What plain http says, heard only where somebody chose so and nothing else was found.

Anybody on the way can have written it: it is worth nothing, and goes no further than a question
to the person.
"""

from dataclasses import replace

from inboxlink.evidence import autoconfig, exchange_server
from inboxlink.evidence.finding import Finding
from inboxlink.evidence.inquiry import Inquiry
from inboxlink.evidence.steps import first_file
from inboxlink.types.context import HttpAnswer
from inboxlink.types.detection import Basis, Trust
from inboxlink.types.text import Text

__all__ = ["autodiscover", "own_file"]


async def own_file(inquiry: Inquiry) -> Finding:
    """The autoconfig file of the domain by plain http; a redirect to https does not mend it."""
    urls = autoconfig.plain_addresses(inquiry.domain)
    places = {url: inquiry.fetch(url, Trust.NONE, plain=True) for url in urls}
    found = await first_file(inquiry, places, Basis.INSECURE, Trust.NONE)
    if not found.servers:
        return found
    warning = Text("detection.warning.insecure", {"domain": inquiry.domain})
    return replace(found, warnings=(*found.warnings, warning))


async def autodiscover(inquiry: Inquiry) -> Finding:
    """Where the domain's autodiscover redirects; the other host is told of and not asked."""
    url = exchange_server.plain_address(inquiry.domain)
    answer = await inquiry.fetch(url, Trust.NONE, plain=True, follow=False)
    fact = exchange_server.redirected(answer) if isinstance(answer, HttpAnswer) else None
    return Finding(Basis.FINGERPRINT, Trust.NONE, facts=() if fact is None else (fact,))
