"""What importing the provider costs, and what of msal is never used."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import inboxlink_outlook

PACKAGE = Path(inboxlink_outlook.__file__).parent

ALLOWED_CORE = {
    "inboxlink",
    "inboxlink.errors",
    "inboxlink.types",
    "inboxlink.types.detection",
    "inboxlink.types.disclosure",
    "inboxlink.types.provider",
    "inboxlink.types.text",
    "inboxlink.types.way",
}

_LIST = "import json, sys; {before}print(json.dumps(sorted(sys.modules)))"


def loaded(before: str) -> set[str]:
    code = _LIST.format(before=before)
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout
    modules: list[str] = json.loads(output)
    return set(modules)


def test_importing_the_provider_is_light() -> None:
    """The module of the hooks loads the contract's dataclasses, pluggy and nothing heavier."""
    added = loaded("import inboxlink_outlook.provider; ") - loaded(
        "import inboxlink; inboxlink.hookimpl; "
    )
    own = sys.stdlib_module_names | {"inboxlink", "inboxlink_outlook"}
    assert {name for name in added if name.partition(".")[0] not in own} == set()
    assert {name for name in added if name.startswith("inboxlink.")} <= ALLOWED_CORE
    assert added.isdisjoint({"ssl", "email", "asyncio", "http.client", "logging"})


def test_what_needs_no_network_stays_light() -> None:
    """Detecting, disclosing and taking back load neither msal, requests, pydantic nor crypto."""
    before = (
        "from inboxlink_outlook import provider; "
        "from inboxlink.evidence import table; from inboxlink.types.detection import Evidence; "
        "from inboxlink.types.disclosure import Application, Audience, DiscloseContext; "
        "found = provider.detect(Evidence('x', hosting=(table.fact('microsoft_365', 'mx'),))); "
        "context = DiscloseContext(Application('A'), 'ja', Audience.PERSONAL, frozenset()); "
        "assert provider.disclose(found, context); assert provider.revoke(None, None); "
    )
    assert loaded(before).isdisjoint({"msal", "requests", "pydantic", "cryptography", "jwt"})


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
