"""What the commands about one mailbox share."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from inboxlink.cli.session import Session

if TYPE_CHECKING:
    from inboxlink.connect.host import Host
    from inboxlink.errors import Problem
    from inboxlink.forecast.foresight import Forecast
    from inboxlink.store.connections import Connection
    from inboxlink.types.text import Text

__all__ = [
    "absences",
    "at_risk",
    "days_left",
    "find",
    "forecast_document",
    "provider_problem",
    "show_forecast",
    "standing",
    "warn_of_ends",
]


def find(session: Session, host: "Host", name: str) -> "Connection":
    """A connection by its id, or by its address where that is one of this person's."""
    if "@" in name:
        found = host.connections.find(session.owner, host.address(name))
        if found is not None:
            return found
    return host.connections.get(name)


def standing(
    session: Session, host: "Host", connection: "Connection", forecasts: "tuple[Forecast, ...]"
) -> str:
    """How a connection stands, and how many days the next end of something is away.

    Without its provider nothing can be done with it, which is all that is said then.
    """
    from inboxlink.plugins.absence import NOT_INSTALLED

    absent = _absence(host, connection)
    if absent is not None:
        is_gone = absent.code in NOT_INSTALLED
        return session.words(f"cli.state.provider_{'not_installed' if is_gone else 'unusable'}")
    state = session.words(f"cli.state.{connection.standing.value}")
    if not forecasts:
        return state
    risk = session.words("cli.state.at_risk")
    said = state if state == risk else f"{state}, {risk}"
    return f"{said} ({session.words('cli.account.days', days=str(forecasts[0].days_left))})"


def provider_problem(
    session: Session, host: "Host", connection: "Connection"
) -> "dict[str, Any] | None":
    """Why nothing can be done with a connection, as JSON; None = its provider is here."""
    absent = _absence(host, connection)
    return None if absent is None else session.describe(absent)


def absences(session: Session, host: "Host", connections: Iterable["Connection"]) -> None:
    """Tell a person, once for each provider, what brings it back."""
    told = {each.provider: _absence(host, each) for each in connections}
    for absent in told.values():
        if absent is not None:
            session.write(session.words(absent.message), mark="✗ ", style="yellow")
            if absent.remedy is not None:
                session.write(session.words(absent.remedy), mark="  → ")


def _absence(host: "Host", connection: "Connection") -> "Problem | None":
    # What was disconnected needs no provider any more.
    from inboxlink.store.connections import ConnectionState

    is_over = connection.state is ConnectionState.DISCONNECTED
    return None if is_over else host.absence(connection.provider)


def warn_of_ends(session: Session, host: "Host", connections: Iterable["Connection"]) -> None:
    """Tell a person what ends soon, while it can still be had again without a gap."""
    from inboxlink.connect.forecasting import forecasts

    connections = tuple(connections)
    found = forecasts(host, connections)
    for each in connections:
        for forecast in found[each.id]:
            show_forecast(session, forecast, each)


def show_forecast(
    session: Session, forecast: "Forecast", connection: "Connection | None" = None
) -> None:
    """One thing that ends soon, with what to do; `connection` None = it is nobody's alone."""
    if session.is_json:
        return
    left = session.words(days_left(forecast))
    subject = "" if connection is None else f"{connection.address}: "
    said = f"{subject}{session.words(forecast.message)} ({left})"
    session.write(said, style="yellow", mark="! ")
    session.write(remedy(session, forecast, connection), mark="  → ")


def remedy(session: Session, forecast: "Forecast", connection: "Connection | None") -> str:
    """What to do before the end, with the connection's own id in its commands."""
    account = "ACCOUNT" if connection is None else connection.id
    return session.words(forecast.remedy.key, **{**forecast.remedy.params, "id": account})


def at_risk(
    session: Session, connection: "Connection", forecasts: "tuple[Forecast, ...]"
) -> dict[str, Any]:
    """What of a connection ends soon, as a member of its document."""
    return {"at_risk": [forecast_document(session, each, connection) for each in forecasts]}


def days_left(forecast: "Forecast") -> "Text":
    """How long is left, in words."""
    from inboxlink.types.text import Text

    date = forecast.ends_at.date().isoformat()
    if forecast.days_left == 0:
        return Text("forecast.days.none", {"date": date})
    key = "forecast.days.one" if forecast.days_left == 1 else "forecast.days.more"
    return Text(key, {"date": date, "days": str(forecast.days_left)})


def forecast_document(
    session: Session, forecast: "Forecast", connection: "Connection | None" = None
) -> dict[str, Any]:
    """One thing that ends soon, as JSON."""
    return {
        "what": forecast.what,
        "ends_at": forecast.ends_at.isoformat(),
        "days_left": forecast.days_left,
        "who": forecast.who.value,
        "message": session.words(forecast.message),
        "remedy": remedy(session, forecast, connection),
    }
