"""One run of the program: its words, its output, its installation."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from inboxlink.texts import Words

if TYPE_CHECKING:
    from rich.console import Console

    from inboxlink.connect.host import Host
    from inboxlink.diagnosis import Diagnosis, Rules
    from inboxlink.errors import Problem
    from inboxlink.types.text import Text

__all__ = ["Session", "pass_session"]


class Session:
    """What a command is given.

    Args:
        words: The words of the core in the person's language.
        is_json: Whether exactly one JSON document goes to standard output.
    """

    def __init__(self, words: Words, *, is_json: bool) -> None:
        self.words = words
        self.is_json = is_json
        self._host: Host | None = None
        self._silence = ExitStack()
        self._consoles: dict[bool, Console] = {}

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        if self._host is not None:
            self._host.close()
        self._silence.close()

    def host(self, *, allow_private: bool = False) -> "Host":
        """The installation; the words know its application and its providers from then on."""
        if self._host is None:
            from inboxlink.connect.host import Host
            from inboxlink.plugins.threads import silenced

            self._silence.enter_context(silenced())
            self._host = Host(allow_private=allow_private)
            application = self._host.application(self.words.language)
            self.words = Words(
                self.words.language, self._host.string_packages, {"app": application.name}
            )
        return self._host

    @property
    def is_interactive(self) -> bool:
        """Whether somebody is there to answer: a terminal on both sides, and no JSON asked."""
        return not self.is_json and sys.stdin.isatty() and sys.stderr.isatty()

    @property
    def owner(self) -> str:
        """The person, as this machine knows them."""
        import getpass

        try:
            return getpass.getuser()
        except (KeyError, OSError):  # a user id without an entry, as containers have
            return str(os.getuid())

    @property
    def console(self) -> "Console":
        """Standard output, for a person."""
        return self._console(is_error=False)

    @property
    def aside(self) -> "Console":
        """Standard error, for progress and for what went wrong."""
        return self._console(is_error=True)

    def say(self, text: "Text | str", style: str = "", **params: str) -> None:
        """Print a worded text to a person; nothing where JSON was asked."""
        if not self.is_json:
            self.write(self.words(text, **params), style=style)

    def write(
        self, worded: str, style: str = "", *, mark: str = "", is_error: bool = False
    ) -> None:
        """Print what is worded already, its lines broken where the language allows it.

        Args:
            worded: The text.
            style: Of rich.
            mark: What stands before the text; its further lines begin below its first character.
            is_error: Whether it goes to standard error.
        """
        from inboxlink.cli.wrapping import hanging

        console = self.aside if is_error else self.console
        console.print(hanging(mark, worded, console.width), style=style)

    def gap(self) -> None:
        """Print an empty line to a person."""
        if not self.is_json:
            self.console.print()

    def emit(self, document: Mapping[str, Any]) -> None:
        """Print the one JSON document of this command."""
        import json

        # Escapes keep remote text from steering whatever shows the document.
        print(json.dumps(document, indent=2, sort_keys=False))  # noqa: T201

    def emit_line(self, document: Mapping[str, Any]) -> None:
        """Print one line of a stream of JSON documents."""
        import json

        print(json.dumps(document), flush=True)  # noqa: T201

    @contextmanager
    def busy(self, key: str, **params: str) -> Iterator[None]:
        """Show that something takes its time, where somebody is looking."""
        if self.is_json or not sys.stderr.isatty():
            yield
            return
        with self.aside.status(self.words(key, **params)):
            yield

    def describe(
        self, trouble: "Problem", *, stage: str | None = None, provider: str | None = None
    ) -> dict[str, Any]:
        """A problem as JSON, worded too.

        Args:
            trouble: What went wrong.
            stage: Of a verification; None = unknown, or it was none.
            provider: Whose problem it is; None = unknown, or no provider's.
        """
        from inboxlink.cli.diagnoses import as_document

        found = self.diagnosis(trouble, stage=stage, provider=provider)
        return {
            "code": trouble.code,
            "kind": trouble.kind.value,
            "message": self.words(trouble.message),
            "blame": None if trouble.blame is None else trouble.blame.value,
            "remedy": None if trouble.remedy is None else self.words(trouble.remedy),
            "retry_after_s": trouble.retry_after_s,
            "remote": trouble.remote,
            **({} if found is None else {"diagnosis": as_document(found)}),
            **({} if (link := self._link(trouble)) is None else {"link": link}),
        }

    def diagnosis(
        self, trouble: "Problem", *, stage: str | None = None, provider: str | None = None
    ) -> "Diagnosis | None":
        """What the rules say of a connection's problem; None = it is of another kind.

        Args:
            trouble: What went wrong.
            stage: Of a verification; None = unknown, or it was none.
            provider: Whose problem it is; None = unknown, or no provider's.
        """
        from inboxlink.cli.diagnoses import is_of_a_connection
        from inboxlink.diagnosis import diagnose

        if not is_of_a_connection(trouble):
            return None
        found = diagnose(
            trouble,
            language=self.words.language,
            rules=self._rules,
            app=self.words.common.get("app"),
            stage=stage,
            provider=provider,
        )
        return None if found.rule is None and found.fingerprint is None else found

    def fail(
        self,
        trouble: "Problem",
        document: Mapping[str, Any] | None = None,
        *,
        stage: str | None = None,
        provider: str | None = None,
    ) -> None:
        """Say what went wrong, whose it is, and what to do next.

        Args:
            trouble: What went wrong.
            document: Further members of the JSON document.
            stage: Of a verification; None = unknown, or it was none.
            provider: Whose problem it is; None = unknown, or no provider's.
        """
        if self.is_json:
            described = self.describe(trouble, stage=stage, provider=provider)
            self.emit({"error": described, **(document or {})})
            return
        from inboxlink.cli.diagnoses import restates, told

        found = self.diagnosis(trouble, stage=stage, provider=provider)
        title, lines = told(self.words, trouble, found)
        if found is not None and restates(found):
            found = None
        self.write(title, style="bold red", mark="✗ ", is_error=True)
        for mark, line in lines:
            self.write(line, mark=mark, is_error=True)
        for link in (self._link(trouble), None if found is None else found.link):
            if link is not None:  # whole on one line, so that it can be clicked
                self.aside.print(f"  {link}", soft_wrap=True)
        for name in (trouble.code, None if found is None else found.rule):
            if name is not None:
                self.aside.print(f"  [{name}]", style="dim")

    @cached_property
    def _rules(self) -> "Rules":
        from inboxlink.cli.diagnoses import rules_here

        return rules_here()

    def _link(self, trouble: "Problem") -> str | None:
        """The operator's page about this error (req 85); None = they named none."""
        from inboxlink.errors import InboxlinkError

        try:
            page = None if self._host is None else self._host.troubleshooting
        except InboxlinkError:  # the configuration, which may be what went wrong
            return None
        return None if page is None else f"{page.partition('#')[0]}#{trouble.code}"

    def fail_usage(self, error: click.ClickException) -> None:
        """Say that the command line was not understood."""
        from inboxlink.cli.usage import worded

        message = worded(self.words, error)
        if self.is_json:
            self.emit({"error": {"code": "usage", "message": message}})
            return
        context = getattr(error, "ctx", None)
        self.aside.print(f"✗ {message}", style="bold red")
        if context is not None:
            self.aside.print(f"  → {context.command_path} --help")

    @staticmethod
    def drop_output() -> None:
        """The output takes nothing any more; keep Python from complaining about it at exit."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _console(self, *, is_error: bool) -> "Console":
        if is_error not in self._consoles:
            from rich.console import Console

            self._consoles[is_error] = Console(
                stderr=is_error, markup=False, highlight=False, emoji=False, soft_wrap=False
            )
        return self._consoles[is_error]


pass_session = click.make_pass_decorator(Session)
