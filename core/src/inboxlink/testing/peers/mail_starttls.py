"""What a mail server says before TLS: that it wants it (RFC 9051 section 6.2.1, RFC 3207)."""

import asyncio
import ssl

from inboxlink.testing.peers.mail_faults import Protocol

__all__ = ["start_tls"]

#: Answers by command: what is said, with `{tag}` for that of IMAP; STARTTLS and a goodbye
#: end the dialogue.
_IMAP = {
    b"": b"{tag} BAD no such command before STARTTLS\r\n",
    b"CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n{tag} OK done\r\n",
    b"LOGIN": b"{tag} NO [PRIVACYREQUIRED] STARTTLS first\r\n",
    b"AUTHENTICATE": b"{tag} NO [PRIVACYREQUIRED] STARTTLS first\r\n",
    b"NOOP": b"{tag} OK done\r\n",
    b"LOGOUT": b"* BYE\r\n{tag} OK done\r\n",
    b"STARTTLS": b"{tag} OK begin\r\n",
}
_SUBMISSION = {
    b"": b"530 5.7.0 STARTTLS first\r\n",
    b"EHLO": b"250-submission\r\n250 STARTTLS\r\n",
    b"NOOP": b"250 2.0.0 done\r\n",
    b"QUIT": b"221 2.0.0 bye\r\n",
    b"STARTTLS": b"220 2.0.0 begin\r\n",
}
_GREETING = {Protocol.IMAP: b"* OK ready\r\n", Protocol.SUBMISSION: b"220 submission ESMTP\r\n"}


async def start_tls(
    protocol: Protocol,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    context: ssl.SSLContext,
) -> bool:
    """Greet, and go on until TLS is up; False = the client went away before."""
    try:
        writer.write(_GREETING[protocol])
        while line := await reader.readline():
            words = line.split()
            tag = words.pop(0) if words and protocol is Protocol.IMAP else b""
            answers = _IMAP if protocol is Protocol.IMAP else _SUBMISSION
            command = words[0].upper() if words else b""
            writer.write(answers.get(command, answers[b""]).replace(b"{tag}", tag or b"*"))
            await writer.drain()
            if command == b"STARTTLS":
                await writer.start_tls(context)
                return True
            if command in (b"LOGOUT", b"QUIT"):
                break
    except (OSError, ValueError):  # it hung up, or sends a line that never ends
        pass
    return False
