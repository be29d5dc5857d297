"""The sign-in, as a function from one step and its answer to the next step.

    start ──> survey ──> sign_in ──> done        (Gmail: a menu before it, `google_sign_in`)
                │  ^        │ servers changed: survey again, and the password is forgotten
                v  │        v
      servers (a form), certificate (a confirmation)

Servers and certificates are settled before the password is asked for, and a password lives only
in the call that it came with.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from inboxlink.errors import InboxlinkError, Problem, problem
from inboxlink.trusting import CONFIRMABLE, certificate_question, pin_of
from inboxlink.types.context import AuthContext
from inboxlink.types.credential import Credential, CredentialKind, SecretName
from inboxlink.types.detection import Role
from inboxlink.types.disclosure import Audience
from inboxlink.types.steps import (
    Abort,
    Agreed,
    Callback,
    Choose,
    Confirm,
    Done,
    Event,
    Form,
    Start,
    State,
    Step,
    Submit,
)
from inboxlink_imap import google_sign_in, policy
from inboxlink_imap.draft import Draft
from inboxlink_imap.entry import PREFIX, read_draft
from inboxlink_imap.forms import servers_form, sign_in_form
from inboxlink_imap.secret_octets import sendable
from inboxlink_imap.survey import Finding, survey
from inboxlink_imap.usernames import rendered

__all__ = ["advance"]

#: What can be wrong with a name; everything else is shown beside the port.
_OF_THE_HOST = frozenset(
    {"address_blocked", "dns_failed", "host_invalid", "host_not_found", "network_unreachable"}
)


def advance(ctx: AuthContext, step: str, state: State, event: Event) -> Step:
    """See `inboxlink.hookspecs.authenticate`."""
    match step, event:
        case "", Start():
            return _begin(ctx)
        case google_sign_in.METHOD, Choose(option=google_sign_in.GOOGLE):
            return google_sign_in.begin(ctx)
        case google_sign_in.METHOD, Choose():
            return _by_password(ctx)
        case google_sign_in.GOOGLE, Callback():
            return google_sign_in.finish(ctx, state, event)
        case "servers", Submit():
            return _servers(ctx, Draft.of(state), event)
        case "certificate", Agreed():
            return _trusted(ctx, state)
        case "sign_in", Submit():
            return _signed_in(ctx, Draft.of(state), event)
    return Abort(error=problem("answer_mismatch", step=step))


def _begin(ctx: AuthContext) -> Step:
    if ctx.audience is Audience.TEAM:  # req 11, 89
        return Abort(error=policy.refused(policy.TEAM))
    if ctx.detection.unsupported is not None:
        return Abort(error=policy.refused(ctx.detection.unsupported))
    if google_sign_in.is_offered(ctx):
        return google_sign_in.menu(ctx)
    return _by_password(ctx)


def _by_password(ctx: AuthContext) -> Step:
    draft = _first_draft(ctx)
    if draft.imap is None or draft.smtp is None:
        return servers_form(draft, ctx.address, {})
    return _obstacle(ctx, draft) or sign_in_form(draft, ctx.address)


def _first_draft(ctx: AuthContext) -> Draft:
    previous = ctx.previous
    if previous is not None and previous.endpoints:
        endpoints, settings = previous.endpoints, previous.settings
    else:
        endpoints, settings = ctx.detection.endpoints, {}
    by_role = {endpoint.role: endpoint for endpoint in endpoints}
    imap, smtp = by_role.get(Role.IMAP), by_role.get(Role.SUBMISSION)
    username = settings.get("username") or rendered(imap, ctx.address)
    outgoing = settings.get("outgoing_username") or (rendered(smtp, ctx.address) if smtp else None)
    return Draft(
        username=username,
        is_shared=outgoing in (None, username),
        outgoing_username=outgoing,
        imap=imap,
        smtp=smtp,
    )


def _servers(ctx: AuthContext, known: Draft, answer: Submit) -> Step:
    draft, errors = read_draft(known, answer.values, ctx.address)
    if errors:
        return servers_form(known, ctx.address, errors, answer.values)
    return _obstacle(ctx, draft) or sign_in_form(draft, ctx.address)


def _trusted(ctx: AuthContext, state: State) -> Step:
    kept: Mapping[str, Any] = state
    draft = Draft.of(kept["draft"])
    endpoint = draft.endpoint(Role(kept["role"]))
    assert endpoint is not None
    draft = draft.with_endpoint(replace(endpoint, pin=pin_of(kept)))
    return _obstacle(ctx, draft) or sign_in_form(draft, ctx.address)


def _signed_in(ctx: AuthContext, known: Draft, answer: Submit) -> Step:
    draft, errors = read_draft(known, answer.values, ctx.address)
    secrets = {SecretName.PASSWORD: answer.secrets.get("password")}
    if not draft.is_shared:
        secrets[SecretName.OUTGOING_PASSWORD] = answer.secrets.get("outgoing_password")
    for name, secret in secrets.items():
        trouble = _objection(name, secret)
        if trouble is not None:
            errors[name.value] = trouble
    if errors:
        return sign_in_form(known, ctx.address, errors, answer.values)
    if draft.endpoints != known.endpoints:
        obstacle = _obstacle(ctx, draft)
        if obstacle is not None:
            return obstacle
    return _done(ctx, draft, {name: each for name, each in secrets.items() if each is not None})


def _objection(name: SecretName, secret: SecretStr | None) -> Problem | None:
    if secret is None or not secret.get_secret_value():
        return problem("value_missing", field=name.value)
    try:
        sendable("-", secret.get_secret_value())
    except InboxlinkError as error:
        return error.problem
    return None


def _done(ctx: AuthContext, draft: Draft, secrets: dict[SecretName, SecretStr]) -> Done:
    username = draft.username or rendered(draft.imap, ctx.address)
    settings = {"username": username}
    if not draft.is_shared:
        settings["outgoing_username"] = draft.outgoing_username or username
    return Done(
        credential=Credential(kind=CredentialKind.PASSWORD, account=username, secrets=secrets),
        settings=settings,
        endpoints=draft.endpoints,
    )


def _obstacle(ctx: AuthContext, draft: Draft) -> Form | Confirm | None:
    """What keeps these servers from being used; None = nothing, the password can be asked."""
    findings = [each for each in survey(ctx, draft.endpoints) if each.problem is not None]
    errors: dict[str, Problem] = {}
    questions = []
    for finding in findings:
        assert finding.problem is not None
        asked = _question(ctx, draft, finding) if finding.problem.code in CONFIRMABLE else None
        if isinstance(asked, Confirm):
            questions.append(asked)
        else:
            errors |= _field_error(finding.endpoint.role, asked or finding.problem)
    if errors:
        return servers_form(draft, ctx.address, errors)
    return questions[0] if questions else None


def _question(ctx: AuthContext, draft: Draft, finding: Finding) -> Confirm | Problem:
    endpoint = finding.endpoint
    assert finding.problem is not None
    state = {"draft": draft.kept(), "role": endpoint.role.value}
    return certificate_question(ctx, endpoint, finding.problem.code, state)


def _field_error(role: Role, trouble: Problem) -> dict[str, Problem]:
    is_of_host = trouble.code in _OF_THE_HOST or trouble.code.startswith("certificate_")
    return {f"{PREFIX[role]}_{'host' if is_of_host else 'port'}": trouble}
