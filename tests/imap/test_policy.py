"""Refusals as data."""

import pytest

from inboxlink.types.detection import Refusal, Role
from inboxlink_imap import policy


@pytest.mark.parametrize(
    ("role", "host", "expected"),
    [
        (Role.SUBMISSION, "email-smtp.eu-west-1.amazonaws.com", policy.AMAZON_SES),
        (Role.SUBMISSION, "email-smtp-fips.us-gov-west-1.amazonaws.com", policy.AMAZON_SES),
        (Role.SUBMISSION, "EMAIL-SMTP.us-east-1.amazonaws.com.", policy.AMAZON_SES),
        (Role.IMAP, "inbound-smtp.us-east-1.amazonaws.com", policy.AMAZON_SES),
        (Role.IMAP, "imap.mail.us-east-1.awsapps.com", policy.AMAZON_WORKMAIL),
        (Role.SUBMISSION, "smtp.mail.us-east-1.awsapps.com", policy.AMAZON_WORKMAIL),
        (Role.IMAP, "pop.example.org", policy.POP3),
        (Role.IMAP, "pop3.example.org", policy.POP3),
        (Role.SUBMISSION, "pop.example.org", None),
        (Role.IMAP, "popular.example.org", None),
        (Role.IMAP, "notawsapps.com", None),
        (Role.IMAP, "email-smtp.example.org", None),
        (Role.IMAP, "ec2-1-2-3-4.compute.amazonaws.com", None),
    ],
)
def test_hosts(role: Role, host: str, expected: Refusal | None) -> None:
    """Amazon's mail services and POP3 are known by their host names, and nothing else is."""
    # req 90, 91
    assert policy.host_refusal(role, host) is expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"+OK POP3 ready\r\n", policy.POP3),
        (b"* OK [CAPABILITY IMAP4rev1] Courier-IMAP ready. Copyright 1998-2018", policy.COURIER),
        (b'("name" "Courier-IMAP Server")', policy.COURIER),
        (b"* OK Dovecot ready.", None),
        (b"* OK IMAP4 at your service, by courier", None),
    ],
)
def test_greetings(said: bytes, expected: Refusal | None) -> None:
    """POP3 and Courier-IMAP are known by what they say of themselves."""
    assert policy.greeting_refusal(said) is expected


def test_every_refusal_says_what_to_do_instead() -> None:
    """No refusal is a dead end."""
    # req 92
    for name in ("POP3", "COURIER", "AMAZON_SES", "AMAZON_WORKMAIL", "TEAM"):
        problem = policy.refused(getattr(policy, name))
        assert problem.code.endswith("_unsupported")
        assert problem.remedy is not None
