"""The rules of a sign-in that neither a provider nor a host can step around."""

import hmac
from collections.abc import Collection, Iterable
from urllib.parse import parse_qs, urlsplit

from pydantic_core import PydanticSerializationError

from inboxlink.errors import HostError, Problem, ProviderFault, problem
from inboxlink.types.steps import (
    Abort,
    Agreed,
    Callback,
    Choose,
    Confirm,
    Done,
    Event,
    Form,
    InputKind,
    Menu,
    Poll,
    Redirect,
    Step,
    Submit,
    Tick,
)

__all__ = ["MAX_STATE_BYTES", "check_answer", "check_step", "missing_values", "wrong_issuer"]

#: What a provider may keep between two steps. MSAL's flow, the largest known, takes about 2 KiB;
#: a pinned certificate about 3.
MAX_STATE_BYTES = 64 * 1024

_MAX_VALUE_CHARACTERS = 4096

#: Asked for the protocol's own sake (OpenID Connect Core 1.0 section 5.4 and 11), and so no part
#: of what a person is told that the application will read.
_PROTOCOL_SCOPES = frozenset({"openid", "email", "profile", "offline_access"})

_ANSWERS: dict[type, type] = {
    Form: Submit,
    Menu: Choose,
    Confirm: Agreed,
    Redirect: Callback,
    Poll: Tick,
}


def check_answer(
    pending: Form | Menu | Confirm | Redirect | Poll, event: Event, oauth_state: str | None
) -> None:
    """Refuse an answer that the pending step did not ask for.

    Raises:
        HostError: `answer_mismatch`.
    """
    if not isinstance(event, _ANSWERS[type(pending)]) or not _fits(pending, event, oauth_state):
        raise HostError(problem("answer_mismatch", step=pending.step))


def missing_values(form: Form, answer: Submit) -> dict[str, Problem]:
    """The required fields of a form that were left empty, by name."""
    given = {field.name: field.value or "" for field in form.fields} | dict(answer.values)
    missing = {}
    for field in form.fields:
        if field.only_if is not None and given.get(field.only_if[0]) != field.only_if[1]:
            continue
        if field.kind is InputKind.SECRET:
            secret = answer.secrets.get(field.name)
            is_empty = secret is None or not secret.get_secret_value()
        else:
            is_empty = not given[field.name].strip()
        if field.required and is_empty:
            missing[field.name] = problem("value_missing", field=field.name)
    return missing


def wrong_issuer(redirect: Redirect, answer: Callback) -> Problem | None:
    """Why an answer is another authorization server's than the one asked; None = it is its own.

    A person can be led to one server and the answer be taken to another (RFC 9207 section 2.4:
    simple string comparison, and nothing is sent to any token endpoint after a mismatch).
    """
    if redirect.issuer is None:
        return None
    found = answer.params.get("iss")
    if found == redirect.issuer or (found is None and not redirect.is_issuer_needed):
        return None
    return problem("issuer_mismatch", issuer=redirect.issuer, found=found or "-")


def check_step(
    step: object,
    *,
    provider: str,
    disclosed: Collection[str],
    answered: Submit | None = None,
    oauth_state: str | None = None,
    redirect_uri: str | None = None,
) -> Step:
    """Refuse a step that breaks the contract.

    Args:
        step: What the provider returned.
        provider: Named in the fault.
        disclosed: The scopes that the person acknowledged.
        answered: What the person just typed, if it was a form; no secret of it may come back.
        oauth_state: What an authorization request must carry; None = none may be made.
        redirect_uri: Likewise.

    Raises:
        ProviderFault: `provider_result_invalid`.
    """
    reason = _objection(step, disclosed, answered or Submit())
    if reason is None and isinstance(step, Redirect):
        reason = _request_objection(step.url, oauth_state, redirect_uri)
    if reason is not None:
        raise ProviderFault(
            problem(
                "provider_result_invalid", provider=provider, hook="authenticate", reason=reason
            )
        )
    assert isinstance(step, Step)
    return step


