"""What verifying a mailbox costs: client CPU, TLS contexts made, and latency.

The verification is the product's own: the core calls the provider's hook as `connect` and
`accounts verify` do, and the hook opens both channels through the core. Two TLS handshakes with
the same context, each up to the greeting, are what it is held against. The servers run in another
process, whose CPU does not count.
"""

import argparse
import shutil
import smtplib
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from threading import Lock

import cores
import trustme
from contexts import counted
from imapclient import IMAPClient
from pydantic import SecretStr
from servers import HOST, Ports, password_of, running
from table import Ratio, Rounds, Table, parser

from inboxlink.connect.host import Host
from inboxlink.connect.proving import verify
from inboxlink.connect.request import Request
from inboxlink.network.tls import trusting_context
from inboxlink.types.credential import Credential, CredentialKind, SecretName
from inboxlink.types.detection import Basis, Detection, Endpoint, Role, Tls
from inboxlink.types.text import Text

_LOOPBACK = "127.0.0.1"
_TIMEOUT_S = 60.0
_IMAP = Endpoint(Role.IMAP, HOST, 993, Tls.IMPLICIT)
_SMTP = Endpoint(Role.SUBMISSION, HOST, 465, Tls.IMPLICIT)
_SLOW_IMAP = Endpoint(Role.IMAP, HOST, 1993, Tls.IMPLICIT)
_SLOW_SMTP = Endpoint(Role.SUBMISSION, HOST, 1465, Tls.IMPLICIT)

_CONFIGURATION = """
[network]
ca_file = "{ca_file}"
special_domains = ["example.test"]
[network.connect]
"{host}:993" = "127.0.0.1:{ports.imap}"
"{host}:465" = "127.0.0.1:{ports.smtp}"
"{host}:1993" = "127.0.0.1:{ports.slow_imap}"
"{host}:1465" = "127.0.0.1:{ports.slow_smtp}"
"""


class World:
    """An installation, servers that it reaches, and mailboxes on them."""

    def __init__(self, directory: Path, ports: Ports, mailboxes: int) -> None:
        ca_file = directory / "ca.pem"
        self.ports = ports
        self._home = directory / "home"
        self._home.mkdir(mode=0o700)
        (self._home / "inboxlink.toml").write_text(
            _CONFIGURATION.format(ca_file=ca_file, host=HOST, ports=ports)
        )
        self._host = Host({"INBOXLINK_HOME": str(self._home)})
        self._context = trusting_context(ca_file)
        self._mailboxes = cycle([self._mailbox(number) for number in range(mailboxes)])
        self._lock = Lock()

    def _mailbox(self, number: int) -> tuple[Request, Credential]:
        address = f"ann{number}@example.test"
        detection = Detection("imap", Basis.PUBLISHED, Text("x"), (_IMAP, _SMTP))
        request = Request(
            owner="ann", address=self._host.address(address), detection=detection, language="en"
        )
        secrets = {SecretName.PASSWORD: SecretStr(password_of(address))}
        return request, Credential(kind=CredentialKind.PASSWORD, account=address, secrets=secrets)

    def verify(self, imap: Endpoint = _IMAP, smtp: Endpoint = _SMTP) -> None:
        """Verify the next mailbox: both directions must work."""
        with self._lock:
            request, credential = next(self._mailboxes)
        report = verify(self._host, request, credential, {}, (imap, smtp))
        assert report.can_receive, report
        assert report.can_send, report

    def handshakes(self) -> None:
        """Both servers reached, each as far as its greeting."""
        for port in (self.ports.imap, self.ports.smtp):
            plain = socket.create_connection((_LOOPBACK, port), _TIMEOUT_S)
            with self._context.wrap_socket(plain, server_hostname=HOST) as wrapped:
                assert wrapped.recv(4096)

    def by_hand(self) -> None:
        """The same dialogue by the libraries alone, one protocol after the other."""
        with self._lock:
            request, _ = next(self._mailboxes)
        address = str(request.address)
        imap = IMAPClient(_LOOPBACK, self.ports.imap, ssl_context=self._context, timeout=_TIMEOUT_S)
        imap.id_()
        imap.login(address, password_of(address))
        imap.select_folder("INBOX", readonly=True)
        assert imap.list_folders()
        imap.logout()
        with smtplib.SMTP_SSL(
            _LOOPBACK, self.ports.smtp, "localhost", context=self._context, timeout=_TIMEOUT_S
        ) as smtp:
            smtp.login(address, password_of(address))
            assert smtp.mail(address)[0] == smtp.rcpt(address)[0] == smtp.rset()[0] == 250


