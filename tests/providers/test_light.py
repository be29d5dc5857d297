"""What importing a provider costs, and asking it what needs no network."""

import json
import subprocess
import sys

import pytest

#: What the contract brings by itself; nothing else of the core is loaded by a provider's hooks.
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

#: What a hook may load when it is called, and its module never does.
HEAVY = {
    *("pydantic", "requests", "urllib3", "ssl", "email", "asyncio", "xml", "cryptography"),
    *("imaplib", "smtplib", "http.client"),
}

#: The libraries that each provider was made with.
OWN_LIBRARIES = {
    "exchange": {"exchangelib", "lxml", "spnego"},
    "gmail": {"google", "google_auth_oauthlib", "oauthlib", "requests_oauthlib"},
    "imap": {"imapclient"},
    "outlook": {"msal", "jwt"},
}

#: Evidence in which each provider finds a mailbox of its own.
FOUND = {
    "exchange": "hosting=(HostingFact('exchange_onprem', 'x', Strength.LIKELY),)",
    "gmail": "hosting=(table.fact('google', 'mx'),)",
    "imap": "hosting=(table.fact('google', 'mx'),)",
    "outlook": "hosting=(table.fact('microsoft_365', 'mx'),)",
}


#: What needs no network although its hook may have one.
OFFLINE = {
    "gmail": "provider.check_client(SimpleNamespace(settings={}), False)",
    "outlook": "provider.revoke(None, None)",
}


def loaded(code: str) -> set[str]:
    """The modules that a process has after some code."""
    program = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    return set(json.loads(ran.stdout))


@pytest.mark.parametrize("name", OWN_LIBRARIES)
def test_importing_a_provider_is_light(name: str) -> None:
    """The module of the hooks loads the contract's dataclasses, pluggy and nothing heavier."""
    # G5
    package = f"inboxlink_{name}"
    added = loaded(f"import {package}.provider") - loaded("import inboxlink; inboxlink.hookimpl")
    known = sys.stdlib_module_names | {"inboxlink", package}
    assert {each for each in added if each.partition(".")[0] not in known} == set()
    assert {each for each in added if each.startswith("inboxlink.")} <= ALLOWED_CORE
    assert added.isdisjoint(HEAVY)


@pytest.mark.parametrize("name", OWN_LIBRARIES)
def test_the_pure_hooks_stay_light(name: str) -> None:
    """Describing, detecting and disclosing load neither pydantic nor the provider's libraries."""
    code = (
        f"from inboxlink_{name} import provider\n"
        "from inboxlink.evidence import table\n"
        "from inboxlink.types.detection import *\n"
        "from inboxlink.types.disclosure import *\n"
        f"assert provider.describe().name == {name!r}\n"
        f"found = provider.detect(Evidence('corp.example', {FOUND[name]}))\n"
        "every = frozenset(Capability)\n"
        "context = DiscloseContext(Application('A'), 'ja', Audience.PERSONAL, every)\n"
        "assert provider.disclose(found, context)"
    )
    assert loaded(code).isdisjoint(OWN_LIBRARIES[name] | HEAVY - {"email"})


@pytest.mark.parametrize("name", OFFLINE)
def test_what_asks_nobody_stays_light(name: str) -> None:
    """The doctor's look at the settings, and what cannot be taken back, need no library."""
    code = (
        "from types import SimpleNamespace\n"
        f"from inboxlink_{name} import provider\n"
        f"assert {OFFLINE[name]}"
    )
    assert loaded(code).isdisjoint(OWN_LIBRARIES[name] | {"pydantic", "requests", "cryptography"})


@pytest.mark.parametrize("name", OWN_LIBRARIES)
def test_the_libraries_are_there_to_be_loaded(name: str) -> None:
    """Each of them can be imported here, or the tests above would show nothing."""
    assert loaded(f"import {', '.join(OWN_LIBRARIES[name])}") >= OWN_LIBRARIES[name]
