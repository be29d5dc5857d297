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

_LIST = "import json, sys; {before}print(json.dumps(sorted(sys.modules)))"


def loaded(before: str) -> set[str]:
    code = _LIST.format(before=before)
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout
    modules: list[str] = json.loads(output)
    return set(modules)


def test_importing_the_provider_is_light() -> None:
    """The module of the hooks loads the contract's dataclasses, pluggy and nothing heavier."""
    # G5
    added = loaded("import inboxlink_imap.provider; ") - loaded(
        "import inboxlink; inboxlink.hookimpl; "
    )
    foreign = {
        name
        for name in added
        if name.partition(".")[0] not in sys.stdlib_module_names | {"inboxlink", "inboxlink_imap"}
    }
    assert foreign == set()
    assert {name for name in added if name.startswith("inboxlink.")} <= ALLOWED_CORE
    assert added.isdisjoint({"imaplib", "smtplib", "ssl", "email", "asyncio"})


def test_detecting_and_disclosing_stay_light() -> None:
    """The pure hooks load neither pydantic nor a mail library."""
    before = (
        "from inboxlink_imap import provider; "
        "from inboxlink.evidence import table; from inboxlink.types.detection import Evidence; "
        "from inboxlink.types.disclosure import Application, Audience, DiscloseContext; "
        "found = provider.detect(Evidence('x', hosting=(table.fact('google', 'mx'),))); "
        "context = DiscloseContext(Application('A'), 'ja', Audience.PERSONAL, frozenset()); "
        "assert provider.disclose(found, context); "
    )
    assert loaded(before).isdisjoint({"pydantic", "imapclient", "imaplib", "smtplib"})
