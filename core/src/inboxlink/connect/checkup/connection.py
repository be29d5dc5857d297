"""The stages of one connection, looked at anew or as they were last seen."""

from dataclasses import dataclass

from inboxlink.connect.forecasting import forecasts
from inboxlink.connect.host import Host
from inboxlink.connect.keeping import reconnection, verify_again
from inboxlink.connect.request import Request
from inboxlink.errors import CODES, InboxlinkError, Problem, problem
from inboxlink.forecast.foresight import Forecast
from inboxlink.store.connections import Connection
from inboxlink.types.report import VerifyReport

__all__ = ["Examination", "examine"]


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found of one connection.

    Args:
        connection: As it is kept now.
        report: Its stages, of now or of the last time; None = there were none.
        problem: What is wrong; None = nothing that it lives on.
        forecasts: What of it ends soon.
        request: That would sign it in again.
    """

    connection: Connection
    report: VerifyReport | None
    problem: Problem | None
    forecasts: tuple[Forecast, ...]
    request: Request


def examine(host: Host, connection: Connection, *, online: bool, language: str) -> Examination:
    """Verify a connection again, or read what the last verification found.

    Args:
        host: The installation.
        connection: Which one.
        online: Whether its servers may be asked.
        language: For what an administrator may have to be asked.
    """
    report, trouble = connection.report, _kept(connection)
    if online:
        try:
            verified = verify_again(host, connection)
        except InboxlinkError as error:  # it could not be renewed, or the person must sign in
            trouble = error.problem
        else:
            report, trouble = verified.report, verified.problem
        connection = host.connections.get(connection.id)
    return Examination(
        connection,
        report,
        trouble,
        forecasts(host, (connection,))[connection.id],
        reconnection(host, connection, language),
    )


def _kept(connection: Connection) -> Problem | None:
    if connection.problem_code is None:
        return None
    of_report = () if connection.report is None else connection.report.checks
    for check in of_report:
        if check.problem is not None and check.problem.code == connection.problem_code:
            return check.problem
    # Of a renewal only its code is kept.
    known = connection.problem_code if connection.problem_code in CODES else "sign_in_again"
    return problem(known, address=connection.address, id=connection.id)
