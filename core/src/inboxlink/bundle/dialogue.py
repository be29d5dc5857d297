"""What of an IMAP or SMTP dialogue may be written, line by line, as it is said.

Of what is sent, commands that carry no secret are written; everything from AUTHENTICATE, LOGIN or
AUTH to the server's last word on it is not, nor is any message, nor anything that is not known. Of
what is heard, the kinds of answers are written that a verification needs.
"""

import base64
import json
import re
from collections.abc import Iterator

from inboxlink.bundle.pseudonyms import REDACTED, Pseudonyms
from inboxlink.types.detection import Role

__all__ = ["Dialogue"]

_IMAP_COMMANDS = re.compile(
    r"(CAPABILITY|ID|NOOP|LOGOUT|EXAMINE|SELECT|LIST|XLIST|LSUB|NAMESPACE|ENABLE|SEARCH|EXPUNGE"
    r"|CLOSE|UNSELECT|IDLE|UID (?:SEARCH|EXPUNGE|STORE)|STORE)(?: (.*))?",
    re.IGNORECASE,
)
_SMTP_COMMANDS = re.compile(
    r"(EHLO|HELO|LHLO|MAIL FROM|RCPT TO|RSET|NOOP|QUIT|DATA|STARTTLS)(?:[: ](.*))?", re.IGNORECASE
)
#: What begins an exchange of secrets.
_SIGN_IN = re.compile(r"(AUTHENTICATE|LOGIN|AUTH)(?: ([A-Z0-9-]{1,20}))?(?: .*)?", re.IGNORECASE)
_TAGGED = re.compile(r"(\S{1,32}) (.*)")
_LITERAL = re.compile(r"\{(\d{1,10})\+?\}$")

_LIST = re.compile(r'\* (LIST|LSUB|XLIST) \(([^()]*)\) (NIL|"\\?.") (.*)', re.IGNORECASE)
_FETCH = re.compile(
    r"\* \d{1,10} FETCH \((?:UID \d{1,10} ?)?(?:FLAGS \([^()\"]*\))?(?: ?UID \d{1,10})?\)",
    re.IGNORECASE,
)
_UNTAGGED = re.compile(
    r"\* (?:(?:OK|NO|BAD|BYE|PREAUTH)\b.*|(?:CAPABILITY|FLAGS|SEARCH|ESEARCH|ENABLED|ID|SORT)\b.*"
    r"|NAMESPACE .*|\d{1,10} (?:EXISTS|RECENT|EXPUNGE))",
    re.IGNORECASE,
)
_TAGGED_ANSWER = re.compile(r"\S{1,32} (?:OK|NO|BAD)\b.*", re.IGNORECASE)
_SMTP_REPLY = re.compile(r"[2-5]\d\d(?:[ -].*)?")

#: RFC 6154 section 2 and what Gmail and others mark besides.
_SPECIAL_USE = re.compile(
    r"\\(?:Sent|Drafts|Junk|Trash|All|Archive|Flagged|Inbox|Important|Spam)\b", re.IGNORECASE
)
_USUAL_NAMES = frozenset(
    {
        *("inbox", "sent", "sent items", "sent messages", "sent mail", "sent-mail", "drafts"),
        *("trash", "deleted items", "deleted messages", "junk", "spam", "junk e-mail", "archive"),
    }
)


