"""A private dovecot: IMAP and submission, as any user."""

import base64
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from inboxlink.testing.peers.ports import LOOPBACK, held_port, wait_until
from peers.certificates import Certificate

__all__ = ["PROGRAM", "Dovecot", "LoginAttempt"]

PROGRAM = "/usr/sbin/dovecot"

_CONFIGURATION = """
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/dovecot.log
auth_verbose = yes
auth_failure_delay = 0
listen = 127.0.0.1
protocols = imap submission
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
first_valid_uid = 0
mail_location = maildir:{root}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
ssl = yes
ssl_cert = <{root}/cert.pem
ssl_key = <{root}/key.pem
disable_plaintext_auth = yes
auth_mechanisms = {mechanisms}
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
{tokens}passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = scheme=PLAIN username_format=%u {root}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={root}/mail/%u
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
}}
service anvil {{
  chroot =
  # Without the penalty socket a wrong password does not slow down the test that follows.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service submission-login {{
  chroot =
  inet_listener submission {{
    port = {submission}
  }}
  inet_listener submissions {{
    port = {submissions}
    ssl = yes
  }}
}}
service stats {{
  chroot =
}}
# One line for each use of a password. The log itself tells a connection's failures only when it
# ends, and not at all when a later password was right.
event_exporter attempts {{
  format = json
  format_args = time-rfc3339
  transport = log
}}
metric attempts {{
  exporter = attempts
  filter = event=auth_request_finished
}}
{extra}
"""

_TOKENS = """passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {root}/oauth2.conf.ext
}}
"""

_INTROSPECTION = """
introspection_mode = post
introspection_url = {address}
username_attribute = sub
active_attribute = active
active_value = true
scope = https://mail.google.com/
"""


@dataclass(frozen=True)
class LoginAttempt:
    """One use of a password or a token, as dovecot saw it."""

    protocol: str
    user: str
    ok: bool


