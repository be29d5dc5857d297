"""What an authorization server gave out, and what of it still counts.

RFC 6749 section 4.1.2 (a code is good once, and its second use ends what it gave), RFC 9700
section 4.14.2 (so is each refresh token), RFC 8628 section 3.5 (how often a device may ask).
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Asked", "Grant", "Grants", "Person", "Refused"]

#: RFC 8628 section 3.5: what is added to the interval of a device that asks too often.
_SLOWER_S = 5
#: Clocks and threads are not exact; a device is told only where it is much too early.
_EARLY = 0.8


class Refused(Exception):
    """A no of the server's (RFC 6749 section 5.2, RFC 8628 section 3.5)."""

    def __init__(self, error: str, description: str = "", status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status


@dataclass
class Person:
    """Who signs in, and what they say when they are asked.

    Args:
        address: Of their mailbox.
        subject: The server's stable id of them.
        denies: Whether they say no to everything.
        withholds: The scopes that they leave out.
    """

    address: str = "alice@example.test"
    subject: str = "subject-1"
    denies: bool = False
    withholds: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Asked:
    """What a client asked for.

    Args:
        challenge: PKCE; None for a device.
        redirect_uri: Likewise.
        nonce: None = none was sent.
    """

    client: str
    scopes: tuple[str, ...]
    challenge: str | None = None
    redirect_uri: str | None = None
    nonce: str | None = None


@dataclass
class Grant:
    """What one person gave one client.

    Args:
        refresh_token: The one that counts.
        access_tokens: Each with the second in which it ends.
    """

    client: str
    person: Person
    scopes: tuple[str, ...]
    refresh_token: str = ""
    access_tokens: dict[str, float] = field(default_factory=dict)
    is_over: bool = False


@dataclass
class _Code:
    asked: Asked
    person: Person
    ends_at: float
    grant: Grant | None = None


@dataclass
class _Device:
    asked: Asked
    ends_at: float
    interval_s: float
    polled_at: float
    is_used: bool = False


class Grants:
    """Codes, device codes and tokens. Not for several threads at once.

    Args:
        now: Seconds.

    Attributes:
        issued: Every secret that was given out, in order.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._codes: dict[str, _Code] = {}
        self._devices: dict[str, _Device] = {}
        self._by_refresh: dict[str, Grant] = {}
        self.all: list[Grant] = []
        self.issued: list[str] = []

    def code(self, asked: Asked, person: Person, lives_s: float) -> str:
        """A new authorization code."""
        code = self._secret("code")
        self._codes[code] = _Code(asked, person, self._now() + lives_s)
        return code

    def redeem(self, code: str, client: str) -> tuple[_Code, Callable[[], Grant]]:
        """What a code was given for, and the grant that comes of it once the rest is checked."""
        found = self._codes.get(code)
        if found is None or found.asked.client != client:
            raise Refused("invalid_grant", "no such code")
        if found.grant is not None:
            found.grant.is_over = True
            raise Refused("invalid_grant", "the code was used before")
        if self._now() >= found.ends_at:
            raise Refused("invalid_grant", "the code has ended")

        def give() -> Grant:
            found.grant = self._granted(found.asked, found.person)
            return found.grant

        return found, give

    def device(self, asked: Asked, lives_s: float, interval_s: float) -> str:
        """A new device code."""
        code = self._secret("device")
        now = self._now()
        self._devices[code] = _Device(asked, now + lives_s, interval_s, now)
        return code

    def poll(
        self, code: str, client: str, answered: Callable[[], Person | None]
    ) -> tuple[Asked, Grant]:
        """What a device is given.

        Args:
            code: The device's.
            client: Who asks.
            answered: Who has typed the code by now; None = nobody has.
        """
        found = self._devices.get(code)
        if found is None or found.asked.client != client or found.is_used:
            raise Refused("invalid_grant", "no such device code")
        now = self._now()
        if now >= found.ends_at:
            raise Refused("expired_token")
        is_early = now - found.polled_at < found.interval_s * _EARLY
        found.polled_at = now
        if is_early:
            found.interval_s += _SLOWER_S
            raise Refused("slow_down")
        person = answered()
        if person is None:
            raise Refused("authorization_pending")
        found.is_used = True
        if person.denies:
            raise Refused("access_denied")
        return found.asked, self._granted(found.asked, person)

    def renew(self, refresh_token: str, client: str) -> Grant:
        """The grant of a refresh token; one that was used before ends it."""
        grant = self._by_refresh.get(refresh_token)
        if grant is None or grant.client != client:
            raise Refused("invalid_grant", "no such refresh token")
        if grant.refresh_token != refresh_token:
            grant.is_over = True
            raise Refused("invalid_grant", "the refresh token was used before")
        if grant.is_over:
            raise Refused("invalid_grant", "the grant has ended")
        return grant

    def tokens(
        self, grant: Grant, lives_s: float, scopes: tuple[str, ...] | None = None
    ) -> dict[str, Any]:
        """A new pair of tokens (RFC 6749 section 5.1); the refresh token before counts no more."""
        access, refresh = self._secret("access"), self._secret("refresh")
        grant.access_tokens[access] = self._now() + lives_s
        grant.refresh_token = refresh
        self._by_refresh[refresh] = grant
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": int(lives_s),
            "refresh_token": refresh,
            "scope": " ".join(grant.scopes if scopes is None else scopes),
        }

    def of_access(self, token: str) -> Grant | None:
        """The grant of an access token that counts; None = it does not."""
        grant = self._holder(token)
        if grant is None or grant.is_over or self._now() >= grant.access_tokens[token]:
            return None
        return grant

    def end(self, token: str, client: str) -> None:
        """End the grant of either kind of token (RFC 7009 section 2.1), if it is the client's."""
        grant = self._by_refresh.get(token) or self._holder(token)
        if grant is not None and grant.client == client:
            grant.is_over = True

    def _holder(self, token: str) -> Grant | None:
        return next((each for each in self.all if token in each.access_tokens), None)

    def _granted(self, asked: Asked, person: Person) -> Grant:
        scopes = tuple(each for each in asked.scopes if each not in person.withholds)
        grant = Grant(asked.client, person, scopes)
        self.all.append(grant)
        return grant

    def _secret(self, kind: str) -> str:
        made = f"{kind}-{secrets.token_urlsafe(32)}"
        self.issued.append(made)
        return made
