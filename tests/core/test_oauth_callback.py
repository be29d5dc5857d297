"""What comes back from an authorization server, and what a refusal in it means."""

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxlink.oauth.callback import (
    MAX_CHARACTERS,
    authorization_problem,
    parse_answer,
    parse_pasted,
)
from inboxlink.texts import safe_text

BACK = "http://127.0.0.1:50123/oauth/gmail"
NAMES = st.sampled_from(["code", "state", "error", "iss", "scope", "error_description", "x"])


@given(st.dictionaries(NAMES | st.text(max_size=5), st.text(max_size=50), max_size=20))
def test_what_was_written_is_read(params: dict[str, str]) -> None:
    """Any parameters that stand there once come out as they went in."""
    query = urlencode(params, errors="surrogatepass", encoding="utf-8")
    if any("\ud800" <= each <= "\udfff" for each in "".join([*params, *params.values()])):
        return
    assert parse_answer(query) == params


@given(
    st.dictionaries(NAMES, st.text("abc", max_size=5), min_size=1, max_size=7),
    st.data(),
)
def test_a_parameter_twice_is_no_answer(params: dict[str, str], data: st.DataObject) -> None:
    """Wherever the second one stands, written how it may, with the same value or another."""
    pairs = list(params.items())
    name = data.draw(st.sampled_from(sorted(params)))
    place = data.draw(st.integers(0, len(pairs)))
    pairs.insert(place, (name, data.draw(st.sampled_from([params[name], "other", ""]))))
    written = "&".join(f"{each}={quote(value)}" for each, value in pairs)
    escaped = f"%{ord(name[0]):02x}{name[1:]}="
    for query in (written, written.replace(f"{name}=", escaped, 1)):
        with pytest.raises(ValueError, match="twice"):
            parse_answer(query)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(query: str) -> None:
    """Nothing but a `ValueError` comes of what a stranger sends."""
    try:
        found = parse_answer(query)
    except ValueError:
        return
    assert all(isinstance(each, str) for pair in found.items() for each in pair)


def test_an_answer_has_a_size() -> None:
    """The longest passes, one character more does not, nor do fifty-one parameters."""
    query = "code="
    assert parse_answer(query + "x" * (MAX_CHARACTERS - len(query)))
    with pytest.raises(ValueError, match="too long"):
        parse_answer(query + "x" * (MAX_CHARACTERS - len(query) + 1))
    assert len(parse_answer("&".join(f"{n}=" for n in range(50)))) == 50
    with pytest.raises(ValueError):
        parse_answer("&".join(f"{n}=" for n in range(51)))


@pytest.mark.parametrize("around", ["{}", "  {}\n", "\t{}", "{}#", "{}#fragment"])
def test_a_copied_address_is_read(around: str) -> None:
    """With what a copy brings along before and behind it."""
    typed = around.format(f"{BACK}?code=4%2F0Ab&state=s&scope=a+b")
    assert parse_pasted(typed, BACK) == {"code": "4/0Ab", "state": "s", "scope": "a b"}


def test_a_redirect_address_without_a_path_is_one_with_a_slash() -> None:
    """A browser writes the slash that the registration left out."""
    assert parse_pasted("https://app.test/?code=1", "https://app.test") == {"code": "1"}


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "4/0AbCdEf",
        "?code=1&state=s",
        "https://127.0.0.1:50123/oauth/gmail?code=1",
        "http://127.0.0.1/oauth/gmail?code=1",
        "http://localhost:50123/oauth/gmail?code=1",
        "http://127.0.0.1:50123/oauth/outlook?code=1",
        "http://127.0.0.1:50123/oauth/gmail/?code=1",
        "http://me@127.0.0.1:50123/oauth/gmail?code=1",
        "https://accounts.google.com/o/oauth2/auth?client_id=1",
        "http://[127.0.0.1:50123/oauth/gmail?code=1",
        f"{BACK}?code=1&code=2",
    ],
)
def test_another_address_is_refused(typed: str) -> None:
    """Another scheme, host, port or path is another sign-in's, or nobody's."""
    with pytest.raises(ValueError):
        parse_pasted(typed, BACK)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("access_denied", "consent_declined"),
        ("consent_required", "consent_required"),
        ("interaction_required", "interaction_required"),
        ("login_required", "interaction_required"),
        ("admin_policy_enforced", "admin_policy"),
        ("org_internal", "admin_policy"),
        ("unauthorized_client", "client_refused"),
        ("deleted_client", "client_refused"),
        ("temporarily_unavailable", "server_unavailable"),
        ("server_error", "server_unavailable"),
        ("something_new", "remote_error"),
        ("", "remote_error"),
    ],
)
def test_a_refusal_has_a_name(error: str, code: str) -> None:
    """The codes of the standards and of the large providers are told apart."""
    found = authorization_problem({"error": error, "state": "s"}, "gmail")
    assert found is not None
    assert found.code == code


def test_a_code_is_no_refusal() -> None:
    """An answer without `error` is none, whatever else it says."""
    assert authorization_problem({"code": "1", "error_description": "x"}, "gmail") is None


def test_the_servers_words_cannot_steer_a_terminal() -> None:
    """They come cleaned and cut, behind the code, which may also stand alone."""
    said = "no\x1b[31m\u202e<b>" + "x" * 5000
    found = authorization_problem({"error": "access_denied", "error_description": said}, "gmail")
    assert found is not None
    assert found.remote is not None
    assert found.remote.startswith("access_denied: no")
    assert found.remote == safe_text(found.remote)
    assert len(found.remote) <= 1000
    bare = authorization_problem({"error": "access_denied"}, "gmail")
    assert bare is not None
    assert bare.remote == "access_denied"
