"""Change presets in `inboxlink.toml`, keeping the operator's comments and order."""

import os
import tempfile
from pathlib import Path

import tomlkit
from tomlkit.items import Table

from inboxlink.config.model import Preset
from inboxlink.errors import SetupError, problem

__all__ = ["remove_preset", "set_preset"]


def set_preset(path: Path, domain: str, preset: Preset) -> None:
    """Write or replace the preset of a domain; the file is made if it is not there.

    Raises:
        SetupError: `config_unwritable`; the file is as it was.
    """
    document = _read(path)
    presets = document.setdefault("presets", tomlkit.table(is_super_table=True))
    table = tomlkit.table()
    for protocol, server in (("imap", preset.imap), ("smtp", preset.smtp)):
        inline = tomlkit.inline_table()
        inline.update(server.model_dump(mode="json"))
        table[protocol] = inline
    table["username"] = preset.username
    presets[domain] = table
    _write(path, document)


def remove_preset(path: Path, domain: str) -> None:
    """Take the preset of a domain out.

    Raises:
        SetupError: `preset_unknown`; `config_unwritable`, and the file is as it was.
    """
    document = _read(path)
    presets = document.get("presets")
    if not isinstance(presets, Table) or domain not in presets:
        raise SetupError(problem("preset_unknown", domain=domain))
    del presets[domain]
    _write(path, document)


def _read(path: Path) -> tomlkit.TOMLDocument:
    if not path.exists():
        return tomlkit.document()
    return tomlkit.parse(path.read_text(encoding="utf-8"))


def _write(path: Path, document: tomlkit.TOMLDocument) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".inboxlink-")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(tomlkit.dumps(document))
                file.flush()
                os.fsync(descriptor)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = type(error).__name__
        raise SetupError(problem("config_unwritable", path=str(path), reason=reason)) from None
