"""What a token endpoint's refusal means, whoever runs it."""

import pytest

from inboxlink.errors import MailboxError, SetupError, SignInError
from inboxlink.oauth.token_errors import retry_after_s, token_error, token_problem


def named(error: object, **more: object) -> str:
    return token_problem({"error": error, **more}, host="login.example", provider="acme").code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("invalid_grant", "grant_ended"),
        ("invalid_client", "client_refused"),
        ("unauthorized_client", "client_refused"),
        ("deleted_client", "client_refused"),
        ("interaction_required", "interaction_required"),
        ("login_required", "interaction_required"),
        ("consent_required", "consent_required"),
        ("access_denied", "consent_declined"),
        ("authorization_declined", "consent_declined"),
        ("expired_token", "sign_in_timed_out"),
        ("temporarily_unavailable", "server_unavailable"),
        ("server_error", "server_unavailable"),
        ("slow_down", "server_unavailable"),
    ],
)
def test_the_errors_of_the_standards_have_their_names(error: str, code: str) -> None:
    """Each error of RFC 6749 and RFC 8628 that says something of the grant means it."""
    assert named(error) == code


@pytest.mark.parametrize("error", ["invalid_request", "invalid_scope", "odd", "", None, ["x"], 5])
def test_of_any_other_nothing_is_guessed(error: object) -> None:
    """A request of ours that was wrong, or nonsense, ends no grant."""
    assert named(error) == "remote_error"


def test_its_own_words_are_shown_and_cleaned() -> None:
    """The error comes along with its description, in one line."""
    found = token_problem(
        {"error": "odd", "error_description": "a\x1b[31m\r\nb"}, host="h", provider="acme"
    )
    assert found.remote == "odd: a [31m b"
    assert token_problem({"error": "odd"}, host="h", provider="acme").remote == "odd"
    same = {"error": "odd", "error_description": "odd, it is"}
    assert token_problem(same, host="h", provider="acme").remote == "odd, it is"
    assert token_problem({}, host="h", provider="acme").remote is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("invalid_grant", SignInError),
        ("invalid_client", SetupError),
        ("temporarily_unavailable", MailboxError),
    ],
)
def test_the_exception_is_of_the_right_branch(error: str, kind: type[Exception]) -> None:
    """A definite no, a wrong registration and an outage are three branches of the tree."""
    found = token_error({"error": error}, host="h", provider="acme")
    assert type(found) is kind


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 30 ", 30.0),
        ("0", 0.0),
        ("99999999", 24 * 3600.0),
        ("-1", None),
        ("1.5", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("", None),
        (None, None),
        ("9" * 400, 24 * 3600.0),
    ],
)
def test_patience_is_a_number_of_seconds(value: str | None, seconds: float | None) -> None:
    """A date would trust the other side's clock, and no server may ask for more than a day."""
    headers = {} if value is None else {"retry-after": value}
    assert retry_after_s(headers) == seconds
