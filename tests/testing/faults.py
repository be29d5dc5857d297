"""One fault for each rule: one change of the exemplary provider that an author might have made."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from testing.exemplary import GOOD, PACKAGE

__all__ = ["FAULTS", "Fault", "installed"]

PROVIDER = "provider.py"


@dataclass(frozen=True)
class Fault:
    """One change.

    Args:
        rule: The one rule that it breaks.
        name: What the author did.
        changes: Each a text of the file, and what stands in its place.
        file: In the package.
        scripts: Which of the scripts can show it: none of them, or those by `password` or by
            `browser`.
    """

    rule: str
    name: str
    changes: tuple[tuple[str, str], ...]
    file: str = PROVIDER
    scripts: str = ""


def change(before: str, after: str) -> tuple[tuple[str, str], ...]:
    """A single place."""
    return ((before, after),)


FAULTS = (
    Fault(
        "loads",
        "forgot to mark a hook",
        change("@hookimpl\ndef verify(", "def verify("),
    ),
    Fault(
        "light-import",
        "imports a large library at the top",
        change("import logging\n", "import logging\n\nimport pydantic  # noqa: F401\n"),
    ),
    Fault(
        "describes-itself",
        "names a text that nobody wrote",
        change('Text("exemplary.summary")', 'Text("exemplary.subtitle")'),
    ),
    Fault(
        "words-complete",
        "wrote a text in one language",
        change(' "exemplary.title"', ' "exemplary.new": "New.",\n "exemplary.title"'),
        "strings/en.json",
    ),
    Fault(
        "junk-declined",
        "takes a domain apart",
        change(
            "    if evidence.domain != DOMAIN:\n",
            '    name, top = evidence.domain.split(".")\n    if f"{name}.{top}" != DOMAIN:\n',
        ),
    ),
    Fault(
        "no-network",
        "looks a name up in detect",
        change(
            "    return Detection(NAME,",
            "    import socket\n\n"
            '    socket.gethostbyname("localhost")\n'
            "    return Detection(NAME,",
        ),
    ),
    Fault(
        "no-clock",
        "looks at the time in detect",
        change(
            "    return Detection(NAME,",
            "    import datetime\n\n"
            "    datetime.datetime.now(datetime.UTC)\n"
            "    return Detection(NAME,",
        ),
    ),
    Fault(
        "probes-within-limits",
        "probes by plain http",
        change('Probe(f"https://', 'Probe(f"http://'),
    ),
    Fault(
        "disclosures-whole",
        "left a part of a disclosure empty",
        change('"remove_here": "Disconnect the mailbox in {app}."', '"remove_here": ""'),
        "disclosures/en/X.v1.json",
    ),
    Fault(
        "disclosures-translated",
        "left a part of a disclosure in English",
        change(
            "Exemplary のアカウントでアクセスを終了するか、パスワードを変更してください。",
            "End the access in your Exemplary account, or change the password.",
        ),
        "disclosures/ja/X.v1.json",
    ),
    Fault(
        "digest-stable",
        "discloses scopes in the order of a set",
        change("ctx, scopes=SCOPES", 'ctx, scopes=tuple({*SCOPES, *"abcdefgh"})'),
    ),
    Fault(
        "client-checked",
        "takes for granted that there is a client",
        change(
            "client_problems(ctx.settings, ",
            'client_problems({"client_id": ctx.settings["client_id"]}, ',
        ),
    ),
    Fault(
        "claims",
        "calls a domain of its own a guess",
        change("Basis.OWNED_DOMAIN", "Basis.GUESS"),
    ),
    Fault(
        "declines",
        "compares the end of a domain",
        change("    if evidence.domain != DOMAIN:", "    if not evidence.domain.endswith(DOMAIN):"),
    ),
    Fault(
        "signs-in",
        "renamed a step in one place",
        change('        step="redirect",', '        step="browser",'),
        scripts="browser",
    ),
    Fault(
        "state-alone",
        "keeps the verifier in the module",
        change("        state=begun.kept,", "        state=_KEPT.update(begun.kept) or {},")
        + change("exchange(ctx, params, state, ", "exchange(ctx, params, _KEPT, ")
        + change("LOG =", "_KEPT = {}\nLOG ="),
        scripts="browser",
    ),
    Fault(
        "scopes-disclosed",
        "asks for one scope more",
        change(
            "        scopes=SCOPES,\n        state",
            '        scopes=(*SCOPES, "mail.admin"),\n        state',
        ),
        scripts="browser",
    ),
    Fault(
        "steps-worded",
        "gives a hint that nobody wrote",
        change('Text("exemplary.hint")', 'Text("exemplary.tip")'),
        scripts="browser",
    ),
    Fault(
        "both-directions",
        "verifies receiving alone",
        change(
            "        if chain not in ctx.wanted:",
            "        if chain not in ctx.wanted or chain is Chain.SEND:",
        ),
        scripts="password",
    ),
    Fault(
        "stages-in-order",
        "reports sending first",
        change(
            "for stages in reports.values() for", "for stages in reversed(reports.values()) for"
        ),
        scripts="password",
    ),
    Fault(
        "errors-catalogued",
        "gives an error words that nobody wrote",
        change(
            'raise SignInError(problem("invalid_credentials", host=HOST, port="443"))',
            "from dataclasses import replace\n\n"
            '        refused = problem("invalid_credentials")\n'
            '        raise SignInError(replace(refused, message=Text("exemplary.refused")))',
        ),
        scripts="password",
    ),
    Fault(
        "mistakes-mended",
        "ends the sign-in at a typing error",
        change(
            'return _form(ctx, login, {"login": problem("value_invalid", field="login")})',
            "from inboxlink.types.steps import Abort\n\n"
            '        return Abort(error=problem("value_invalid", field="login"))',
        ),
        scripts="password",
    ),
    Fault(
        "junk-answered",
        "encodes what was typed before it is looked at",
        change(
            'not login.isascii() or not login.isprintable() or "@" not in login:',
            'b"@" not in login.encode("ascii"):',
        ),
        scripts="password",
    ),
    Fault(
        "abandoned-and-late",
        "lets one sign-in of an installation begin at a time",
        change(
            "    begun = _flow(ctx).begin(", "    _begun_once(ctx)\n    begun = _flow(ctx).begin("
        )
        + change(
            "    tokens = _flow(ctx).exchange(",
            "    _OPEN.discard(ctx.wire)\n    tokens = _flow(ctx).exchange(",
        )
        # By installation, so that what one rule leaves open is nothing to the next one, in
        # whichever order they run.
        + change(
            "LOG =",
            "_OPEN = weakref.WeakSet()\n\n\n"
            "def _begun_once(ctx):\n"
            "    if ctx.wire in _OPEN:\n"
            '        raise SignInError(problem("sign_in_refused"))\n'
            "    _OPEN.add(ctx.wire)\n\n\n"
            "LOG =",
        )
        + change("import logging\n", "import logging\nimport weakref\n"),
        scripts="browser",
    ),
    Fault(
        "refusals-told",
        "tells a wrong password as something else",
        change('problem("invalid_credentials"', 'problem("sign_in_refused"'),
        scripts="password",
    ),
    Fault(
        "wrong-account",
        "reports the address that was typed",
        change(
            'Identity(address=found["address"], proof=Proof.PROVEN, subject',
            "Identity(address=str(ctx.address), proof=Proof.PROVEN, subject",
        ),
        scripts="browser",
    ),
    Fault(
        "one-wrong-secret",
        "sends the password without asking",
        change(
            "    with ctx.attempt(API, credential.account, secret):\n        return", "    return"
        ),
        scripts="password",
    ),
    Fault(
        "unwanted-untried",
        "verifies both directions whatever is wanted",
        change("        if chain not in ctx.wanted:", "        if not ctx.wanted:"),
        scripts="password",
    ),
    Fault(
        "unreachable-told",
        "says the same of every failure to connect",
        change("stages.connect(lambda: ctx.http(HOST))", "stages.connect(lambda: _opened(ctx))")
        + change(
            "def _bearer(",
            "def _opened(ctx):\n"
            "    try:\n"
            "        return ctx.http(HOST)\n"
            "    except MailboxError as error:\n"
            '        if error.code == "timed_out":\n'
            "            raise\n"
            '        raise MailboxError(problem("server_unavailable", host=HOST, port="443"))'
            " from None\n\n\n"
            "def _bearer(",
        ),
        scripts="password",
    ),
    Fault(
        "deadline-kept",
        "waits by itself and tries again",
        change("stages.connect(lambda: ctx.http(HOST))", "stages.connect(lambda: _opened(ctx))")
        + change(
            "def _bearer(",
            "def _opened(ctx):\n"
            "    import time\n\n"
            "    try:\n"
            "        return ctx.http(HOST)\n"
            "    except MailboxError as error:\n"
            '        if error.code != "timed_out":\n'
            "            raise\n"
            "        time.sleep(5)\n"
            "        return ctx.http(HOST)\n\n\n"
            "def _bearer(",
        ),
        scripts="password",
    ),
    Fault(
        "renews",
        "forgets what was renewed",
        change(
            "    return _credential(credential.account, tokens, credential)",
            "    assert tokens\n    return credential",
        ),
        scripts="browser",
    ),
    Fault(
        "revokes",
        "says that it revoked, and did not ask",
        change("    _flow(ctx).revoke(ctx, credential.secret(SecretName.REFRESH_TOKEN))\n", ""),
        scripts="browser",
    ),
    Fault(
        "aliases-read",
        "leaves the mailbox's own address out",
        change('(found["address"], *found["aliases"])', 'found["aliases"]'),
        scripts="browser",
    ),
    Fault(
        "state-without-secrets",
        "shows the password again in another field",
        change(
            '    return _signed_in(ctx, event.values["login"], event.secrets.get("password"))',
            '    return _form(ctx, event.secrets["password"].get_secret_value())',
        ),
        scripts="password",
    ),
    Fault(
        "results-without-secrets",
        "keeps the password among the settings",
        change(
            "secrets={SecretName.PASSWORD: secret}\n        ),",
            "secrets={SecretName.PASSWORD: secret}\n        ),\n"
            '        settings={"login": login, "used": secret.get_secret_value()},',
        ),
        scripts="password",
    ),
    Fault(
        "logs-without-secrets",
        "logs what it signs in with",
        change(
            "    with ctx.attempt(",
            '    LOG.debug("signs in with %s", secret)\n    with ctx.attempt(',
        ),
        scripts="password",
    ),
    Fault(
        "exceptions-without-secrets",
        "raises from what it had in hand",
        change(
            "    tokens = _flow(ctx).exchange(ctx, params, state, SCOPES)",
            "    try:\n"
            "        tokens = _flow(ctx).exchange(ctx, params, state, SCOPES)\n"
            "    except InboxlinkError as error:\n"
            '        raise error from RuntimeError(f"with {dict(state)}")',
        ),
        scripts="browser",
    ),
)


def installed(fault: Fault, place: Path) -> Path:
    """Install the provider with a fault; gives the directory for the path."""
    shutil.copytree(GOOD, place, ignore=shutil.ignore_patterns("__pycache__"))
    file = place / PACKAGE / fault.file
    text = file.read_text(encoding="utf-8")
    for before, after in fault.changes:
        assert text.count(before) == 1, (fault.rule, before)
        text = text.replace(before, after)
    file.write_text(text, encoding="utf-8")
    return place
