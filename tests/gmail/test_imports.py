"""What importing the provider costs."""

import json
import subprocess
import sys

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

HEAVY = {
    *("google", "google_auth_oauthlib", "oauthlib", "requests_oauthlib", "requests", "urllib3"),
    *("pydantic", "ssl", "email", "http", "asyncio"),
}

_LIST = "import json, sys; {before}print(json.dumps(sorted(sys.modules)))"


def loaded(before: str) -> set[str]:
    code = _LIST.format(before=before)
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout
    modules: list[str] = json.loads(output)
    return set(modules)


def test_importing_the_provider_is_light() -> None:
    """The module of the hooks loads the contract's dataclasses, pluggy and nothing heavier."""
    added = loaded("import inboxlink_gmail.provider; ") - loaded(
        "import inboxlink; inboxlink.hookimpl; "
    )
    foreign = {
        name
        for name in added
        if name.partition(".")[0] not in sys.stdlib_module_names | {"inboxlink", "inboxlink_gmail"}
    }
    assert foreign == set()
    assert {name for name in added if name.startswith("inboxlink.")} <= ALLOWED_CORE
    assert added.isdisjoint(HEAVY)


def test_the_pure_hooks_stay_light() -> None:
    """Describing, detecting and disclosing load neither pydantic nor any library of Google's."""
    before = (
        "from inboxlink_gmail import provider; "
        "from inboxlink.evidence import table; from inboxlink.types.detection import Evidence; "
        "from inboxlink.types.disclosure import Application, Audience, DiscloseContext; "
        "provider.describe(); "
        "found = provider.detect(Evidence('x', hosting=(table.fact('google', 'mx'),))); "
        "context = DiscloseContext(Application('A'), 'ja', Audience.PERSONAL, frozenset()); "
        "assert len(provider.disclose(found, context)) == 2; "
    )
    assert loaded(before).isdisjoint({*HEAVY} - {"email"})


def test_looking_at_the_settings_stays_light() -> None:
    """What the doctor asks offline needs no library of Google's."""
    before = (
        "from types import SimpleNamespace; from inboxlink_gmail import provider; "
        "found = provider.check_client(SimpleNamespace(settings={}), False); "
        "assert len(found) == 2; "
    )
    assert loaded(before).isdisjoint(
        {"google_auth_oauthlib", "oauthlib", "requests_oauthlib", "requests", "pydantic"}
    )
