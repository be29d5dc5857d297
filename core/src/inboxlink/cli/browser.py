"""The person's browser: whether this machine has one, and the one place that opens it."""

import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

__all__ = ["can_open", "is_remote", "open_address"]


def can_open(environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether a browser that is opened here shows up before the person.

    `BROWSER` is their own word for it, as editors set it that reach back to another machine. Else
    it takes a display; without one, a browser for text would take the terminal away.
    """
    if environ.get("BROWSER"):
        return True
    has_display = bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
    if platform == "darwin":
        return has_display or not is_remote(environ)
    if not has_display:
        return False
    import webbrowser

    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def is_remote(environ: Mapping[str, str]) -> bool:
    """Whether the person sits at another machine (sshd(8), ENVIRONMENT)."""
    return bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))


def open_address(url: str) -> None:
    """Open an https address in the person's browser, without waiting for it.

    Whether it came up is not known; the address is shown in any case. An address that is not
    plain is not opened, because it goes into another program's arguments.
    """
    if urlsplit(url).scheme != "https" or not url.isascii() or not url.isprintable():
        return
    import threading
    import webbrowser

    # Some browsers hold the call until they are closed.
    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
