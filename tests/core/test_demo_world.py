"""The demo's mail world, seen with the standard library's clients."""

import imaplib
import os
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import textwrap
import time
from base64 import b64encode
from email.message import EmailMessage
from email.parser import BytesParser
from http.client import HTTPSConnection
from pathlib import Path

import pytest

pytest.importorskip("pymap")
pytest.importorskip("aiosmtpd")
pytest.importorskip("trustme")

from inboxlink.demo.world import mail_world

ADDRESS = "alice@demo.test"
PASSWORD = 'kaffé "quoted\\ $HOME {5}'


class NamedImap(imaplib.IMAP4_SSL):
    """IMAP over TLS to a mapped port, the certificate checked for the real name."""

    def __init__(self, name, port, context):
        self._name = name
        super().__init__("127.0.0.1", port, ssl_context=context, timeout=10)

    def _create_socket(self, timeout):
        plain = socket.create_connection(("127.0.0.1", self.port), timeout)
        return self.ssl_context.wrap_socket(plain, server_hostname=self._name)


class NamedSmtps(smtplib.SMTP_SSL):
    """SMTP over TLS to a mapped port, the certificate checked for the real name."""

    def __init__(self, name, port, context):
        self._name = name
        super().__init__("127.0.0.1", port, context=context, timeout=10)

    def _get_socket(self, host, port, timeout):
        plain = socket.create_connection((host, port), timeout)
        return self.context.wrap_socket(plain, server_hostname=self._name)


@pytest.fixture(scope="module")
def world():
    with mail_world(ADDRESS, PASSWORD) as world:
        yield world


@pytest.fixture(scope="module")
def tls(world):
    return ssl.create_default_context(cafile=str(world.ca_file))


def port_of(world, name):
    host, _, port = world.connect[name].rpartition(":")
    assert host == "127.0.0.1"
    return int(port)


def plain(password=PASSWORD):
    return lambda _challenge=None: f"\0{ADDRESS}\0{password}".encode()


def sign_in(imap, password=PASSWORD):
    return imap.authenticate("PLAIN", plain(password))


def smtps(world, tls):
    return NamedSmtps("smtp.demo.test", port_of(world, "smtp.demo.test:465"), tls)


def imaps(world, tls):
    return NamedImap("imap.demo.test", port_of(world, "imap.demo.test:993"), tls)


def smtp_sign_in(smtp, password=PASSWORD):
    # smtplib's own auth() is for ASCII alone.
    smtp.ehlo_or_helo_if_needed()
    return smtp.docmd("AUTH", "PLAIN " + b64encode(plain(password)()).decode())[0]


def letter(subject):
    message = EmailMessage()
    message["From"] = message["To"] = ADDRESS
    message["Subject"] = subject
    message.set_content("one line\n.a line with a dot\n")
    return message


def subjects(imap):
    imap.select("INBOX", readonly=True)
    _, (numbers,) = imap.search(None, "ALL")
    found = []
    for number in numbers.split():
        _, parts = imap.fetch(number.decode(), "(BODY.PEEK[])")
        found.append(BytesParser().parsebytes(parts[0][1])["Subject"])
    return found


def send_to_oneself(smtp, subject):
    assert smtp_sign_in(smtp) == 235
    smtp.sendmail(ADDRESS, [ADDRESS], letter(subject).as_bytes())


def test_imap_accepts_the_person(world, tls):
    """The password signs in to IMAP over implicit TLS with a checked certificate."""
    with imaps(world, tls) as imap:
        assert sign_in(imap)[0] == "OK"


def test_imap_refuses_another_password(world, tls):
    """A wrong password is refused by IMAP."""
    with imaps(world, tls) as imap, pytest.raises(imaplib.IMAP4.error):
        sign_in(imap, "wrong")


def test_folder_sent_exists(world, tls):
    """The mailbox has a folder called Sent."""
    with imaps(world, tls) as imap:
        sign_in(imap)
        assert imap.select("Sent", readonly=True)[0] == "OK"


def test_the_authority_must_be_known(world):
    """A client that does not know the world's authority is kept out."""
    with pytest.raises(ssl.SSLCertVerificationError):
        imaps(world, ssl.create_default_context())


def test_message_over_implicit_tls_arrives(world, tls):
    """A message sent over implicit TLS stands in INBOX when sending has ended."""
    with smtps(world, tls) as smtp:
        send_to_oneself(smtp, "over 465")
    with imaps(world, tls) as imap:
        sign_in(imap)
        assert "over 465" in subjects(imap)