class Dialogue:
    """One connection, from its first line on.

    Args:
        role: What is spoken; anything but IMAP and submission is not known.
        pseudonyms: Of the bundle.
    """

    def __init__(self, role: Role, pseudonyms: Pseudonyms) -> None:
        self._role = role
        self._names = pseudonyms
        #: Whose last word is waited for, while what is sent may be a secret: a tag, or "" in SMTP.
        self._secret_until: str | None = None
        self._is_in_message = False
        self._pending_literal = False

    def sent(self, data: bytes) -> Iterator[str]:
        """What is written of what was sent, one text for each line."""
        for line in data.decode("utf-8", "replace").splitlines():
            yield self._sent_line(line)

    def heard(self, data: bytes) -> str:
        """What is written of a line, its end too; a literal stays as long as it was announced."""
        if self._pending_literal:
            self._pending_literal = False
            return self._names.token(data.decode("utf-8", "replace")).ljust(len(data), "-")[
                : len(data)
            ]
        text = data.decode("utf-8", "replace")
        line = text.rstrip("\r\n")
        end = text[len(line) :]
        written = self._heard_line(line)
        self._pending_literal = _LITERAL.search(written) is not None
        self._follow(line)
        return written + end

    def _sent_line(self, line: str) -> str:
        if self._is_in_message or self._secret_until is not None:
            return REDACTED
        if self._role is Role.IMAP:
            tagged = _TAGGED.fullmatch(line)
            if tagged is None:
                return REDACTED
            tag, command = tagged.groups()
            written = self._command(tag, command, _IMAP_COMMANDS)
            # What is not known may have no tag: then its first word is anything.
            return written if written == REDACTED else f"{tag} {written}"
        if self._role is Role.SUBMISSION:
            return self._command("", line, _SMTP_COMMANDS)
        return REDACTED

    def _command(self, tag: str, command: str, known: re.Pattern[str]) -> str:
        sign_in = _SIGN_IN.fullmatch(command)
        if sign_in is not None:
            self._secret_until = tag
            verb, mechanism = sign_in[1].upper(), sign_in[2]
            # After LOGIN comes the user name, and not the name of a mechanism.
            if mechanism is None or verb == "LOGIN":
                return f"{verb} {REDACTED}"
            return f"{verb} {mechanism.upper()} {REDACTED}"
        if known.fullmatch(command) is None or _LITERAL.search(command):
            if _LITERAL.search(command):
                self._secret_until = tag
            return REDACTED
        return self._arguments(command)

    def _arguments(self, command: str) -> str:
        verb, _, rest = command.partition(" ")
        if verb.upper() in ("EXAMINE", "SELECT"):
            return f"{verb} {self._folder(rest, '/')}"
        return self._names.text(command)

    def _heard_line(self, line: str) -> str:
        if self._role is Role.IMAP:
            return self._heard_imap(line)
        if self._role is Role.SUBMISSION and _SMTP_REPLY.fullmatch(line):
            if line.startswith("334"):
                return f"334 {_challenge(line[4:], self._names)}"
            return self._names.prose(line)
        return REDACTED

    def _heard_imap(self, line: str) -> str:
        if line.startswith("+"):
            return f"+ {_challenge(line[2:], self._names)}"
        listed = _LIST.fullmatch(line)
        if listed is not None:
            kind, marks, separator, name = listed.groups()
            if not _LITERAL.search(name) and not _SPECIAL_USE.search(marks):
                name = self._folder(name, separator.strip('"\\'))
            return f"* {kind} ({marks}) {separator} {self._names.text(name)}"
        if _FETCH.fullmatch(line):
            return line
        if _UNTAGGED.fullmatch(line) or _TAGGED_ANSWER.fullmatch(line):
            return self._names.prose(line)
        return f"* {REDACTED}" if line.startswith("* ") else REDACTED

    def _folder(self, name: str, separator: str) -> str:
        plain = name.strip('"')
        quoted = '"' if name.startswith('"') else ""
        parts = plain.split(separator) if separator not in ("", "NIL") else [plain]
        kept = [
            each if each.lower() in _USUAL_NAMES else self._names.token(each) if each else each
            for each in parts
        ]
        return f"{quoted}{separator.join(kept)}{quoted}"

    def _follow(self, line: str) -> None:
        """Note what the server's line means for what is sent next."""
        if self._role is Role.SUBMISSION:
            is_last = line[3:4] != "-"
            if line.startswith("354"):
                self._is_in_message = True
            elif is_last and not line.startswith("334"):
                self._secret_until = None
                self._is_in_message = False
        elif self._secret_until is not None and line.startswith(f"{self._secret_until} "):
            self._secret_until = None


def _challenge(text: str, names: Pseudonyms) -> str:
    """A challenge of SASL: only one that is JSON, which says why a token is refused (RFC 7628)."""
    try:
        found = json.loads(base64.b64decode(text, validate=True))
    except (ValueError, RecursionError):
        return ""
    if not isinstance(found, dict):
        return ""
    kept = {
        name: names.text(str(found[name]))
        for name in ("status", "schemes", "scope")
        if name in found
    }
    return base64.b64encode(json.dumps(kept).encode()).decode()
