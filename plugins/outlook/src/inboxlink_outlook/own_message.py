"""The message that a person sends to themselves to see both directions work at once.

It stays in the mailbox: removing it would need a permission to change mail, which nobody is asked
for.
"""

from urllib.parse import quote

from inboxlink.oauth.api import Api
from inboxlink.own_message import awaited
from inboxlink.types.context import CallContext
from inboxlink_outlook.words import PROSE

__all__ = ["await_message", "send"]

#: Graph allows a mailbox 10,000 requests in ten minutes; these are at most fifteen.
_PAUSE_S = 2.0


def send(ctx: CallContext, graph: Api, message_id: str) -> None:
    """Send it, leaving no copy among the sent messages.

    Raises:
        InboxlinkError: As `Api.post`.
    """
    message = {
        "subject": PROSE.string("outlook.message.subject", ctx),
        "body": {"contentType": "Text", "content": PROSE.string("outlook.message.body", ctx)},
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
    condition = quote(f"internetMessageId eq '{message_id}'", safe="")
    target = f"/v1.0/me/messages?$filter={condition}&$select=id&$top=1"
    return awaited(lambda: bool(graph.get(target).get("value")), deadline, _PAUSE_S)
