"""The rules of one step and one answer, each by itself."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from inboxlink.errors import HostError, Kind, ProviderFault, problem
from inboxlink.flows.checks import (
    MAX_STATE_BYTES,
    check_answer,
    check_step,
    missing_values,
    wrong_issuer,
)
from inboxlink.types.credential import Credential, CredentialKind, SecretName
from inboxlink.types.steps import (
    Abort,
    Agreed,
    Callback,
    Choose,
    Confirm,
    ConfirmKind,
    Done,
    Event,
    Form,
    FormField,
    InputKind,
    Menu,
    MenuOption,
    Poll,
    Redirect,
    Start,
    Submit,
    Tick,
)
from inboxlink.types.text import Text

UNPAIRED = "half a character: \ud800"


def a_field(name: str, kind: InputKind = InputKind.TEXT, **more: Any) -> FormField:
    return FormField(name=name, kind=kind, label=Text("x"), **more)


def a_form(*fields: FormField, **more: Any) -> Form:
    return Form(step="form", title=Text("x"), fields=fields, **more)


def a_menu(*names: str, **more: Any) -> Menu:
    options = tuple(MenuOption(name=name, label=Text("x")) for name in names)
    return Menu(step="menu", title=Text("x"), options=options, **more)


STATE = "abc"
BACK = "http://127.0.0.1:1234/oauth/scripted"
#: An authorization request as the contract wants it.
REQUEST = {
    "response_type": "code",
    "state": STATE,
    "redirect_uri": BACK,
    "code_challenge_method": "S256",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",  # RFC 7636 appendix B
}


def a_redirect(
    url: str = "https://login.test/", *scopes: str, request: Any = REQUEST, **more: Any
) -> Redirect:
    return Redirect(step="redirect", url=f"{url}?{urlencode(request)}", scopes=scopes, **more)


def a_poll(uri: str = "https://login.test/device", *scopes: str) -> Poll:
    until = datetime(2026, 1, 1, tzinfo=UTC)
    return Poll(
        step="poll", user_code="AB", verification_uri=uri, scopes=scopes, every_s=5, until=until
    )


def a_credential(**secrets: str) -> Credential:
    return Credential(
        kind=CredentialKind.PASSWORD,
        account="me",
        secrets={SecretName(name): SecretStr(value) for name, value in secrets.items()},
    )


FORM = a_form(a_field("user"), a_field("password", InputKind.SECRET))
CONFIRM = Confirm(step="confirm", kind=ConfirmKind.HOST, facts={"host": "imap.test"})


def submitted(secrets: dict[str, str] | None = None, **values: str) -> Submit:
    return Submit(values=values, secrets=secrets or {})  # type: ignore[arg-type]


# --- answers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pending", "event", "oauth_state"),
    [
        (FORM, submitted({"password": "s"}, user="me"), None),
        (FORM, submitted(user="me"), None),
        (FORM, submitted(), None),
        (FORM, submitted(user="x" * 4096), None),
        (FORM, submitted({"password": "x" * 4096}), None),
        (FORM, submitted({"password": "not UTF-8: \udcff"}), None),
        (a_menu("one", "two"), Choose(option="two"), None),
        (CONFIRM, Agreed(facts_digest=CONFIRM.facts_digest), None),
        (a_redirect(), Callback(params={"state": "abc", "code": "1"}), "abc"),
        (a_poll(), Tick(), None),
    ],
)
def test_an_answer_that_fits_is_taken(pending: Any, event: Event, oauth_state: str | None) -> None:
    """Each kind of step takes its own kind of answer, up to the longest value."""
    check_answer(pending, event, oauth_state)


@pytest.mark.parametrize(
    ("pending", "event", "oauth_state"),
    [
        (FORM, submitted(somebody="me"), None),
        (FORM, submitted(password="in the open"), None),
        (FORM, submitted({"user": "as a secret"}), None),
        (FORM, submitted(user="x" * 4097), None),
        (FORM, submitted({"password": "x" * 4097}), None),
        (FORM, submitted(user=UNPAIRED), None),
        (FORM, Start(), None),
        (a_menu("one", "two"), Choose(option="three"), None),
        (a_menu("one"), Choose(option=UNPAIRED), None),
        (a_menu("one"), submitted(), None),
        (CONFIRM, Agreed(facts_digest=""), None),
        (CONFIRM, Agreed(facts_digest=UNPAIRED), None),
        (CONFIRM, Choose(option=CONFIRM.facts_digest), None),
        (a_redirect(), Callback(params={"state": "abd"}), "abc"),
        (a_redirect(), Callback(params={"state": UNPAIRED}), "abc"),
        (a_redirect(), Callback(params={"STATE": "abc"}), "abc"),
        (a_redirect(), Callback(params={}), "abc"),
        (a_redirect(), Callback(params={}), "XXXX"),
        (a_redirect(), Callback(params={"state": "abc"}), None),
        (a_redirect(), Callback(params={}), None),
        (a_redirect(), Tick(), "abc"),
        (a_poll(), Callback(params={}), None),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(
    pending: Any, event: Event, oauth_state: str | None
) -> None:
    """What the step did not ask for is a mismatch, which names the step."""
    with pytest.raises(HostError, match="answer_mismatch") as caught:
        check_answer(pending, event, oauth_state)
    assert caught.value.problem.message.params["step"] == pending.step


# --- required fields ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "answer", "missing"),
    [
        (FORM, submitted({"password": "s"}, user="me"), set()),
        (FORM, submitted({"password": " "}, user="me"), set()),
        (FORM, submitted({"password": "s"}, user=" \t"), {"user"}),
        (FORM, submitted({"password": ""}, user="me"), {"password"}),
        (FORM, submitted(user="me"), {"password"}),
        (FORM, submitted(), {"user", "password"}),
        (a_form(a_field("user", value="me")), submitted(), set()),
        (a_form(a_field("user", value="me")), submitted(user=""), {"user"}),
        (a_form(a_field("user", required=False)), submitted(), set()),
    ],
)
def test_what_was_left_empty_is_named(form: Form, answer: Submit, missing: set[str]) -> None:
    """A required field counts as filled by what was typed, or by what stood in it before."""
    found = missing_values(form, answer)
    assert set(found) == missing
    assert all(each.code == "value_missing" for each in found.values())
    assert all(found[name].message.params["field"] == name for name in found)


@pytest.mark.parametrize(
    ("answer", "missing"),
    [
        (submitted(apart="no"), {"last"}),
        (submitted(apart="yes"), {"server", "last"}),
        (submitted(apart="yes", server="smtp.test"), {"last"}),
        (submitted(), {"last"}),
    ],
)
def test_a_field_that_depends_is_asked_only_then(answer: Submit, missing: set[str]) -> None:
    """A field of `only_if` is required while the other has that value; those after it always."""
    form = a_form(
        a_field("apart", value="no"), a_field("server", only_if=("apart", "yes")), a_field("last")
    )
    assert set(missing_values(form, answer)) == missing


# --- steps -------------------------------------------------------------------------------------


def checked(step: object, disclosed: tuple[str, ...] = (), answered: Submit | None = None) -> Any:
    return check_step(
        step,
        provider="scripted",
        disclosed=disclosed,
        answered=answered,
        oauth_state=STATE,
        redirect_uri=BACK,
    )


@pytest.mark.parametrize(
    ("step", "disclosed"),
    [
        (FORM, ()),
        (a_form(a_field("flag", InputKind.FLAG, value="yes")), ()),
        (a_menu("one"), ()),
        (CONFIRM, ()),
        (a_redirect("https://login.test/", "Mail.Read", "openid"), ("mail.read",)),
        (a_redirect("HTTPS://login.test/", "mail.read"), ("Mail.Read", "mail.send")),
        (a_poll("https://login.test/", "offline_access", "email", "profile"), ()),
        (Done(credential=a_credential(password="s")), ()),
        (Abort(error=problem("sign_in_refused")), ()),
    ],
)
def test_a_step_within_the_contract_is_taken(step: object, disclosed: tuple[str, ...]) -> None:
    """Every kind of step passes unchanged; scopes compare without regard to case."""
    assert checked(step, disclosed) is step


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (None, "NoneType is no step"),
        ({"type": "form"}, "dict is no step"),
        (Start(), "Start is no step"),
        (Done(credential=a_credential()), "a credential without a secret"),
        (a_form(a_field("user"), a_field("user")), "two fields of one name"),
        (
            a_form(a_field("password", InputKind.SECRET, value="s")),
            "a secret field that is filled in",
        ),
        (a_menu(state={"kept": UNPAIRED}), "a step that is no JSON"),
        (a_redirect("http://login.test/"), "an address that is not https"),
        (a_redirect("//login.test/"), "an address that is not https"),
        (a_redirect("https://[login.test/"), "an address that is not https"),
        (a_poll("http://login.test/"), "an address that is not https"),
        *(
            (a_redirect(request=REQUEST | {name: "other"}), f"an authorization request with {said}")
            for name, said in (
                ("response_type", "another response_type"),
                ("state", "another state"),
                ("redirect_uri", "another redirect_uri"),
                ("code_challenge_method", "another code_challenge_method"),
            )
        ),
        (
            a_redirect(request=[*REQUEST.items(), ("state", STATE)]),
            "an authorization request with another state",
        ),
        (
            a_redirect(request=REQUEST | {"code_challenge": "short"}),
            "an authorization request without a code_challenge",
        ),
        (a_menu("one", default="two"), "a default that is no option"),
        (
            a_poll("https://login.test/", "mail.send", "Mail.Delete", "email"),
            "scopes that were not disclosed: mail.delete, mail.send",
        ),
    ],
)
def test_a_step_that_breaks_the_contract_is_a_fault(step: object, reason: str) -> None:
    """The fault names the provider, the hook and, for its author, what was wrong."""
    with pytest.raises(ProviderFault, match="provider_result_invalid") as caught:
        checked(step)
    assert caught.value.problem.kind is Kind.PROVIDER
    assert dict(caught.value.problem.message.params) == {
        "provider": "scripted",
        "hook": "authenticate",
        "reason": reason,
    }


@pytest.mark.parametrize("missing", ["oauth_state", "redirect_uri"])
def test_a_host_without_a_way_back_makes_no_request(missing: str) -> None:
    """No browser is sent away from a host that could not know its answer again."""
    given = {"oauth_state": STATE, "redirect_uri": BACK} | {missing: None}
    with pytest.raises(ProviderFault, match="provider_result_invalid"):
        check_step(a_redirect(), provider="scripted", disclosed=(), **given)


@pytest.mark.parametrize(
    ("redirect", "params", "code"),
    [
        (a_redirect(), {}, None),
        (a_redirect(), {"iss": "https://anybody.test"}, None),
        (a_redirect(issuer="https://login.test"), {"iss": "https://login.test"}, None),
        (a_redirect(issuer="https://login.test"), {}, None),
        (a_redirect(issuer="https://login.test", is_issuer_needed=True), {}, "issuer_mismatch"),
        (a_redirect(issuer="https://login.test"), {"iss": ""}, "issuer_mismatch"),
        (
            a_redirect(issuer="https://login.test"),
            {"iss": "https://login.test/"},
            "issuer_mismatch",
        ),
        (a_redirect(issuer="https://login.test"), {"iss": "https://evil.test"}, "issuer_mismatch"),
    ],
)
def test_an_answer_of_another_server_is_refused(
    redirect: Redirect, params: dict[str, str], code: str | None
) -> None:
    """The issuer is compared as a string, and may be needed (RFC 9207 section 2.4)."""
    found = wrong_issuer(redirect, Callback(params=params))
    assert (found and found.code) == code


def test_a_step_has_a_size() -> None:
    """A step of the largest size passes, and one byte more does not, in bytes and not letters."""
    room = MAX_STATE_BYTES - len(a_menu(state={"kept": ""}).model_dump_json())
    largest = a_menu(state={"kept": "é" * (room // 2) + "e" * (room % 2)})
    assert len(largest.model_dump_json().encode()) == MAX_STATE_BYTES
    assert checked(largest) is largest
    with pytest.raises(ProviderFault, match="provider_result_invalid"):
        checked(a_menu(state={"kept": "é" * (room // 2) + "e" * (room % 2 + 1)}))


HELD = "a step that holds the secret just typed"


@pytest.mark.parametrize("secret", ["s", "eight ch", "a long one of many words"])
@pytest.mark.parametrize(
    "holding",
    [
        lambda secret: a_menu(state={"kept": secret}),
        lambda secret: a_menu(state={"kept": [1, {"deep": [secret]}]}),
        lambda secret: a_form(a_field("user", value=secret)),
        lambda secret: Confirm(step="c", kind=ConfirmKind.HOST, facts={"host": secret}),
    ],
)
def test_a_typed_secret_does_not_come_back(secret: str, holding: Any) -> None:
    """Wherever a step would keep a typed secret, however deep and short, it is refused."""
    with pytest.raises(ProviderFault) as caught:
        checked(holding(secret), answered=submitted({"password": secret}))
    assert caught.value.problem.message.params["reason"] == HELD
    assert secret not in ("", *caught.value.problem.message.params.values())


@pytest.mark.parametrize(
    ("secret", "is_held"), [("eight ch", True), ("seven c", False), ("nine char", True)]
)
def test_a_part_of_a_text_counts_from_eight_characters_on(*, secret: str, is_held: bool) -> None:
    """A long secret is found within a text; a short one would be found by accident."""
    step = a_menu(state={"kept": f"before {secret} after"})
    answered = submitted({"password": secret})
    if not is_held:
        assert checked(step, answered=answered) is step
        return
    with pytest.raises(ProviderFault, match="provider_result_invalid"):
        checked(step, answered=answered)


def test_words_of_the_step_itself_are_no_leak() -> None:
    """Somebody whose password is the name of a step, or empty, can sign in."""
    step = a_form(a_field("user"), state={"way": ""})
    assert checked(step, answered=submitted({"password": "form", "other": ""})) is step


def test_every_secret_of_a_form_is_looked_for() -> None:
    """With two secrets typed, the second alone is found too."""
    answered = submitted({"password": "first secret", "outgoing_password": "second secret"})
    with pytest.raises(ProviderFault):
        checked(a_menu(state={"kept": "second secret"}), answered=answered)
