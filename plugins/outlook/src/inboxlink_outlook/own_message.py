"""The message that a person sends to themselves to see both directions work at once.

It stays in the mailbox: removing it would need a permission to change mail, which nobody is asked
for.
"""

import time
from threading import Event
from urllib.parse import quote

from inboxlink.oauth.api import Api
from inboxlink.types.context import CallContext
from inboxlink_outlook.words import string

__all__ = ["await_message", "new_id", "send"]

#: Microsoft delivers within one mailbox in a few seconds.
_PATIENCE_S = 30.0
#: Kept free before the deadline, so that what was found is also reported.
_RESERVE_S = 5.0
#: Graph allows a mailbox 10,000 requests in ten minutes; these are at most fifteen.
_PAUSE_S = 2.0


def new_id(ctx: CallContext) -> str:
    """A Message-ID that is not to be guessed, so that finding it proves it."""
    return f"<{ctx.token_urlsafe()}@{ctx.address.domain}>"


def send(ctx: CallContext, graph: Api, message_id: str) -> None:
    """Send it, leaving no copy among the sent messages.

    Raises:
        InboxlinkError: As `Api.post`.
    """
    message = {
        "subject": _worded("outlook.message.subject", ctx),
        "body": {"contentType": "Text", "content": _worded("outlook.message.body", ctx)},
        "toRecipients": [{"emailAddress": {"address": str(ctx.address)}}],
        "internetMessageId": message_id,
    }
    graph.post("/v1.0/me/sendMail", {"message": message, "saveToSentItems": False})


def await_message(graph: Api, message_id: str, deadline: float) -> bool:
    """Look for it until it is there; False = it did not come in time.

    Args:
        graph: May read the mailbox.
        message_id: Of the message.
        deadline: Seconds on the monotonic clock.
    """
    until = min(deadline - _RESERVE_S, time.monotonic() + _PATIENCE_S)
    condition = quote(f"internetMessageId eq '{message_id}'", safe="")
    target = f"/v1.0/me/messages?$filter={condition}&$select=id&$top=1"
    pause = Event()
    while True:
        if graph.get(target).get("value"):
            return True
        if time.monotonic() + _PAUSE_S >= until:
            return False
        pause.wait(_PAUSE_S)


def _worded(key: str, ctx: CallContext) -> str:
    return string(key, ctx.language).replace("{app}", ctx.application.name)
