"""The application's registration with a provider: where it is read, and what is wrong with it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from inboxlink.config.client import client_settings
from inboxlink.config.model import Config
from inboxlink.errors import HostError, SetupError
from inboxlink.oauth.client import client_problems
from inboxlink.texts import LANGUAGES, Words

SECRET = "GOCSPX-a-secret"


def settings(
    section: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    config = Config.model_validate({"oauth": {"gmail": section}} if section else {})
    return client_settings(config, environ or {}, "gmail")


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.touch(0o600)
    file.write_text(f"{SECRET}\n")
    return file


def test_nothing_is_set() -> None:
    """Without a section and without variables there are no settings at all."""
    assert settings() == {}
    assert (
        client_settings(
            Config.model_validate({"oauth": {"other": {"client_id": "x"}}}), {}, "gmail"
        )
        == {}
    )


def test_the_file_says_it() -> None:
    """Keys arrive as text, stripped; one that was left out or is false is missing."""
    found = settings({"client_id": "an-id", "client_secret": f" {SECRET} ", "testing": True})
    assert found == {"client_id": "an-id", "client_secret": SECRET, "testing": "true"}
    assert settings({"client_id": "an-id", "testing": False}) == {"client_id": "an-id"}


def test_the_environment_wins() -> None:
    """A variable replaces the file's key, and an empty one takes it away."""
    environ = {"INBOXLINK_OAUTH_GMAIL_CLIENT_ID": " theirs ", "INBOXLINK_OAUTH_GMAIL_TENANT": ""}
    found = settings({"client_id": "ours", "tenant": "a-tenant"}, environ)
    assert found == {"client_id": "theirs"}


def test_a_name_with_a_hyphen_has_a_variable() -> None:
    """The shell knows no hyphen in a name."""
    environ = {"INBOXLINK_OAUTH_MY_MAIL_CLIENT_ID": "x"}
    assert client_settings(Config(), environ, "my-mail") == {"client_id": "x"}


def test_secrets_are_read_from_files(secret_file: Path) -> None:
    """The content arrives as the secret, and a secret that is set itself comes first."""
    by_file = {"client_secret_file": str(secret_file), "certificate_file": str(secret_file)}
    assert settings(by_file) == {"client_secret": SECRET, "certificate": SECRET}
    both = by_file | {"client_secret": "set itself"}
    assert settings(both)["client_secret"] == "set itself"
    by_variable = {"INBOXLINK_OAUTH_GMAIL_CLIENT_SECRET_FILE": str(secret_file)}
    assert settings({}, by_variable) == {"client_secret": SECRET}


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620])
def test_a_file_that_others_can_read_is_refused(secret_file: Path, mode: int) -> None:
    """Named, and not read."""
    secret_file.chmod(mode)
    with pytest.raises(HostError, match="file_exposed") as caught:
        settings({"client_secret_file": str(secret_file)})
    assert SECRET not in str(caught.value.problem)


def test_a_file_that_cannot_be_used_is_named(secret_file: Path) -> None:
    """One that is not there and one that is no text, without their content."""
    missing = secret_file.with_name("missing")
    with pytest.raises(SetupError, match="config_unreadable") as caught:
        settings({"client_secret_file": str(missing)})
    assert caught.value.problem.message.params["path"] == str(missing)
    secret_file.write_bytes(b"\xff\xfe" + SECRET.encode())
    with pytest.raises(SetupError, match="config_unreadable") as caught:
        settings({"client_secret_file": str(secret_file)})
    assert caught.value.problem.message.params["reason"] == "UnicodeDecodeError"
    assert SECRET not in str(caught.value.problem)


def test_a_secret_is_not_shown_with_the_configuration() -> None:
    """Neither the section nor the whole configuration has it in its `repr`."""
    config = Config.model_validate({"oauth": {"gmail": {"client_secret": SECRET}}})
    assert SECRET not in repr(config)


def test_good_settings_have_no_problem() -> None:
    """What the large providers give out passes."""
    google = {
        "client_id": "123456789012-abcdefghijklmnopqrstuvwxyz012345.apps.googleusercontent.com",
        "client_secret": "GOCSPX-aBcDeFgHiJkLmNoPqRsTuVwXyZ01",
    }
    microsoft = {
        "client_id": "00001111-aaaa-2222-bbbb-3333cccc4444",
        "client_secret": "A1b2~C3d4.E5f6_G7h8-I9j0~K1l2.M3n4_O5p6q",
        "tenant": "contoso.onmicrosoft.com",
    }
    for each in (google, microsoft):
        assert client_problems(each, "gmail") == ()


def test_what_is_missing_is_named() -> None:
    """The client id by itself, and whatever else a provider cannot do without."""
    assert [each.code for each in client_problems({}, "gmail")] == ["client_missing"]
    found = client_problems({"client_id": ""}, "gmail", ("client_id", "client_secret"))
    assert [dict(each.message.params) for each in found] == [
        {"provider": "gmail", "setting": "client_id"},
        {"provider": "gmail", "setting": "client_secret"},
    ]


@pytest.mark.parametrize("name", ["client_id", "client_secret", "tenant"])
@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("<client id>", "placeholder"),
        ("YOUR-CLIENT-ID", "placeholder"),
        ("abc...", "placeholder"),
        ("two words", "characters"),
        ("a\nb", "characters"),
        ("\u200bhidden", "characters"),
        ("café", "characters"),
    ],
)
def test_what_cannot_be_right_is_named_and_not_shown(name: str, value: str, key: str) -> None:
    """Setting and reason are worded in both languages; the value itself is not repeated."""
    (found,) = client_problems({"client_id": "good", name: value}, "gmail")
    assert (found.code, found.message.key) == ("client_invalid", f"error.client_invalid.{key}")
    for language in LANGUAGES:
        words = Words(language)
        said = words(found.message) + words(found.remedy or "")
        assert f"oauth.gmail.{name}" in said
        assert value not in said
        assert "{" not in said
