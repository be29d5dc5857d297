"""What ends soon: the calendar's facts, the pure judgement, and what the program says of it."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.custody import sql
from core.renewal import Renewal
from inboxlink.cli.app import run
from inboxlink.connect.forecasting import registration_forecasts
from inboxlink.connect.host import Host
from inboxlink.errors import Blame, InboxlinkError
from inboxlink.forecast.calendar import calendar
from inboxlink.forecast.foresight import (
    Facts,
    Forecast,
    RegistrationFacts,
    SeenCertificate,
    foresee,
    foresee_client,
)
from inboxlink.texts import LANGUAGES, Words
from inboxlink.types.credential import CredentialKind
from inboxlink.types.detection import Endpoint, Role, Tls

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY = timedelta(days=1)

IMAP = Endpoint(Role.IMAP, "imap.example.org", 993, Tls.IMPLICIT)
PASSWORD = Facts("imap", CredentialKind.PASSWORD, (IMAP,), None, is_testing=False, used_at=NOW)
GRAPH = Facts(
    "outlook",
    CredentialKind.OAUTH2,
    (),
    None,
    is_testing=False,
    used_at=NOW,
)


def foreseen(facts: Facts, now: datetime = NOW) -> list[tuple[str, int]]:
    return [(each.what, each.days_left) for each in foresee(facts, now, calendar())]


def test_every_dated_fact_says_where_it_was_read_and_has_its_words() -> None:
    """An entry names its source and its month, and both languages word it with a remedy."""
    known = calendar()
    for each in (*known.announced, *known.unused):
        assert len(each.source) > 20
        assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", each.read)
    for language in LANGUAGES:
        words = Words(language)
        for entry in known.announced:
            assert words.has(f"forecast.{entry.what}")
            assert words.has(f"forecast.{entry.what}.remedy")
    assert known.read_at == datetime(2026, 11, 1, tzinfo=UTC)


def test_nothing_is_foretold_of_a_mailbox_that_just_works() -> None:
    """A password on a server of nobody's calendar has no end, and a fresh grant neither."""
    assert foreseen(PASSWORD) == []
    assert foreseen(GRAPH) == []


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(days=2, minutes=1), []),
        (timedelta(days=2), [("grant", 2)]),
        (timedelta(hours=47), [("grant", 1)]),
        (timedelta(hours=1), [("grant", 0)]),
        (timedelta(hours=-1), [("grant", 0)]),
    ],
)
def test_a_grant_is_foretold_two_days_ahead(left: timedelta, said: list[tuple[str, int]]) -> None:
    """Whole days are counted down to none, and what is over stays said."""
    assert foreseen(replace(GRAPH, grant_ends_at=NOW + left)) == said


def test_an_application_in_testing_is_named_as_the_reason() -> None:
    """The seven days of an application in testing are another matter than a grant's own end."""
    facts = replace(GRAPH, grant_ends_at=NOW + DAY, is_testing=True)
    assert foreseen(facts) == [("grant_testing", 1)]


@pytest.mark.parametrize(
    ("provider", "host", "idle_days", "is_said"),
    [
        ("outlook", None, 75, False),
        ("outlook", None, 77, True),
        ("gmail", None, 165, False),
        ("gmail", None, 167, True),
        ("imap", "imap.gmail.com", 165, False),
        ("imap", "imap.gmail.com", 167, True),
        ("imap", "imap.example.org", 10_000, False),
    ],
)
def test_a_grant_that_nobody_uses_is_foretold(
    provider: str, host: str | None, idle_days: int, is_said: bool
) -> None:
    """Two weeks before the 90 idle days of Microsoft and the six months of Google it is said."""
    endpoints = () if host is None else (replace(IMAP, host=host),)
    idle_since = NOW - idle_days * DAY
    facts = replace(GRAPH, provider=provider, endpoints=endpoints, used_at=idle_since)
    assert bool(foreseen(facts)) == is_said
    assert foreseen(replace(facts, kind=CredentialKind.PASSWORD)) == []


def test_what_providers_announced_counts_where_it_is_meant() -> None:
    """An end counts for its servers, protocol and way of signing in, and for nobody else's."""
    smtp = Endpoint(Role.SUBMISSION, "smtp.office365.com", 587, Tls.STARTTLS)
    ews = Endpoint(Role.EWS, "outlook.office365.com", 443, Tls.IMPLICIT)
    assert foreseen(replace(PASSWORD, endpoints=(IMAP, smtp))) == [("smtp_password_online", 34)]
    assert foreseen(replace(GRAPH, endpoints=(IMAP, smtp))) == []
    assert foreseen(replace(PASSWORD, endpoints=(ews,))) == [("ews_online", 125)]
    assert foreseen(replace(PASSWORD, endpoints=(replace(ews, host="mail.example.org"),))) == []
    assert foreseen(replace(PASSWORD, endpoints=(replace(ews, role=Role.IMAP),))) == []
    early = datetime(2026, 9, 1, tzinfo=UTC)
    assert foreseen(replace(PASSWORD, endpoints=(ews,)), early) == []


def test_a_certificate_is_foretold_when_it_was_seen_to_be_late() -> None:
    """A certificate is late in its last quarter as seen; a pinned one is never renewed."""
    ends_at = NOW + 5 * DAY

    def said(begins_at: datetime, seen_at: datetime, *, is_pinned: bool = False) -> list[str]:
        seen = SeenCertificate("imap.example.org:993", begins_at, ends_at, seen_at, is_pinned)
        return [what for what, _ in foreseen(replace(PASSWORD, certificates=(seen,)))]

    year = ends_at - 365 * DAY
    assert said(year, NOW) == ["certificate"]
    assert said(year, NOW - 20 * DAY) == []
    assert said(year, NOW - 20 * DAY, is_pinned=True) == ["certificate_pinned"]
    assert said(ends_at - 6 * DAY, NOW) == []
    assert said(ends_at - 6 * DAY, ends_at - DAY) == ["certificate"]