@contextmanager
def world(delay_s: float, mailboxes: int) -> Iterator[World]:
    """The world, on a machine whose cores it shares with its servers."""
    with ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="inboxlink-bench-"))
        stack.callback(shutil.rmtree, directory)
        authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        authority.cert_pem.write_to_path(str(directory / "ca.pem"))
        leaf = authority.issue_cert(HOST, _LOOPBACK, key_type=trustme.KeyType.ECDSA)
        leaf.private_key_pem.write_to_path(str(directory / "key.pem"))
        for each in leaf.cert_chain_pems:
            each.write_to_path(str(directory / "cert.pem"), append=True)
        own, theirs = cores.two()
        ports = stack.enter_context(
            running(directory / "cert.pem", directory / "key.pem", delay_s, theirs)
        )
        cores.run_on(own)
        yield World(directory, ports, mailboxes)


def _cpu_ms(pool: ThreadPoolExecutor, count: int, action: Callable[[], None]) -> float:
    """Milliseconds of this process's CPU, user and system, for each of these actions."""
    began = time.process_time()
    for done in [pool.submit(action) for _ in range(count)]:
        done.result()
    return (time.process_time() - began) * 1000 / count


def _wall_ms(action: Callable[[], None]) -> float:
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


def _options() -> argparse.Namespace:
    options = parser(str(__doc__), rounds=12)
    options.add_argument("--in-flight", type=int, default=100, metavar="N")
    options.add_argument("--delay-ms", type=float, default=50.0, metavar="MS")
    return options.parse_args()


def main() -> None:
    """Measure and print."""
    options = _options()
    in_flight, delay_ms = options.in_flight, options.delay_ms
    with world(delay_ms / 1000, mailboxes=in_flight * 10) as here:
        here.verify()  # imports, and the one context of the process
        here.handshakes()
        with ThreadPoolExecutor(in_flight) as pool:
            cpu = Rounds(
                options.rounds,
                {
                    "handshakes": lambda: _cpu_ms(pool, in_flight * 2, here.handshakes),
                    "verify": lambda: _cpu_ms(pool, in_flight * 2, here.verify),
                    "by hand": lambda: _cpu_ms(pool, in_flight * 2, here.by_hand),
                },
            )
        with counted() as made:
            for _ in range(in_flight):
                here.verify()
        latency = Rounds(
            options.rounds,
            {
                "both": lambda: _wall_ms(lambda: here.verify(_SLOW_IMAP, _SLOW_SMTP)),
                "imap": lambda: _wall_ms(lambda: here.verify(_SLOW_IMAP, _SMTP)),
                "smtp": lambda: _wall_ms(lambda: here.verify(_IMAP, _SLOW_SMTP)),
            },
        )
    slower = max(("imap", "smtp"), key=latency.median)
    Table(
        f"Verifying a mailbox, {options.rounds} rounds",
        (
            Ratio(
                f"CPU of a verification to that of its two TLS handshakes, {in_flight} in flight",
                f"{cpu.median('verify'):.2f} to {cpu.median('handshakes'):.2f} ms",
                cpu.ratio("verify", "handshakes"),
                2.0,
            ),
            Ratio(
                "the same by IMAPClient and smtplib alone, one after the other",
                f"{cpu.median('by hand'):.2f} to {cpu.median('handshakes'):.2f} ms",
                cpu.ratio("by hand", "handshakes"),
                None,
            ),
            Ratio(
                f"TLS contexts made by {in_flight} verifications", "count", float(len(made)), 0.0
            ),
            Ratio(
                f"latency of both protocols to the slower one, {delay_ms:.0f} ms per reply",
                f"{latency.median('both'):.0f} to {latency.median(slower):.0f} ms",
                latency.ratio("both", slower),
                1.25,
            ),
        ),
        (
            "IMAP: greeting, ID, AUTHENTICATE, EXAMINE, LIST; SMTP: EHLO, AUTH, MAIL, RCPT, RSET.",
            "Each mailbox has a password of its own; every verification reads from both servers.",
            "Client on one core, servers on another, ECDSA P-256, TLS 1.3, loopback, no DNS.",
            "The slower protocol alone is a verification whose other server answers at once.",
        ),
    ).end(options)


if __name__ == "__main__":
    main()
