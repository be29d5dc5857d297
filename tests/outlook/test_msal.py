"""What of msal is never used."""

import ast
from pathlib import Path

import inboxlink_outlook

PACKAGE = Path(inboxlink_outlook.__file__).parent


def test_nothing_that_msal_must_not_do_is_asked_of_it() -> None:
    """No password grant, no listener, browser or broker of msal's, and no file of tokens."""
    # OA5, LG1
    named = set()
    for module in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            named |= {getattr(node, "attr", ""), getattr(node, "id", ""), getattr(node, "arg", "")}
            if isinstance(node, ast.ImportFrom | ast.Import):
                named |= {each.name for each in node.names} | {getattr(node, "module", "") or ""}
    assert "acquire_token_by_auth_code_flow" in named
    assert named.isdisjoint(
        {
            *("acquire_token_by_username_password", "acquire_token_interactive"),
            *("acquire_token_by_refresh_token", "enable_broker_on_windows", "http_cache"),
            *("msal_extensions", "FilePersistence", "webbrowser", "pickle", "open"),
        }
    )