def test_the_next_end_comes_first() -> None:
    """Several ends of one mailbox are in the order of their dates."""
    smtp = Endpoint(Role.SUBMISSION, "smtp.office365.com", 587, Tls.STARTTLS)
    seen = SeenCertificate("imap.example.org:993", NOW - 300 * DAY, NOW + 3 * DAY, NOW)
    facts = replace(PASSWORD, endpoints=(IMAP, smtp), certificates=(seen,))
    assert [what for what, _ in foreseen(facts)] == ["certificate", "smtp_password_online"]


def test_a_registration_is_foretold_a_month_ahead() -> None:
    """The operator's secret and certificate are theirs to renew, thirty days before."""

    def said(**ends: datetime) -> tuple[Forecast, ...]:
        return foresee_client(RegistrationFacts("outlook", **ends), NOW, calendar())

    assert said(secret_ends_at=NOW + 31 * DAY, certificate_ends_at=NOW + 31 * DAY) == ()
    secret, certificate = said(secret_ends_at=NOW + DAY, certificate_ends_at=NOW + 30 * DAY)
    assert (secret.what, secret.days_left, secret.who) == ("client_secret", 1, Blame.OPERATOR)
    assert (certificate.what, certificate.days_left) == ("client_certificate", 30)


def said(capsys: Any, *arguments: str) -> str:
    assert run(list(arguments)) == 0
    return str(capsys.readouterr().out)


def test_the_list_says_at_risk_with_the_days_left(renewal: Renewal, capsys: Any) -> None:
    """`accounts list` says it beside the mailbox, with what to do, in words and as JSON."""
    listed = json.loads(said(capsys, "--json", "accounts", "list"))["accounts"][0]
    assert (listed["state"], listed["at_risk"]) == ("active", [])
    assert "at risk" not in said(capsys, "accounts", "list")
    renewal.endpoint.grant_s = int(1.5 * 24 * 3600)
    said(capsys, "accounts", "refresh", renewal.id, "--force")
    (risk,) = json.loads(said(capsys, "--json", "accounts", "list"))["accounts"][0]["at_risk"]
    assert (risk["what"], risk["days_left"], risk["who"]) == ("grant", 1, "person")
    assert renewal.id in risk["remedy"]
    text = " ".join(said(capsys, "accounts", "list").split())
    assert "at risk (1 d)" in text
    assert "1 day left" in text
    shown = json.loads(said(capsys, "--json", "accounts", "show", renewal.id))["account"]
    assert shown["at_risk"] == [risk]


def test_a_secret_that_ends_is_foretold_from_the_day_that_the_operator_said(
    renewal: Renewal, capsys: Any
) -> None:
    """A mailbox that is renewed with a secret is at risk with it; a day that is none is named."""
    file = renewal.home / "inboxlink.toml"
    soon = (datetime.now(UTC) + 10.5 * DAY).date()
    before = file.read_text()
    file.write_text(f"{before}\n[oauth.renewing]\nclient_secret_ends = {soon}\n")
    (risk,) = json.loads(said(capsys, "--json", "accounts", "list"))["accounts"][0]["at_risk"]
    assert (risk["what"], risk["who"]) == ("client_secret", "operator")
    assert risk["days_left"] in (9, 10)
    file.write_text(before)
    with Host(environ={"INBOXLINK_OAUTH_RENEWING_CLIENT_SECRET_ENDS": "soon"}) as host:
        with pytest.raises(InboxlinkError) as caught:
            registration_forecasts(host, "renewing")
        assert caught.value.code == "config_invalid"


def test_a_certificate_in_place_of_a_secret_is_foretold(home: Path, authority: Any) -> None:
    """The end that stands in the operator's certificate file is the one that is said."""
    issued = authority.issue("client.example", days_left=12)
    both = home / "client.pem"
    both.write_text(issued.cert.read_text() + issued.key.read_text())
    both.chmod(0o600)
    (home / "inboxlink.toml").write_text(
        f'[oauth.outlook]\nclient_id = "x"\ncertificate_file = "{both}"\n'
    )
    with Host() as host:
        (found,) = registration_forecasts(host, "outlook")
    assert (found.what, found.days_left) == ("client_certificate", 11)


def test_the_mark_of_an_unused_grant_is_its_last_renewal(renewal: Renewal, capsys: Any) -> None:
    """An idle mailbox of Google's is at risk by the end of the last access that was renewed."""
    idle = (datetime.now(UTC) - 170 * DAY).isoformat(timespec="microseconds")
    sql(renewal.data, "UPDATE connection SET expires_at = :at", at=idle)
    assert json.loads(said(capsys, "--json", "accounts", "list"))["accounts"][0]["at_risk"] == []
    endpoint = '[{"role":"imap","host":"imap.gmail.com","port":993,"tls":"implicit"}]'
    sql(renewal.data, "UPDATE connection SET endpoints = :e", e=endpoint)
    (risk,) = json.loads(said(capsys, "--json", "accounts", "list"))["accounts"][0]["at_risk"]
    assert (risk["what"], risk["days_left"]) == ("grant_unused", 9)
