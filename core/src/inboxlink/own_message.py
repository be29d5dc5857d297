"""The message that a person sends to themselves, to see both directions work: for providers."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default

from inboxlink.types.context import CallContext

__all__ = ["compose"]

#: RFC 6152 section 3: eight bits go only to a server that says 8BITMIME, and one that says so may
#: hand them to another that does not. Seven always arrive.
_SEVEN_BITS = default.clone(cte_type="7bit")


def compose(ctx: CallContext, subject: str, body: str) -> EmailMessage:
    """Write the message; its Message-ID is not to be guessed, so that finding it proves it.

    Args:
        ctx: Whose mailbox it is.
        subject: In the person's language.
        body: Likewise.
    """
    message = EmailMessage(policy=_SEVEN_BITS)
    address = Address(username=ctx.address.local, domain=ctx.address.domain)
    message["From"] = address
    message["To"] = address
    message["Subject"] = subject
    message["Date"] = ctx.now()
    message["Message-ID"] = f"<{ctx.token_urlsafe()}@{ctx.address.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 section 5: nobody answers it
    message.set_content(body)
    return message
