import base64
import json
import os
import secrets as random
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
import tomlkit
from inboxlink.testing.peers.world import Networked
__all__ = ['MAIN', 'Installation', 'Ran', 'Running', 'run']
MAIN = (sys.executable, '-c', 'from inboxlink.cli import main; main()')

@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        ...

def run(home: Path, *arguments: str, typed: str='', secrets: Mapping[str, str] | None=None, environ: Mapping[str, str] | None=None) -> Ran:
    ...

class Running:

    def __init__(self, home: Path, *arguments: str, environ: Mapping[str, str] | None=None, main: tuple[str, ...]=MAIN) -> None:
        ...

    def __enter__(self) -> 'Running':
        ...

    def __exit__(self, *_: object) -> None:
        ...

    def line(self) -> str:
        ...

    def finish(self, typed: str='') -> tuple[int, str]:
        ...

    def end(self, typed: str='') -> tuple[int, dict[str, Any]]:
        ...

class Installation:

    def __init__(self, home: Path, world: Networked) -> None:
        ...

    def configure(self, **sections: Any) -> None:
        ...

    def run(self, *arguments: str, typed: str='', secrets: Mapping[str, str] | None=None) -> Ran:
        ...

    def start(self, *arguments: str) -> Running:
        ...
