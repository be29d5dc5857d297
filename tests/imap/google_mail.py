"""Gmail on loopback: Google's accounts, and a dovecot that asks them what a token is good for."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from imap.world import World
from inboxlink.testing.peers.ports import LOOPBACK
from inboxlink.types.detection import Basis, Detection
from inboxlink.types.steps import Done, Redirect, Step
from inboxlink.types.text import Text
from inboxlink.types.way import Way
from inboxlink_imap.google import ENDPOINTS
from peers.certificates import Authority
from peers.dovecot import PROGRAM, Dovecot, LoginAttempt
from peers.need import need
from peers.oauth.authorization import Account
from peers.oauth.google import DESKTOP, WHOLE_MAILBOX, GoogleAccounts
from peers.oauth.person import Person
from peers.relay import Relay

__all__ = [
    "ACCOUNTS",
    "ANN",
    "APP_PASSWORD",
    "BEN",
    "CLIENT",
    "GMAIL",
    "NAMELESS",
    "REDIRECT_URI",
    "UNVERIFIED",
    "GoogleMail",
]

# Introspection names a person by `sub`, and dovecot compares that with the user.
ANN = Account("ann@gmail.com", "ann@gmail.com", email="ann@gmail.com")
BEN = Account("ben@gmail.com", "ben@gmail.com", email="ben@gmail.com")
UNVERIFIED = Account("una@gmail.com", "una", email="ann@gmail.com", is_email_verified=False)
NAMELESS = Account("nemo@gmail.com", "nemo")
ACCOUNTS = (ANN, BEN, UNVERIFIED, NAMELESS)

APP_PASSWORD = "abcd efgh ijkl mnop"
CLIENT = {"client_id": DESKTOP.client_id, "client_secret": str(DESKTOP.secret)}
GMAIL = Detection("imap", Basis.HOSTED_MX, Text("x"), ENDPOINTS, settings={"variant": "gmail"})
REDIRECT_URI = "http://127.0.0.1:4711/oauth/imap"


@dataclass
class GoogleMail:
    """The whole of it."""

    accounts: GoogleAccounts
    dovecot: Dovecot

    def world(self, address: str = "ann@gmail.com") -> World:
        """Somebody with this address, at a host that can have an answer back."""
        return World(
            {
                **self.accounts.connect,
                "imap.gmail.com:993": f"{LOOPBACK}:{self.dovecot.imaps}",
                "smtp.gmail.com:465": f"{LOOPBACK}:{self.dovecot.submissions}",
            },
            self.accounts.ca_file,
            address=address,
            detection=GMAIL,
            ways=frozenset({Way.LOOPBACK}),
            redirect_uri=REDIRECT_URI,
            settings=CLIENT,
            disclosed=(WHOLE_MAILBOX,),
        )

    def reset(self) -> "GoogleMail":
        """Forget what a test changed and what was logged."""
        self.accounts.reset()
        self.dovecot.forget()
        return self

    def attempts(self, count: int) -> list[LoginAttempt]:
        """The uses of secrets, once so many are written, and whatever comes soon after."""
        until = time.monotonic() + 5
        while len(self.dovecot.attempts()) < count and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.1)
        return self.dovecot.attempts()

    def person(self, account: Account = ANN, **how: object) -> Person:
        """Somebody at a browser of their own."""
        return Person(account.login, self.accounts.connect, self.accounts.ca_file, **how)  # type: ignore[arg-type]

    def signed_in(self, world: World, account: Account = ANN, **how: object) -> Step:
        """From the menu to the end, by whoever is at the browser."""
        step = world.choose(world.begin(), "google")
        assert isinstance(step, Redirect), step
        outcome = self.person(account, **how).sign_in(step.url, visits_redirect=False)
        return world.come_back(step, outcome.address)

    def granted(self, world: World, account: Account = ANN) -> Done:
        """A sign-in that went well."""
        done = self.signed_in(world, account)
        assert isinstance(done, Done), done
        return done

    @staticmethod
    @contextmanager
    def running(
        authority: Authority, accounts: GoogleAccounts, extra: str = ""
    ) -> Iterator["GoogleMail"]:
        """Run the mail servers.

        Args:
            authority: Signs their certificate.
            accounts: Running, with `ACCOUNTS`.
            extra: More of dovecot's configuration.
        """
        need(PROGRAM, "dovecot-imapd, dovecot-submissiond")
        certificate = authority.issue("imap.gmail.com", "smtp.gmail.com")
        with (
            Relay() as relay,
            Dovecot(
                {"ann@gmail.com": APP_PASSWORD},
                certificate,
                relay.port,
                extra,
                accounts.introspection,
            ) as dovecot,
        ):
            relay.deliver = dovecot.deliver
            yield GoogleMail(accounts, dovecot)
