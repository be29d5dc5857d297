"""What a test makes a server of the web do wrong.

A fault stands before the server: it answers in its place, or changes what it answers. `Faults`
are the switches of one world; what a switch is given is any function of a `Fault`'s shape.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from inboxlink.testing.peers.web import Answer, Request, json_answer

__all__ = [
    "HTML",
    "HUGE",
    "Fault",
    "Faults",
    "busy",
    "changed",
    "instead",
    "redirected_with",
    "unavailable",
]

Fault = Callable[[Request, Callable[[], Answer]], Answer]

#: A page in place of data, as proxies and captive portals answer.
HTML = Answer(200, b"<!doctype html><html><title>Welcome</title><p>Please sign in.</html>")
#: 20 MB of good JSON.
HUGE = Answer(
    200, b'{"filler": "' + b"x" * (20 << 20) + b'"}', (("Content-Type", "application/json"),)
)


def instead(answer: Answer) -> Fault:
    """The server is not asked at all."""
    return lambda _, __: answer


def changed(**fields: Any) -> Fault:
    """The server's JSON, with other values; None leaves a field out."""

    def fault(_: Request, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        content = answer.json
        if answer.status != 200 or not isinstance(content, dict):
            return answer
        return json_answer(answer.status, _merged(content, fields))

    return fault


def redirected_with(**parameters: str | None) -> Fault:
    """The person is sent back with other parameters, such as `iss`; None leaves one out.

    By a redirect, that is; a page that posts itself (`response_mode=form_post`) is left as it is.
    """

    def fault(_: Request, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        location = urlsplit(answer.header("Location") or "")
        query = dict(parse_qsl(location.query))
        if "state" not in query or not {"code", "error"} & set(query):
            return answer
        there = location._replace(query=urlencode(_merged(query, parameters))).geturl()
        kept = [(name, value) for name, value in answer.headers if name.lower() != "location"]
        return Answer(answer.status, answer.body, [*kept, ("Location", there)])

    return fault


def _merged(content: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**content, **changes}.items() if value is not None}


def busy(retry_after_s: int | None = 7) -> Fault:
    """429, and when to come back (RFC 6585 section 4)."""
    headers = {} if retry_after_s is None else {"Retry_After": str(retry_after_s)}
    return instead(json_answer(429, {"error": "too_many_requests"}, **headers))


def unavailable(status: int = 503) -> Fault:
    """A server error, with the page of a load balancer."""
    return instead(Answer(status, b"<html><h1>Server Error</h1></html>"))


@dataclass
class _Placed:
    where: str
    path: str
    grant_type: str | None
    fault: Fault
    times_left: int | None


class Faults:
    """The faults of one world; a fixture clears them after each test.

    Each is asked for the first request that it fits, until its `times` are over; None = for good.
    """

    def __init__(self) -> None:
        self._placed: list[_Placed] = []
        self._lock = threading.Lock()

    def at_authorization(self, fault: Fault, times: int | None = None) -> None:
        """At the pages that a person sees, and where they are sent from there."""
        self._place("authorization", "", None, fault, times)

    def at_token(
        self, fault: Fault, grant_type: str | None = None, times: int | None = None
    ) -> None:
        """At the token endpoint; `grant_type` None = for any."""
        self._place("token", "", grant_type, fault, times)

    def at_device(self, fault: Fault, times: int | None = None) -> None:
        """Where a device asks for its code."""
        self._place("device", "", None, fault, times)

    def at_revocation(self, fault: Fault, times: int | None = None) -> None:
        """At the revocation endpoint."""
        self._place("revocation", "", None, fault, times)

    def at_introspection(self, fault: Fault, times: int | None = None) -> None:
        """Where an API asks what a token is good for."""
        self._place("introspection", "", None, fault, times)

    def at_metadata(self, fault: Fault, path: str = "", times: int | None = None) -> None:
        """At discovery, the keys and who is who; `path` = what their path ends with."""
        self._place("metadata", path, None, fault, times)

    def at_api(self, fault: Fault, path: str = "", times: int | None = None) -> None:
        """At the API; `path` = what its path ends with."""
        self._place("api", path, None, fault, times)

    def clear(self) -> None:
        """Take all away."""
        with self._lock:
            self._placed.clear()

    def apply(self, where: str, request: Request, proceed: Callable[[], Answer]) -> Answer:
        """Answer a request, by a fault if one fits."""
        fault = self._taken(where, request)
        return proceed() if fault is None else fault(request, proceed)

    def _place(
        self, where: str, path: str, grant_type: str | None, fault: Fault, times: int | None
    ) -> None:
        with self._lock:
            self._placed.append(_Placed(where, path, grant_type, fault, times))

    def _taken(self, where: str, request: Request) -> Fault | None:
        with self._lock:
            for each in self._placed:
                if (
                    each.where == where
                    and each.times_left != 0
                    and request.path.endswith(each.path)
                    and each.grant_type in (None, request.form.get("grant_type"))
                ):
                    if each.times_left is not None:
                        each.times_left -= 1
                    return each.fault
        return None
