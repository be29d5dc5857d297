"""The contract of providers, kept by this one: at dovecot, by a password and by Google's tokens."""

from typing import Any, ClassVar

import pytest

from imap.google_mail import ANN, APP_PASSWORD, BEN, CLIENT, REDIRECT_URI, GoogleMail
from inboxlink.testing import Claim, Fill, Mistake, Pick, ProviderContract, Script, Visit, World
from inboxlink.types.detection import (
    Basis,
    Evidence,
    HostingFact,
    MailExchange,
    PublishedServer,
    SignIn,
    Tls,
)
from inboxlink.types.way import Way
from peers.certificates import Authority
from peers.dovecot import Dovecot
from peers.fixtures import ALICE, PASSWORDS
from peers.oauth.authorization import Account

pytest_plugins = ["inboxlink.testing.plugin"]

PASSWORD = PASSWORDS[ALICE]
SERVERS = (
    PublishedServer("imap", "imap.example.test", 993, Tls.IMPLICIT),
    PublishedServer("smtp", "smtp.example.test", 465, Tls.IMPLICIT),
)
PUBLISHED = Evidence("example.test", published=SERVERS)
GMAIL = Evidence(
    "gmail.com",
    hosting=(
        HostingFact(
            "gmail",
            "gmail.com",
            is_owned=True,
            servers=(
                PublishedServer("imap", "imap.gmail.com", 993, Tls.IMPLICIT),
                PublishedServer("smtp", "smtp.gmail.com", 465, Tls.IMPLICIT),
            ),
            sign_in=(SignIn.OAUTH, SignIn.APP_PASSWORD),
        ),
    ),
)
AT_GMAIL: dict[str, Any] = {
    "address": "ann@gmail.com",
    "evidence": GMAIL,
    "ways": frozenset({Way.LOOPBACK}),
    "redirect_uri": REDIRECT_URI,
}


def by_google(account: Account, **how: object) -> tuple[Pick, Visit]:
    """Somebody signs in at Google's pages, and is led back."""
    return Pick("google"), Visit(
        lambda world, step: (
            world.servers.person(account, **how).sign_in(step.url, visits_redirect=False).address
        )
    )


class TestImap(ProviderContract):
    """Each way to sign in, each that is refused, and the mistakes that its forms show."""

    provider = "imap"
    claims = (
        Claim(PUBLISHED, Basis.PUBLISHED),
        Claim(GMAIL, Basis.OWNED_DOMAIN),
        Claim(Evidence("example.test", preset=SERVERS), Basis.ADMIN_PRESET),
        Claim(
            Evidence("example.test", hosting=(HostingFact("amazon_ses", "10 inbound-smtp"),)),
            refused="amazon_ses_unsupported",
        ),
    )
    declines = (
        Evidence("example.test"),
        Evidence("example.test", mx=(MailExchange(10, "mx.example.test"),), published=()),
    )
    scripts: ClassVar[tuple[Script, ...]] = (
        Script(
            name="password",
            address=ALICE,
            evidence=PUBLISHED,
            answers=(Fill(secrets={"password": PASSWORD}),),
            mistakes=(
                Mistake(at="sign_in", answer=Fill(), error="value_missing", field="password"),
                Mistake(
                    at="sign_in",
                    answer=Fill({"imap_host": "no.example.test"}, {"password": PASSWORD}),
                    error="host_not_found",
                    field="imap_host",
                    then=(
                        Fill({"imap_host": "imap.example.test"}),
                        Fill(secrets={"password": PASSWORD}),
                    ),
                ),
            ),
        ),
        Script(
            name="servers by hand",
            address=ALICE,
            answers=(
                Fill({"imap_host": "imap.example.test", "smtp_host": "smtp.example.test"}),
                Fill(secrets={"password": PASSWORD}),
            ),
        ),
        Script(
            name="wrong password",
            address=ALICE,
            evidence=PUBLISHED,
            answers=(Fill(secrets={"password": "not Alice's own"}),),
            ends="invalid_credentials",
        ),
        Script(
            name="app password",
            answers=(Pick("app_password"), Fill(secrets={"password": APP_PASSWORD})),
            **AT_GMAIL,
        ),
        Script(name="Google", answers=by_google(ANN), **AT_GMAIL),
        Script(
            name="a no at Google",
            answers=by_google(ANN, declines="consent"),
            ends="consent_declined",
            **AT_GMAIL,
        ),
        Script(name="another account", answers=by_google(BEN), ends="wrong_account", **AT_GMAIL),
        Script(
            name="mail withheld",
            answers=by_google(ANN, withheld=["mail.google.com/"]),
            ends="scope_not_granted",
            **AT_GMAIL,
        ),
    )

    @pytest.fixture
    def world(self, dovecot: Dovecot, mail: GoogleMail, authority: Authority) -> World:
        """Dovecot for example.test, and Google with a dovecot that asks it."""
        return World(
            connect={
                **mail.world().connect,
                "imap.example.test:993": f"127.0.0.1:{dovecot.imaps}",
                "smtp.example.test:465": f"127.0.0.1:{dovecot.submissions}",
            },
            ca_file=authority.ca_file,
            settings=CLIENT,
            servers=mail,
        )
