"""Eight kinds of domain: who is right about them, and how long it takes.

The peers run unmodified, so that the world is a network namespace of its own: loopback alone, DNS
on port 53, https on port 443 under the certificates of an authority made for the run. Every
answer is kept back for 50 ms. What a class takes at best follows from its longest chain of
questions that each need the answer before. The servers have a core of their own, and the program
that is measured another one.

Needs `unshare -rmn`; peers are those of requirements-peers.txt, in an environment of their own.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cores
import trustme
from names import serving
from table import Ratio, Table, parser

ADDRESS = "10.66.0.1"
#: The databases are elsewhere: nobody is asked more than twice at a time.
DATABASE_ADDRESS = "10.66.0.2"
DELAY_MS = 50.0
#: Seconds after which a peer is taken to hang.
_PATIENCE_S = 20
_DATABASES = ("live.thunderbird.net", "autoconfig.thunderbird.net")
_FILE = """<?xml version="1.0"?><clientConfig version="1.1"><emailProvider id="{0}">
<domain>{0}</domain><incomingServer type="imap"><hostname>imap.{0}</hostname><port>993</port>
<socketType>SSL</socketType><authentication>password-cleartext</authentication>
<username>%EMAILADDRESS%</username></incomingServer><outgoingServer type="smtp">
<hostname>smtp.{0}</hostname><port>465</port><socketType>SSL</socketType>
<authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username>
</outgoingServer></emailProvider></clientConfig>"""


@dataclass(frozen=True)
class Kind:
    """One kind of domain.

    Args:
        title: What it is.
        right: The IMAP host that is right; `{0}` stands for the domain.
        chain: How many answers must come one after the other.
    """

    title: str
    right: str
    chain: int


CLASSES = {
    "a": Kind("the domain publishes a file", "imap.{0}", 2),
    "b": Kind("the database alone knows it", "imap.{0}", 2),
    "c": Kind("custom domain at Google", "imap.gmail.com", 1),
    "d": Kind("SRV records alone", "imap.{0}", 2),
    "e": Kind("nothing at all", "nothing", 3),
    "f": Kind("at Google, its web server hangs", "imap.gmail.com", 1),
    "g": Kind("at Google, a page for everything", "imap.gmail.com", 1),
    "h": Kind("TXT mailconf", "imap.{0}", 2),
}


@dataclass
class World:
    """What DNS and the web say about every domain of the run."""

    zone: dict[str, list[str]] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    tarpits: list[str] = field(default_factory=list)

    def add(self, kind: str, domain: str) -> None:
        """Add a domain of a class."""
        web = [f"A {ADDRESS}"]
        self.zone[domain] = list(web) if kind not in "e" else ["TXT x"]
        published = f"autoconfig.{domain}/mail/config-v1.1.xml"
        if kind in "afg":
            self.zone[f"autoconfig.{domain}"] = web
        if kind == "a":
            self.pages[published] = _FILE.format(domain)
        if kind == "b":
            for database in _DATABASES:
                for path in ("v1.1", "autoconfig/v1.1"):
                    self.pages[f"{database}/{path}/{domain}"] = _FILE.format(domain)
        if kind in "cfg":
            self.zone[domain] += ["MX 1 aspmx.l.google.com.", "MX 5 alt1.aspmx.l.google.com."]
        if kind == "d":
            self.zone[f"_imaps._tcp.{domain}"] = [f"SRV 0 1 993 imap.{domain}."]
            self.zone[f"_submissions._tcp.{domain}"] = [f"SRV 0 1 465 smtp.{domain}."]
        if kind == "f":
            self.tarpits += [domain, f"autoconfig.{domain}"]
        if kind == "g":
            self.pages |= dict.fromkeys((f"{domain}*", f"autoconfig.{domain}*"), "<html></html>")
        if kind == "h":
            self.zone[domain].append(f'TXT "mailconf=https://{domain}/mail.xml"')
            self.pages[f"{domain}/mail.xml"] = _FILE.format(domain)

    @property
    def hosts(self) -> list[str]:
        """The names that the web server answers for."""
        return [name for name, records in self.zone.items() if records[0].startswith("A ")]


def main() -> None:
    options = parser(__doc__ or "", rounds=5)
    options.add_argument("--peers", metavar="PYTHON", help="the interpreter that has the peers")
    options.add_argument("--inside", action="store_true", help="used by the program itself")
    given = options.parse_args()
    if not given.inside:
        command = ["unshare", "-rmn", sys.executable, *sys.argv, "--inside"]
        sys.exit(subprocess.run(command, check=False).returncode)
    rounds = given.rounds
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        own, theirs = cores.two()
        cores.run_on(theirs)
        environ = _prepare(Path(folder), rounds, stack)
        cores.run_on(own)
        sides = {"inboxlink": sys.executable}
        if given.peers:
            sides |= dict.fromkeys(("maildiscover", "myl-discovery"), given.peers)
        results = {
            side: {kind: _run(side, python, kind, rounds, environ) for kind in CLASSES}
            for side, python in sides.items()
        }
    _report(given, results, is_apart=own is not None)


def _prepare(folder: Path, rounds: int, stack: ExitStack) -> dict[str, str]:
    """Build the world around this process; the environment that programs run in."""
    for command in (
        ["ip", "link", "set", "lo", "up"],
        ["ip", "address", "add", f"{ADDRESS}/32", "dev", "lo"],
        ["ip", "address", "add", f"{DATABASE_ADDRESS}/32", "dev", "lo"],
    ):
        subprocess.run(command, check=True)
    world = World(zone={database: [f"A {DATABASE_ADDRESS}"] for database in _DATABASES})
    for kind in CLASSES:
        for number in range(rounds + 1):
            world.add(kind, _domain(kind, number))
    resolv = folder / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\n")
    subprocess.run(["mount", "--bind", str(resolv), "/etc/resolv.conf"], check=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    leaf = authority.issue_cert(*world.hosts)
    leaf.private_key_pem.write_to_path(str(folder / "key.pem"))
    for blob in leaf.cert_chain_pems:
        blob.write_to_path(str(folder / "cert.pem"), append=True)
    web = {
        "cert": str(folder / "cert.pem"),
        "key": str(folder / "key.pem"),
        "pages": world.pages,
        "tarpits": world.tarpits,
        "delay_ms": DELAY_MS,
        "addresses": [ADDRESS, DATABASE_ADDRESS],
        "port": 443,
    }
    (folder / "web.json").write_text(json.dumps(web))
    stack.enter_context(serving(world.zone, folder, DELAY_MS, port=53))
    server = stack.enter_context(
        subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("web.py")), str(folder / "web.json")],
            stdout=subprocess.PIPE,
            text=True,
        )
    )
    stack.callback(server.terminate)
    assert server.stdout is not None
    server.stdout.readline()
    home = folder / "home"
    home.mkdir()
    (home / "inboxlink.toml").write_text(
        f'[network]\nca_file = "{folder}/ca.pem"\n'
        f'allow = ["{ADDRESS}/32", "{DATABASE_ADDRESS}/32"]\n'
    )
    bundles = dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), str(folder / "ca.pem"))
    return {**os.environ, **bundles, "INBOXLINK_HOME": str(home)}


def _domain(kind: str, number: int) -> str:
    return f"class-{kind}{number}.org"


def _run(
    side: str, python: str, kind: str, rounds: int, environ: Mapping[str, str]
) -> dict[str, Any] | None:
    """What one program did in one class; None = it hung."""
    addresses = [f"ann@{_domain(kind, number)}" for number in range(rounds + 1)]
    program = str(Path(__file__).with_name("detectors.py"))
    try:
        done = subprocess.run(
            [python, program, side, kind, *addresses],
            capture_output=True,
            text=True,
            check=True,
            env=environ,
            timeout=_PATIENCE_S,
        )
    except subprocess.TimeoutExpired:
        return None
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _is_right(kind: str, result: Mapping[str, Any] | None) -> bool:
    if result is None:
        return False
    expected = CLASSES[kind].right
    said = result["said"]
    return all(
        each == expected.format(_domain(kind, number)) for number, each in enumerate(said, 1)
    )


def _report(
    options: Any, results: Mapping[str, Mapping[str, dict[str, Any] | None]], *, is_apart: bool
) -> None:
    ours = results["inboxlink"]
    ratios = []
    notes = ["Servers on one core, the program on another."] if is_apart else []
    for kind, each in CLASSES.items():
        result = ours[kind]
        assert result is not None
        took, floor = statistics.median(result["ms"]), each.chain * DELAY_MS
        sides = f"{took:.0f} to {floor:.0f} ms"
        ratios.append(Ratio(f"{kind} {each.title}, to its chain", sides, took / floor, 1.3))
        pairs = list(zip(result["ms"], result["chain_ms"], strict=True))
        sides = f"{took:.0f} to {statistics.median(result['chain_ms']):.0f} ms"
        more = statistics.median(one - other for one, other in pairs)
        ratios.append(Ratio(f"{kind} ms more than its bare chain beside it", sides, more, 10.0))
        if not _is_right(kind, result):
            notes.append(f"{kind}: inboxlink is WRONG ({result['said'][0]}).")
        for peer, theirs in ((name, of[kind]) for name, of in results.items() if of is not ours):
            if theirs is None or not _is_right(kind, theirs):
                said = "hung" if theirs is None else f"wrong ({theirs['said'][0]})"
                notes.append(f"{kind}: {peer} {said}.")
                continue
            slower = statistics.median(theirs["ms"])
            bound = 1 / 2.3 if peer == "maildiscover" else None
            sides = f"{took:.0f} to {slower:.0f} ms"
            ratios.append(Ratio(f"{kind} {each.title}, to {peer}", sides, took / slower, bound))
    for side, of in results.items():
        wrong = sum(not _is_right(kind, of[kind]) for kind in CLASSES)
        bound = 0 if side == "inboxlink" else None
        ratios.append(Ratio(f"classes that {side} has wrong", f"of {len(CLASSES)}", wrong, bound))
    Table("Detection", tuple(ratios), tuple(notes)).end(options)


if __name__ == "__main__":
    main()
