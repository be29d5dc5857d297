"""What stands around an installation: whom it trusts, the names of its servers, and the time."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from inboxlink.bundle.transcript import Conversation
from inboxlink.connect.checkup.finding import Finding
from inboxlink.connect.host import Host
from inboxlink.errors import InboxlinkError, problem
from inboxlink.forecast.calendar import calendar
from inboxlink.forecast.foresight import foresee_roots
from inboxlink.types.text import Text

__all__ = ["look_at_clock", "look_at_names", "look_at_trust"]

#: Variables by which other programs are told whom to trust, none of which is read here.
_NOT_READ = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

#: Tokens are refused by servers whose time differs by more (Kerberos and Entra take five minutes).
_TOLERATED = timedelta(minutes=5)

#: Names that are looked up, of all that are in use.
_MOST_NAMES = 5
_LOOK_UP_S = 5.0


def look_at_trust(host: Host) -> Finding:
    """The operator's further roots, and what of the environment has no say."""
    title = Text("checkup.trust")
    unread = [name for name in _NOT_READ if host.environ.get(name)]
    path = host.config.network.ca_file
    try:
        ends = () if path is None else _ends_of_roots(path)
    except InboxlinkError as error:
        return Finding("trust", title, ok=False, problem=error.problem)
    keys = ("checkup.trust.system", "checkup.trust.system.unread")
    if path is not None:
        keys = ("checkup.trust.own", "checkup.trust.own.unread")
    params = {"path": str(path), "count": str(len(ends)), "unread": ", ".join(unread)}
    detail = Text(keys[bool(unread)], params)
    soon = foresee_roots(str(path), ends, host.clock(), calendar())
    return Finding("trust", title, ok=True, detail=detail, forecasts=soon)


def look_at_names(host: Host) -> Finding:
    """Whether the names of servers that are in use can be looked up; no other name is asked for."""
    import time

    from inboxlink.network.resolving import resolve

    title = Text("checkup.names")
    settings = host.network.settings
    servers = sorted(_servers(host))
    asked = [each for each in servers if f"{each[0]}:{each[1]}" not in settings.connect]
    if not asked:
        return Finding("names", title, ok=None, detail=Text("checkup.names.none"))
    deadline = time.monotonic() + _LOOK_UP_S
    for name, port in asked[:_MOST_NAMES]:
        try:
            resolve(name, port, deadline, settings)
        except InboxlinkError as error:
            # It was found; whether it may be connected to is for whoever connects to say.
            if error.code != "address_blocked":
                return Finding("names", title, ok=False, problem=error.problem)
    named = ", ".join(name for name, _ in asked[:_MOST_NAMES])
    return Finding("names", title, ok=True, detail=Text("checkup.names.good", {"names": named}))


def look_at_clock(host: Host, heard: Iterable[Conversation]) -> Finding:
    """Whether the time is right, as far as what was heard anyway says what time it is."""
    title = Text("checkup.clock")
    now = host.clock()
    if now < calendar().read_at:
        said = f"{calendar().read_at:%Y-%m-%d}"
        wrong = problem("clock_wrong", now=f"{now:%Y-%m-%d %H:%M} UTC", said=said)
        return Finding("clock", title, ok=False, problem=wrong)
    seen = [each for conversation in heard for each in _dates(conversation)]
    if not seen:
        detail = Text("checkup.clock.alone", {"now": f"{now:%Y-%m-%d %H:%M} UTC"})
        return Finding("clock", title, ok=True, detail=detail)
    theirs = seen[-1]
    if abs(now - theirs) > _TOLERATED:
        shown = f"{theirs:%Y-%m-%d %H:%M} UTC"
        wrong = problem("clock_wrong", now=f"{now:%Y-%m-%d %H:%M} UTC", said=shown)
        return Finding("clock", title, ok=False, problem=wrong)
    apart = f"{abs(now - theirs).total_seconds():.0f}"
    return Finding("clock", title, ok=True, detail=Text("checkup.clock.good", {"seconds": apart}))


def _ends_of_roots(path: Path) -> tuple[datetime, ...]:
    from cryptography import x509

    from inboxlink.errors import SetupError
    from inboxlink.network.tls import trusting_context

    trusting_context(path)
    try:
        roots = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        reason = type(error).__name__
        raise SetupError(problem("ca_file_unusable", path=str(path), reason=reason)) from None
    return tuple(each.not_valid_after_utc for each in roots)


def _servers(host: Host) -> set[tuple[str, int]]:
    from inboxlink.store.engine import is_made

    try:
        if not is_made(host.config.store.url, host.paths.data):
            return set()
        connections = host.connections.page(None).items
    except InboxlinkError:  # which the store or the key says
        return set()
    return {(endpoint.host, endpoint.port) for each in connections for endpoint in each.endpoints}


def _dates(conversation: Conversation) -> Iterable[datetime]:
    for turn in conversation.turns:
        answered = turn.answered if isinstance(turn.answered, dict) else {}
        headers = answered.get("headers")
        said = headers.get("date") if isinstance(headers, dict) else None
        try:
            found = parsedate_to_datetime(str(said))
        except ValueError:
            continue
        if found.tzinfo is not None:
            yield found
