"""Read the file; its meaning is `model`'s.

What start-up needs is read here, because the model costs more to import than most commands to run.
"""

from pathlib import Path
from typing import Any

from inboxlink.errors import SetupError, problem

__all__ = ["has", "provider_names", "read"]


def read(path: Path) -> dict[str, Any]:
    """The file as TOML gives it; a file that is not there says nothing.

    Raises:
        SetupError: `config_syntax` with the line, or `config_unreadable`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(
            problem("config_unreadable", path=str(path), reason=type(error).__name__)
        ) from None
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The error's own words end in "(at line 3, column 7)".
        raise SetupError(problem("config_syntax", path=str(path), reason=str(error))) from None


def has(raw: dict[str, Any], *keys: str) -> bool:
    """Whether the file says anything under a dotted key."""
    found: Any = raw
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found is not None


def provider_names(raw: dict[str, Any]) -> list[str] | None:
    """`providers.allow`, for the listing that must not load the model; None = any provider."""
    allowed = raw.get("providers", {})
    listed = allowed.get("allow") if isinstance(allowed, dict) else None
    return [str(name) for name in listed] if isinstance(listed, list) else None
