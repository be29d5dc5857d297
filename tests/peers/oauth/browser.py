"""The same person at a real browser: chromium, driven by playwright.

It finds only the names of the world that it is given, and nothing else of the internet.
"""

import re
import tempfile
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from inboxlink.testing.peers.ports import LOOPBACK
from peers.need import need
from peers.oauth.person import Outcome

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["PROGRAM", "Browser", "need_browser"]

PROGRAM = "/usr/bin/chromium"
_FLAGS = (
    "--no-sandbox",  # it does not start as root otherwise
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_TIMEOUT_MS = 20_000


def need_browser() -> None:
    """Skip the test unless chromium is there; under CI=true, fail it."""
    need(PROGRAM, "chromium")


class Browser:
    """One chromium. Each sign-in is somebody else's: nothing is kept between them.

    It runs in a thread of its own, because playwright keeps the event loop of its thread.

    Args:
        connect: `[network] connect` of the world.
    """

    def __init__(self, connect: Mapping[str, str]) -> None:
        self._connect = connect
        self._thread = ThreadPoolExecutor(1, "browser")
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._playwright: Any = None
        self._chromium: Any = None

    def __enter__(self) -> "Browser":
        self._thread.submit(self._launch).result(60)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._thread.submit(self._end).result(60)
        finally:
            self._thread.shutdown()
            self._profile.cleanup()

    def sign_in(
        self,
        login: str,
        url: str,
        *,
        withheld: Collection[str] = (),
        declines: str | None = None,
    ) -> Outcome:
        """Open an authorization address and go through to the application's page.

        Args:
            login: What the person types.
            url: The address.
            withheld: Scopes that the person unticks; a suffix will do.
            declines: `sign_in` or `consent`: where the person presses "Cancel".
        """
        return self.start(login, url, withheld=withheld, declines=declines).result(60)

    def start(
        self,
        login: str,
        url: str,
        *,
        withheld: Collection[str] = (),
        declines: str | None = None,
    ) -> "Future[Outcome]":
        """`sign_in` beside the program that listens."""
        return self._thread.submit(self._sign_in, login, url, tuple(withheld), declines)

    def see(self, url: str, look: "Callable[[Page], Any]") -> Any:
        """Open an address and do something with the page, in the browser's thread."""

        def run() -> Any:
            with self._chromium.new_context(ignore_https_errors=True) as context:
                page = context.new_page()
                page.goto(url)
                return look(page)

        return self._thread.submit(run).result(60)

    def _launch(self) -> None:
        from playwright.sync_api import sync_playwright

        rules = [f"MAP {name} {place}" for name, place in self._connect.items()]
        rules += ["MAP * ~NOTFOUND", f"EXCLUDE {LOOPBACK}", "EXCLUDE localhost"]
        self._playwright = sync_playwright().start()
        self._chromium = self._playwright.chromium.launch(
            executable_path=PROGRAM,
            args=[*_FLAGS, f"--host-resolver-rules={','.join(rules)}"],
            env={"HOME": self._profile.name, "PATH": "/usr/bin:/bin"},
        )

    def _end(self) -> None:
        if self._chromium is not None:
            self._chromium.close()
        if self._playwright is not None:
            self._playwright.stop()

    def _sign_in(
        self, login: str, url: str, withheld: tuple[str, ...], declines: str | None
    ) -> Outcome:
        with self._chromium.new_context(ignore_https_errors=True) as context:
            page = context.new_page()
            page.set_default_timeout(_TIMEOUT_MS)
            page.goto(url)
            page.get_by_label("Address").fill(login)
            page.get_by_role("button", name="Cancel" if declines == "sign_in" else "Next").click()
            if declines != "sign_in":
                for suffix in withheld:
                    page.get_by_label(re.compile(re.escape(suffix) + "$")).uncheck()
                consent = "Cancel" if declines == "consent" else "Continue"
                page.get_by_role("button", name=consent).click()
            page.wait_for_url(re.compile(rf"^http://({re.escape(LOOPBACK)}|localhost)[:/]"))
            page.wait_for_load_state()
            return Outcome(
                page.url, 200 if urlsplit(page.url).scheme == "http" else 0, page.content()
            )
