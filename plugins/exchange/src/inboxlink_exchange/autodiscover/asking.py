"""Ask one confirmed server, with one use of the password, where a mailbox's EWS are."""

from inboxlink.errors import MailboxError, problem
from inboxlink.links import https_url
from inboxlink.types.context import CallContext, HttpAnswer
from inboxlink.types.detection import CertificatePin, Endpoint, Role, Tls
from inboxlink_exchange.autodiscover import pox, soap
from inboxlink_exchange.autodiscover.found import Found
from inboxlink_exchange.schemes import Scheme
from inboxlink_exchange.signed_session import SignedSession

__all__ = ["ask"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def ask(
    ctx: CallContext,
    host: str,
    scheme: Scheme,
    username: str,
    password: str,
    *,
    address: str,
    pin: CertificatePin | None = None,
) -> Found:
    """Ask in SOAP, and in plain XML where the server does not speak that.

    Args:
        ctx: Lends the network, and holds the one use of the password.
        host: The server, which the person confirmed or whose name the mail domain's owner gave.
        scheme: How to sign in.
        username: In the person's form.
        password: In the clear.
        address: The mailbox that is asked about.
        pin: The one certificate to trust; None = the trust store.

    Raises:
        SignInError: `sign_in_refused`; nothing is asked again.
        MailboxError: It could not be asked, or did not answer as Autodiscover does.
    """
    url = f"https://{host}{soap.PATH}"
    endpoint = Endpoint(Role.EWS, host, 443, Tls.IMPLICIT)
    with ctx.http(host, pin) as session, ctx.attempt(endpoint, username, password):
        signed = SignedSession(session, host, scheme, username, password)
        answer = signed.send(
            "POST", soap.PATH, {"Content-Type": soap.CONTENT_TYPE}, soap.request(address, url)
        )
        found = _redirected(answer) or (soap.read(answer.body) if _is_soap(answer) else None)
        if found is not None:
            return found
        answer = signed.send(
            "POST", pox.PATH, {"Content-Type": pox.CONTENT_TYPE}, pox.request(address)
        )
        found = _redirected(answer) or (pox.read(answer.body) if answer.status == 200 else None)
        if found is not None:
            return found
    if answer.status >= 500:
        raise MailboxError(problem("server_unavailable", host=host, port="443"))
    raise MailboxError(problem("http_failed", host=host, port="443"))


def _is_soap(answer: HttpAnswer) -> bool:
    # A fault of SOAP comes with status 500 (SOAP 1.1 section 6.2), and may hold an error code.
    return answer.status in (200, 500)


def _redirected(answer: HttpAnswer) -> Found | None:
    target = https_url(answer.headers.get("location", ""))
    if answer.status not in _REDIRECTS or target is None:
        return None
    return Found(redirect_url=target)