class Dovecot:
    """Dovecot on free ports: `imap` and `submission` with STARTTLS, `imaps`, `submissions`.

    As root it runs as `nobody`, so that one configuration serves everybody.

    Args:
        users: Passwords by user.
        certificate: For both protocols.
        relay: Where submission hands its messages on.
        extra: More of the configuration.
        introspection: Address of an authorization server that says what an access token is good
            for (RFC 7662), its `sub` being the user; None = tokens are not taken.
    """

    def __init__(
        self,
        users: Mapping[str, str],
        certificate: Certificate,
        relay: int,
        extra: str = "",
        introspection: str | None = None,
    ) -> None:
        self._held = ExitStack()
        self.imap, self.imaps, self.submission, self.submissions = (
            self._held.enter_context(held_port()) for _ in range(4)
        )
        self._users = users
        self._certificate = certificate
        self._relay = relay
        self._extra = extra
        self._introspection = introspection
        self._root = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self._account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self._process: subprocess.Popen[bytes] | None = None
        self._forgotten = 0

    def __enter__(self) -> "Dovecot":
        for name in ("run", "state", "mail"):
            (self._root / name).mkdir()
        shutil.copy(self._certificate.cert, self._root / "cert.pem")
        shutil.copy(self._certificate.key, self._root / "key.pem")
        self._write_users(self._users)
        (self._root / "dovecot.conf").write_text(self._configuration())
        if self._introspection is not None:
            judging = _INTROSPECTION.format(address=self._introspection)
            (self._root / "oauth2.conf.ext").write_text(judging)
        self._own(self._root)
        for path in self._root.rglob("*"):
            self._own(path)
        identity = (
            {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
            if os.geteuid() == 0
            else {}
        )
        # setpriv asks the kernel to end dovecot with the test run, even one that was killed.
        setpriv = shutil.which("setpriv")
        follow = [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
        self._process = subprocess.Popen(
            [*follow, PROGRAM, "-F", "-c", str(self._root / "dovecot.conf")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._root,
            **identity,  # type: ignore[call-overload]
        )
        try:
            wait_until(self.imaps, is_open=True)
            wait_until(self.submissions, is_open=True)
        except TimeoutError:
            log = self.log()
            self.__exit__(None, None, None)
            raise RuntimeError(f"dovecot did not start:\n{log}") from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            wait_until(self.imaps, is_open=False)
        self._held.close()
        shutil.rmtree(self._root, ignore_errors=True)

    def connect_map(self, domain: str) -> dict[str, str]:
        """`[network] connect` for this server under the usual names of a domain."""
        ports = {
            "imap": {993: self.imaps, 143: self.imap},
            "smtp": {465: self.submissions, 587: self.submission},
        }
        ports["mail"] = ports["imap"] | ports["smtp"]
        return {
            f"{name}.{domain}:{port}": f"{LOOPBACK}:{own}"
            for name, stands_for in ports.items()
            for port, own in stands_for.items()
        }

    def log(self) -> str:
        """The log so far."""
        path = self._root / "dovecot.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def forget(self) -> None:
        """Leave what was logged until now out of `attempts`."""
        self._forgotten = len(self.log())

    def attempts(self) -> list[LoginAttempt]:
        """Every use of a password since `forget`, each once, as soon as dovecot has judged it."""
        attempts = []
        for line in self.log()[self._forgotten :].splitlines():
            _, found, event = line.partition(" stats: Info: ")
            if found and event.startswith('{"event":"auth_request_finished"'):
                fields = json.loads(event)["fields"]
                is_ok = fields.get("success") == "yes"
                attempts.append(LoginAttempt(fields["service"], fields.get("user", ""), ok=is_ok))
        return attempts

    @contextmanager
    def changed_password(self, address: str, password: str) -> Iterator[None]:
        """Give a mailbox another password, as its owner does elsewhere."""
        self._write_users({**self._users, address: password})
        try:
            yield
        finally:
            self._write_users(self._users)

    def messages(self, address: str) -> list[bytes]:
        """What lies in an INBOX."""
        folder = self._root / "mail" / address
        return [path.read_bytes() for kind in ("new", "cur") for path in folder.glob(f"{kind}/*")]

    def deliver(self, address: str, message: bytes) -> None:
        """Put a message into an INBOX, as a delivery agent does."""
        folder = self._root / "mail" / address
        for kind in ("tmp", "new", "cur"):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            self._own(folder / kind)
        self._own(folder)
        temporary = folder / "tmp" / f"{os.urandom(8).hex()}.loopback"
        temporary.write_bytes(message)
        self._own(temporary)
        temporary.rename(folder / "new" / temporary.name)

    def _write_users(self, users: Mapping[str, str]) -> None:
        lines = [
            f"{user}:{{PLAIN.b64}}{base64.b64encode(password.encode()).decode()}::::::\n"
            for user, password in users.items()
        ]
        # A new file in place of the old one: dovecot sees that, whatever its time, but looks at
        # most once in a second of the clock (`db_passwd_file_sync`).
        written = self._root / "users.new"
        written.write_text("".join(lines))
        self._own(written)
        written.replace(self._root / "users")
        time.sleep(1.01 - time.time() % 1)

    def _configuration(self) -> str:
        return _CONFIGURATION.format(
            root=self._root,
            user=self._account.pw_name,
            group=_group_name(self._account.pw_gid),
            uid=self._account.pw_uid,
            gid=self._account.pw_gid,
            relay=self._relay,
            imap=self.imap,
            imaps=self.imaps,
            submission=self.submission,
            submissions=self.submissions,
            extra=self._extra,
            mechanisms="plain login" + (" xoauth2 oauthbearer" if self._introspection else ""),
            tokens=_TOKENS.format(root=self._root) if self._introspection else "",
        )

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)


def _group_name(gid: int) -> str:
    import grp

    return grp.getgrgid(gid).gr_name
