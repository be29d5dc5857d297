"""The plaintext dialogues that lead to TLS, in constant words.

Nothing of the person goes out here, and nothing that came in is kept but the greeting, which is
good only for refusing. Bytes behind the server's leave to begin were put there by somebody who
hoped that they would be read as if they had come encrypted (NO STARTTLS, USENIX Security 2021).
"""

from inboxlink.errors import MailboxError, problem
from inboxlink.network.channel import PlainChannel
from inboxlink.network.dialogue import imap_command, smtp_reply
from inboxlink.types.detection import Endpoint, Role

__all__ = ["negotiate"]


def negotiate(channel: PlainChannel, endpoint: Endpoint) -> bytes:
    """Ask for TLS, and return the greeting when the server is ready for it.

    Raises:
        MailboxError: `starttls_missing`, `starttls_refused`, `starttls_tampered`,
            `protocol_error`, `server_unavailable`.
    """
    dialogue = _imap if endpoint.role is Role.IMAP else _smtp
    greeting = dialogue(channel, endpoint)
    if channel.buffered:
        raise _trouble("starttls_tampered", endpoint)
    return greeting


def _imap(channel: PlainChannel, endpoint: Endpoint) -> bytes:
    """RFC 9051 sections 7.1 and 6.2.1."""
    greeting = channel.read_line()
    if not greeting.upper().startswith(b"* OK"):
        # PREAUTH would skip TLS, BYE ends the dialogue: neither may be followed.
        is_bye = greeting.upper().startswith(b"* BYE")
        raise _trouble("server_unavailable" if is_bye else "starttls_refused", endpoint)
    capabilities = imap_command(channel, endpoint, b"a1", b"CAPABILITY")
    if capabilities is None or b"STARTTLS" not in capabilities:
        raise _trouble("starttls_missing", endpoint)
    if imap_command(channel, endpoint, b"a2", b"STARTTLS") is None:
        raise _trouble("starttls_refused", endpoint)
    return greeting


def _smtp(channel: PlainChannel, endpoint: Endpoint) -> bytes:
    """RFC 5321 section 4.2 and RFC 3207 section 4."""
    greeting = smtp_reply(channel, endpoint)
    if not greeting[0].startswith(b"220"):
        raise _trouble("server_unavailable", endpoint)
    # An address literal says nothing of this machine (RFC 5321 section 4.1.3).
    channel.sendall(b"EHLO [127.0.0.1]\r\n")
    offered = smtp_reply(channel, endpoint)
    keywords = {line[4:].strip().upper() for line in offered}
    if not offered[0].startswith(b"250") or b"STARTTLS" not in keywords:
        raise _trouble("starttls_missing", endpoint)
    channel.sendall(b"STARTTLS\r\n")
    if not smtp_reply(channel, endpoint)[0].startswith(b"220"):
        raise _trouble("starttls_refused", endpoint)
    return b"\r\n".join(greeting)


def _trouble(code: str, endpoint: Endpoint) -> MailboxError:
    return MailboxError(problem(code, host=endpoint.host, port=str(endpoint.port)))
