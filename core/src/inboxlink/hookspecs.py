"""The contract: the hooks that a provider implements.

A provider is a module with functions marked by `inboxlink.hookimpl`, named by an entry point in
the group `inboxlink.providers` whose name is the provider's name. The core calls one provider at
a time, in a thread of its own, under a deadline. The first four hooks are the provider; for the
others, implementing one IS the capability.

Expected failures are values (`Abort`, `Check.problem`, a form's errors). What a hook raises is
either an `InboxlinkError` that the network gave it, or a bug of the provider.
"""

from typing import TYPE_CHECKING

from inboxlink import hookspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inboxlink.errors import Problem
    from inboxlink.types.context import AuthContext, CallContext, HookContext
    from inboxlink.types.credential import Credential
    from inboxlink.types.detection import Detection, Endpoint, Evidence
    from inboxlink.types.disclosure import DiscloseContext, Disclosure
    from inboxlink.types.provider import ProviderInfo, RevokeResult
    from inboxlink.types.report import Identity, VerifyReport
    from inboxlink.types.steps import Event, State, Step
    from inboxlink.types.web import Probe

__all__ = [
    "aliases",
    "authenticate",
    "check_client",
    "describe",
    "detect",
    "detect_probes",
    "disclose",
    "refresh",
    "revoke",
    "verify",
]


@hookspec
def describe() -> "ProviderInfo":
    """Say what the provider is called and what it can do.

    Pure, 1 s. Called by `providers doctor` and before the provider is offered.
    """
    raise NotImplementedError


@hookspec
def detect_probes(evidence: "Evidence") -> "tuple[Probe, ...]":
    """Say which addresses of the web should be asked before this provider judges a domain.

    Pure: no network, no clock; 1 s. Called once in a look-up that may ask the web, when DNS was
    heard and did not decide (or everybody is to be heard, as by `detect --explain`); never for
    one of many domains. The core asks, within the look-up's deadline, and `detect` finds what
    came of all providers' probes in `evidence.probes`, which is None where nobody was asked.

    At most 4 addresses, https alone, on port 443. Their hosts are the domain, names below its
    registered domain, and the exchangers and servers that the evidence names; the person is told
    before the look-up that such hosts may be asked. A provider that wants more gets none.

    Example::

        @hookimpl
        def detect_probes(evidence):
            return (Probe(f"https://mail.{evidence.domain}/api/version"),)


        @hookimpl
        def detect(evidence):
            for probed in evidence.probes or ():
                if probed.answer and probed.answer.headers.get("server") == "Example":
                    return Detection("example", Basis.FINGERPRINT, Text("example.because.server"))
            return None
    """
    raise NotImplementedError


@hookspec
def detect(evidence: "Evidence") -> "Detection | None":
    """Judge the evidence about one domain.

    Pure: no network, no clock; 1 s. Called once per domain. Junk in, None out. A provider that
    recognises a mailbox it cannot connect returns a detection with `unsupported` set.

    Example::

        @hookimpl
        def detect(evidence):
            if evidence.hosted_by("example_hosting"):
                return Detection("example", Basis.HOSTED_MX, Text("example.because.mx"))
            return None
    """
    raise NotImplementedError


@hookspec
def disclose(detection: "Detection", ctx: "DiscloseContext") -> "tuple[Disclosure, ...]":
    """Say what the application will see and do, before anything is asked of the person.

    Pure, 1 s. Each disclosure is acknowledged by itself. The scopes requested later are a subset
    of the scopes disclosed here; the core compares them.
    """
    raise NotImplementedError


@hookspec
def authenticate(ctx: "AuthContext", step: str, state: "State", event: "Event") -> "Step":
    """Advance the sign-in by one event.

    30 s. Called first with step `""`, an empty state and `Start`; then with the step and state
    of the pending step and the host's answer. The provider keeps nothing between calls: the next
    one may come in another process. Secrets come last: servers and certificates are settled
    before the form with the secret, and a form shown again has its secrets empty.
    """
    raise NotImplementedError


@hookspec
def verify(
    ctx: "CallContext",
    credential: "Credential",
    settings: "Mapping[str, str]",
    endpoints: "tuple[Endpoint, ...]",
) -> "VerifyReport":
    """Prove the connection in both directions, and say which addresses it answers to.

    60 s. At most one wrong secret goes to any server, whatever is retried or reported: each is
    sent within `ctx.attempt`. A direction that `ctx.wanted` leaves out is not tried; its checks
    have `ok` None.
    """
    raise NotImplementedError


@hookspec
def refresh(ctx: "CallContext", credential: "Credential") -> "Credential":
    """Renew a credential that is about to end. 30 s.

    Called by one process at a time, and kept before it is used; a provider never renews one in
    another hook. What is raised decides: a `SignInError` (`grant_ended`) breaks the connection,
    an `UnreachableError` says that nothing was sent, and after anything else nobody knows whether
    the old secret still counts, so that the connection is at risk until the next answer.
    """
    raise NotImplementedError


@hookspec
def revoke(ctx: "CallContext", credential: "Credential") -> "RevokeResult":
    """End the grant at the provider. 30 s; the local secrets go whatever the outcome."""
    raise NotImplementedError


@hookspec
def aliases(
    ctx: "CallContext",
    credential: "Credential",
    settings: "Mapping[str, str]",
    endpoints: "tuple[Endpoint, ...]",
) -> "tuple[Identity, ...]":
    """Read the addresses that the mailbox may send as, its own among them. 30 s."""
    raise NotImplementedError


@hookspec
def check_client(ctx: "HookContext", online: bool) -> "tuple[Problem, ...]":  # noqa: FBT001
    """Say what is wrong with the operator's registration of the application. 30 s.

    Called by `inboxlink doctor` for a provider that signs in by OAuth. Offline, it looks at the
    settings alone; online, it may ask the authorization server whether it knows the client, and
    neither signs anybody in nor leaves a token behind.
    """
    raise NotImplementedError
