"""What the commands about one mailbox share."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from inboxlink.cli.session import Session

if TYPE_CHECKING:
    from inboxlink.connect.host import Host
    from inboxlink.forecast.foresight import Forecast
    from inboxlink.store.connections import Connection
    from inboxlink.types.text import Text

__all__ = [
    "at_risk",
    "days_left",
    "find",
    "forecast_document",
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


def warn_of_ends(session: Session, host: "Host", connections: Iterable["Connection"]) -> None:
    """Tell a person what ends soon, while it can still be had again without a gap."""
    from inboxlink.connect.forecasting import forecasts

    connections = tuple(connections)
    found = forecasts(host, connections)
    for each in connections:
        for forecast in found[each.id]:
            show_forecast(session, forecast, each)


def standing(session: Session, connection: "Connection", forecasts: "tuple[Forecast, ...]") -> str:
    """How a connection stands, and how many days the next end of something is away."""
    state = session.words(f"cli.state.{connection.standing.value}")
    if not forecasts:
        return state
    risk = session.words("cli.state.at_risk")
    said = state if state == risk else f"{state}, {risk}"
    return f"{said} ({session.words('cli.account.days', days=str(forecasts[0].days_left))})"


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
