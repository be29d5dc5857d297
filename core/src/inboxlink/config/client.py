"""The application's registration with a provider, from the file and the environment.

A secret is read when a hook needs it and never before, and its file must be the operator's own.
"""

from collections.abc import Mapping
from pathlib import Path

from inboxlink.config.model import Config, OAuthSection
from inboxlink.errors import SetupError, problem
from inboxlink.vault.files import read_private_file

__all__ = ["ENVIRONMENT", "client_settings"]

#: The name of a variable; a provider's name in capitals, then the key's.
ENVIRONMENT = "INBOXLINK_OAUTH_{provider}_{key}"


def client_settings(config: Config, environ: Mapping[str, str], provider: str) -> dict[str, str]:
    """What the operator set, by key; a key that is not set is missing.

    `client_secret_file` and `certificate_file` are read: they give `client_secret` and
    `certificate`.

    Raises:
        SetupError: `config_unreadable`: a file that cannot be read.
        HostError: `file_exposed`: a file that others can read or change.
    """
    section = config.oauth.get(provider, OAuthSection())
    found = {
        name: value
        for name in OAuthSection.model_fields
        if (value := _value(section, environ, provider, name))
    }
    for name in ("client_secret", "certificate"):
        path = found.pop(f"{name}_file", None)
        if path is not None and name not in found:
            found[name] = _read(Path(path))
    return found


def _value(section: OAuthSection, environ: Mapping[str, str], provider: str, name: str) -> str:
    variable = ENVIRONMENT.format(provider=provider.upper().replace("-", "_"), key=name.upper())
    if variable in environ:
        return environ[variable].strip()
    value = getattr(section, name)
    if isinstance(value, bool):
        return "true" if value else ""
    return "" if value is None else str(value).strip()


def _read(path: Path) -> str:
    content = read_private_file(path)
    if content is None:
        raise SetupError(problem("config_unreadable", path=str(path), reason="FileNotFoundError"))
    try:
        return content.decode().strip()
    except UnicodeDecodeError as error:
        raise SetupError(
            problem("config_unreadable", path=str(path), reason=type(error).__name__)
        ) from None