def _fits(
    pending: Form | Menu | Confirm | Redirect | Poll, event: Event, oauth_state: str | None
) -> bool:
    match pending, event:
        case Form(), Submit():
            return _fits_form(pending, event)
        case Menu(), Choose():
            return event.option in {option.name for option in pending.options}
        case Confirm(), Agreed():
            return _same(event.facts_digest, pending.facts_digest)
        case Redirect(), Callback():
            return oauth_state is not None and _same(event.params.get("state", ""), oauth_state)
    return True


def _same(given: str, expected: str) -> bool:
    # What comes from outside may hold half a character, which is no reason to raise.
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())


def _fits_form(form: Form, answer: Submit) -> bool:
    secrets = {field.name for field in form.fields if field.kind is InputKind.SECRET}
    values = {field.name for field in form.fields} - secrets
    lengths = [len(value) for value in answer.values.values()]
    lengths += [len(secret.get_secret_value()) for secret in answer.secrets.values()]
    return (
        answer.values.keys() <= values
        and answer.secrets.keys() <= secrets
        and max(lengths, default=0) <= _MAX_VALUE_CHARACTERS
        # They are kept as JSON; a secret never is, and may be any octets.
        and all(_is_unicode(value) for value in answer.values.values())
    )


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _objection(step: object, disclosed: Collection[str], answered: Submit) -> str | None:
    if isinstance(step, Abort):
        return None
    if isinstance(step, Done):
        return None if step.credential.secrets else "a credential without a secret"
    if not isinstance(step, Form | Menu | Confirm | Redirect | Poll):
        return f"{type(step).__name__} is no step"
    try:
        kept = step.model_dump_json()
    except PydanticSerializationError:
        return "a step that is no JSON"
    if len(kept.encode()) > MAX_STATE_BYTES:
        return f"a step of more than {MAX_STATE_BYTES} bytes"
    if _holds_a_secret(step, answered):
        return "a step that holds the secret just typed"
    if isinstance(step, Menu) and step.default not in (None, *(each.name for each in step.options)):
        return "a default that is no option"
    if isinstance(step, Form):
        return _form_objection(step)
    if isinstance(step, Redirect | Poll):
        address = step.url if isinstance(step, Redirect) else step.verification_uri
        if not _is_https(address):
            return "an address that is not https"
        undisclosed = {scope.lower() for scope in step.scopes} - _PROTOCOL_SCOPES
        undisclosed -= {scope.lower() for scope in disclosed}
        if undisclosed:
            return f"scopes that were not disclosed: {', '.join(sorted(undisclosed))}"
    return None


def _form_objection(form: Form) -> str | None:
    names = [field.name for field in form.fields]
    if len(set(names)) != len(names):
        return "two fields of one name"
    if any(field.kind is InputKind.SECRET and field.value for field in form.fields):
        return "a secret field that is filled in"
    return None


def _request_objection(url: str, oauth_state: str | None, redirect_uri: str | None) -> str | None:
    """What is wrong with an authorization request (RFC 9700 section 2.1); None = nothing."""
    query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    for name, wanted in (
        ("response_type", "code"),
        ("state", oauth_state),
        ("redirect_uri", redirect_uri),
        ("code_challenge_method", "S256"),
    ):
        if wanted is None or query.get(name) != [wanted]:
            return f"an authorization request with another {name}"
    # 256 bits, base64url without padding (RFC 7636 section 4.2).
    if [len(each) for each in query.get("code_challenge", [])] != [43]:
        return "an authorization request without a code_challenge"
    return None


def _is_https(address: str) -> bool:
    try:
        return urlsplit(address).scheme == "https"
    except ValueError:  # such as a bracket that is never closed
        return False


def _holds_a_secret(step: Form | Menu | Confirm | Redirect | Poll, answered: Submit) -> bool:
    # What was typed openly may come back, even where somebody's password is their user name.
    open_values = set(answered.values.values())
    kept = step.model_dump(mode="json", include={"state", "fields", "facts"})
    texts = [text for text in _strings(kept) if text not in open_values]
    secrets = [secret.get_secret_value() for secret in answered.secrets.values()]
    # A short secret such as "a" would be found by accident; equality still catches it.
    return any(
        secret == text or (len(secret) >= 8 and secret in text)
        for secret in secrets
        if secret
        for text in texts
    )


def _strings(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)
