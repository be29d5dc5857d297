"""The operator's registration of the application with Google, `[oauth.imap]`."""

import re
from collections.abc import Mapping

from inboxlink.errors import Blame, InboxlinkError, Kind, Problem, SetupError, problem
from inboxlink.oauth.code_flow import Client, CodeFlow
from inboxlink.types.context import HookContext
from inboxlink.types.text import Text
from inboxlink_imap.google import SERVER

__all__ = ["check_client", "client_problems", "flow"]

_PROVIDER = "imap"

#: As Google's console shows it (console.cloud.google.com, "Clients", read November 2026).
_CLIENT_ID = re.compile(r"[0-9]+(-[a-z0-9]+)?\.apps\.googleusercontent\.com")


def client_problems(settings: Mapping[str, str]) -> tuple[Problem, ...]:
    """What can be seen to be wrong without asking anybody; empty = nothing.

    Google gives every client that can have an answer back a secret, a desktop application too.
    """
    found = [
        problem("client_missing", provider=_PROVIDER, setting=name)
        for name in ("client_id", "client_secret")
        if not settings.get(name)
    ]
    client_id = settings.get("client_id")
    if client_id and _CLIENT_ID.fullmatch(client_id) is None:
        params = {"provider": _PROVIDER, "setting": "client_id"}
        message = Text("imap.google.client_id", params)
        remedy = Text("error.client_invalid.remedy", params)
        found.append(Problem("client_invalid", Kind.SETUP, Blame.OPERATOR, message, remedy))
    return tuple(found)


def check_client(ctx: HookContext, *, online: bool) -> tuple[Problem, ...]:
    """See `inboxlink.hookspecs.check_client`; no registration at all is none that is wrong."""
    if not ctx.settings:
        return ()
    found = client_problems(ctx.settings)
    if found or not online:
        return found
    try:
        flow(ctx.settings).introduce(ctx)
    except InboxlinkError as error:
        return (error.problem,)
    return ()


def flow(settings: Mapping[str, str]) -> CodeFlow:
    """Google's authorization server, for the operator's client.

    Raises:
        SetupError: The registration is missing or cannot be right.
    """
    wrong = client_problems(settings)
    if wrong:
        raise SetupError(wrong[0])
    client = Client(settings["client_id"], settings["client_secret"])
    return CodeFlow(SERVER, client, _PROVIDER)