def test_smtp_refuses_another_password(world, tls):
    """A wrong password is answered with 535 by submission."""
    with smtps(world, tls) as smtp:
        assert smtp_sign_in(smtp, "wrong") == 535


def test_smtp_wants_a_sign_in(world, tls):
    """Without a sign-in no sender is accepted."""
    with smtps(world, tls) as smtp:
        smtp.ehlo()
        assert smtp.mail(ADDRESS)[0] == 530


def test_nothing_leaves_the_world(world, tls):
    """A recipient outside the demo is refused."""
    with smtps(world, tls) as smtp:
        smtp_sign_in(smtp)
        smtp.mail(ADDRESS)
        assert smtp.rcpt("someone@example.com")[0] == 550


def fetch(world, tls, path):
    port = port_of(world, "autoconfig.demo.test:443")
    connection = HTTPSConnection("autoconfig.demo.test", port, context=tls, timeout=10)
    connection._create_connection = lambda _address, *rest: socket.create_connection(
        ("127.0.0.1", port), *rest
    )
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_autoconfig_names_the_servers(world, tls):
    """The domain publishes the names and ports that the world maps."""
    status, body = fetch(world, tls, "/mail/config-v1.1.xml")
    assert status == 200
    autoconfig = pytest.importorskip("inboxlink.evidence.autoconfig")
    found = autoconfig.parse(body, "demo.test")
    assert [f"{each.host}:{each.port}" for each in found.servers] == [
        "imap.demo.test:993",
        "smtp.demo.test:465",
    ]


def test_other_pages_are_missing(world, tls):
    """Nothing else is published."""
    assert fetch(world, tls, "/")[0] == 404


def test_everything_ends_with_the_block():
    """After the block, with clients still connected, no port answers and no file is left."""
    with mail_world(ADDRESS, PASSWORD) as world:
        tls = ssl.create_default_context(cafile=str(world.ca_file))
        ports = [port_of(world, name) for name in world.connect]
        left_open = [imaps(world, tls), smtps(world, tls)]
        half_open = socket.create_connection(("127.0.0.1", ports[0]))
    assert not world.ca_file.parent.exists()
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 1).close()
    half_open.close()
    for each in left_open:
        (each.shutdown if isinstance(each, imaplib.IMAP4) else each.close)()


def test_the_directory_is_private(world):
    """Only the person who started the world can read its files."""
    assert world.ca_file.parent.stat().st_mode & 0o077 == 0


def test_it_starts_fast():
    """A world stands within a few seconds even on a busy computer."""
    started = time.monotonic()
    with mail_world(ADDRESS, PASSWORD):
        assert time.monotonic() - started < 5


def test_a_server_that_does_not_start_is_waited_for_no_longer(monkeypatch):
    """Where the child ends at once the world is given up, and leaves nothing behind."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    before = set(Path(tempfile.gettempdir()).glob("inboxlink-demo-*"))
    started = time.monotonic()
    with pytest.raises(TimeoutError, match="did not start"), mail_world(ADDRESS, PASSWORD):
        pass
    assert time.monotonic() - started < 5
    assert set(Path(tempfile.gettempdir()).glob("inboxlink-demo-*")) == before


PROGRAM = textwrap.dedent(
    """
    import signal, sys, time
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from inboxlink.demo.world import mail_world
    with mail_world("alice@demo.test", "secret") as world:
        print(world.ca_file, *world.connect.values(), flush=True)
        time.sleep(60)
    """
)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_leaves_no_server(number):
    """However the program is ended, its servers end too and print nothing."""
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ) as program:
        ca_file, *places = program.stdout.readline().split()
        children = children_of(program.pid)
        assert children
        program.send_signal(number)
        output, errors = program.communicate(timeout=10)
    assert output == ""
    if number != signal.SIGINT:  # Python itself tells of KeyboardInterrupt
        assert errors == ""
    deadline = time.monotonic() + 5
    while any(map(alive, children)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(alive, children))
    for place in places:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(place.rpartition(":")[2])), 1).close()
    if number == signal.SIGKILL:  # nobody was left to remove them
        shutil.rmtree(Path(ca_file).parent)
    assert not Path(ca_file).exists()


def children_of(pid):
    path = Path(f"/proc/{pid}/task/{pid}/children")
    if not path.exists():
        pytest.skip("children are read from /proc")
    return [int(each) for each in path.read_text().split()]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
