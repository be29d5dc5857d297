"""Where configuration and data live."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

__all__ = ["Paths", "locate"]


class Paths(NamedTuple):
    """The two places of an installation.

    Args:
        config: The file `inboxlink.toml`; it need not exist.
        data: The directory of the store, the key file and the provider record.
    """

    config: Path
    data: Path


def locate(environ: Mapping[str, str]) -> Paths:
    """`INBOXLINK_HOME` moves both; otherwise the platform says."""
    home = environ.get("INBOXLINK_HOME")
    if home:
        root = Path(home).expanduser().absolute()
        return Paths(root / "inboxlink.toml", root / "data")
    from platformdirs import PlatformDirs

    dirs = PlatformDirs("inboxlink", appauthor=False)
    return Paths(dirs.user_config_path / "inboxlink.toml", dirs.user_data_path)
