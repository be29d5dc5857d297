"""What a person is told before anything is asked of them."""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Application", "Audience", "Capability", "DiscloseContext", "Disclosure"]


class Audience(StrEnum):
    """Whose mailbox it is (req 6, 11): one person's, or a team's."""

    PERSONAL = "personal"
    TEAM = "team"


class Capability(StrEnum):
    """What the application wants to do with the mailbox."""

    RECEIVE = "receive"
    SEND = "send"


@dataclass(frozen=True, slots=True)
class Application:
    """The operator's application, as the disclosures name it.

    Args:
        name: Stands for `{app}` in every text.
        privacy_policy: https address of its privacy policy; None = the operator gave none.
        support: Address or page where a person finds help; None = the operator gave none.
    """

    name: str
    privacy_policy: str | None = None
    support: str | None = None


@dataclass(frozen=True, slots=True)
class DiscloseContext:
    """What a provider needs to word its disclosures."""

    application: Application
    language: str
    audience: Audience
    wanted: frozenset[Capability]


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One text that a person must acknowledge by itself (req 50).

    Args:
        id: Stable name, such as `imap.I`.
        version: Raised whenever the meaning changes; an older acknowledgement no longer counts.
        language: The language that the text is in.
        title: One line.
        body: Paragraphs, separated by blank lines.
        data: The kinds of data that become accessible, one line each.
        scopes: What will be asked of the provider; later requests are a subset.
        remove_here: How to disconnect in the application (req 110).
        revoke_there: How to end the access at the provider (req 110).
        is_repeated: Whether it is shown once more when the mailbox is connected (req 50).
    """

    id: str
    version: int
    language: str
    title: str
    body: str
    data: tuple[str, ...]
    scopes: tuple[str, ...]
    remove_here: str
    revoke_there: str
    is_repeated: bool = False

    @property
    def digest(self) -> str:
        """SHA-256, hexadecimal, of exactly what is shown, the application's name filled in."""
        shown = [
            self.id,
            self.version,
            self.language,
            self.title,
            self.body,
            list(self.data),
            list(self.scopes),
            self.remove_here,
            self.revoke_there,
        ]
        canonical = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def reference(self) -> str:
        """`id@version`, as `--acknowledge` takes it."""
        return f"{self.id}@{self.version}"
