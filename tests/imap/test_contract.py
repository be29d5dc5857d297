"""The contract of providers, kept by this one."""

from typing import ClassVar

import pytest

from imap.world import HOST
from inboxlink.testing import Claim, Fill, Mistake, ProviderContract, Script, World
from inboxlink.types.detection import Basis, Evidence, PublishedServer, Tls
from peers.certificates import Authority
from peers.dovecot import Dovecot
from peers.fixtures import ALICE, PASSWORDS

pytest_plugins = ["inboxlink.testing.plugin"]

PASSWORD = PASSWORDS[ALICE]

PUBLISHED = Evidence(
    "example.test",
    published=(
        PublishedServer("imap", "imap.example.test", 993, Tls.IMPLICIT),
        PublishedServer("smtp", "smtp.example.test", 465, Tls.IMPLICIT),
    ),
)


class TestImap(ProviderContract):
    """Passwords at dovecot."""

    provider = "imap"
    claims = (Claim(PUBLISHED, Basis.PUBLISHED),)
    declines = (Evidence("example.test", published=()), Evidence("example.test"))
    scripts: ClassVar = (
        Script(
            name="published servers",
            address=ALICE,
            evidence=PUBLISHED,
            answers=(Fill(secrets={"password": PASSWORD}),),
            mistakes=(
                Mistake(at="sign_in", answer=Fill(), error="value_missing", field="password"),
                Mistake(
                    at="sign_in",
                    answer=Fill({"imap_host": "nowhere.example.test"}, {"password": PASSWORD}),
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
            name="a wrong password",
            address=ALICE,
            evidence=PUBLISHED,
            answers=(Fill(secrets={"password": "not her password"}),),
            ends="invalid_credentials",
        ),
    )

    @pytest.fixture
    def world(self, dovecot: Dovecot, authority: Authority) -> World:
        return World(
            connect={
                "imap.example.test:993": f"127.0.0.1:{dovecot.imaps}",
                "smtp.example.test:465": f"127.0.0.1:{dovecot.submissions}",
                f"{HOST}:993": f"127.0.0.1:{dovecot.imaps}",
            },
            ca_file=authority.ca_file,
        )
