"""An authorization server of ours, as small as the standards let one be.

Written to RFC 6749 (the code grant), RFC 7636 (PKCE, S256 alone), RFC 9207 (`iss`) and RFC 8628
(the device grant). It shows how the command line brings an answer back; what a real server holds
a provider to is tested at a real one.
"""

import base64
import hashlib
import json
import secrets
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from peers.certificates import Certificate
from peers.ports import LOOPBACK

__all__ = ["AuthorizationServer"]


class AuthorizationServer:
    """Serves `/authorize`, `/token`, `/device` and `/client` over TLS.

    Args:
        certificate: For its name.
        host: Its name.

    Attributes:
        refusal: The error that `/authorize` leads back with; None = it gives a code.
        pending: How many polls of a device code find that nobody has signed in yet.
        expires_in: Seconds that a device code lives.
        clients: The ids that `/client` knows.
        codes: Every code that was given out.
        tokens: Every secret that was given out.
        asked: The path of each request.
    """

    def __init__(self, certificate: Certificate, host: str) -> None:
        self.host = host
        self.refusal: str | None = None
        self.pending = 1
        self.expires_in = 60
        self.clients = {"known"}
        self.codes: list[str] = []
        self.tokens: list[str] = []
        self.asked: list[str] = []
        self._grants: dict[str, dict[str, str]] = {}
        self._devices: set[str] = set()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                owner.asked.append(url.path)
                self.send_response(303)
                self.send_header("Location", owner._authorize(_single(url.query)))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_POST(self) -> None:
                owner.asked.append(self.path)
                form = _single(self.rfile.read(int(self.headers["Content-Length"])).decode())
                answer = json.dumps(getattr(owner, f"_{self.path[1:]}")(form)).encode()
                self.send_response(400 if b'"error"' in answer else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.cert, certificate.key)
        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._server.daemon_threads = True
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def __enter__(self) -> "AuthorizationServer":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def _authorize(self, query: dict[str, str]) -> str:
        answer = {"state": query["state"], "iss": f"https://{self.host}"}
        if query.get("code_challenge_method") != "S256":
            answer["error"] = "invalid_request"
        elif self.refusal is not None:
            answer |= {"error": self.refusal, "error_description": "<b>\x1b[31mno</b>"}
        else:
            code = secrets.token_urlsafe(24)
            self._grants[code] = query
            self.codes.append(code)
            answer["code"] = code
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def _token(self, form: dict[str, str]) -> dict[str, Any]:
        if "device_code" in form:
            if form["device_code"] not in self._devices:
                return {"error": "expired_token"}
            if self.pending > 0:
                self.pending -= 1
                return {"error": "authorization_pending"}
            return self._grant()
        asked = self._grants.pop(form["code"], None)  # each is good once
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            return {"error": "invalid_grant"}
        return self._grant()

    def _device(self, _: dict[str, str]) -> dict[str, Any]:
        code = secrets.token_urlsafe(24)
        self._devices.add(code)
        self.tokens.append(code)
        return {
            "device_code": code,
            "user_code": "WDJB-MJHT",  # RFC 8628 section 3.2
            "verification_uri": f"https://{self.host}/device",
            "expires_in": self.expires_in,
            "interval": 1,
        }

    def _client(self, form: dict[str, str]) -> dict[str, Any]:
        return {} if form["client_id"] in self.clients else {"error": "invalid_client"}

    def _grant(self) -> dict[str, Any]:
        access, refresh = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self.tokens += [access, refresh]
        return {
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": "mail.read",
        }


def _single(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}
