"""Bring a person's answers to a provider's steps, from a terminal or from what was given.

Neither way knows any provider: a step is data, and so is its answer.
"""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import click
from pydantic import SecretStr

from inboxlink.cli.asking import choose, confirm
from inboxlink.cli.session import Session
from inboxlink.errors import InboxlinkError, SetupError, problem
from inboxlink.texts import safe_text
from inboxlink.types.steps import (
    Agreed,
    Choose,
    Confirm,
    ConfirmKind,
    Event,
    Form,
    FormField,
    InputKind,
    Menu,
    PendingStep,
    Submit,
)

__all__ = ["Answers", "Given", "Terminal", "read_secrets"]


class Answers(Protocol):
    """A source of answers."""

    def answer(self, step: PendingStep) -> Event:
        """The answer to a step.

        Raises:
            SetupError: There is none.
        """


@dataclass
class Given:
    """Answers that were all given beforehand.

    Args:
        values: From `--set name=value`.
        secrets: From standard input and file descriptors, by field name.
        trusted: From `--trust`: SHA-256 by `host:port`.
        accepted: From `--accept-domain`: registered domains whose hosts may be used.
    """

    values: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    trusted: Mapping[str, str]
    accepted: Collection[str] = ()
    _asked: set[str] = field(default_factory=set)
    _sent: set[str] = field(default_factory=set)

    def answer(self, step: PendingStep) -> Event:
        """See `Answers`; each secret is given once, so that a refused one is not sent again."""
        match step:
            case Form():
                return self._form(step)
            case Menu():
                return self._menu(step)
            case Confirm():
                if self.agrees(step):
                    return Agreed(facts_digest=step.facts_digest)
                raise _declined(step)
        raise SetupError(problem("value_missing", field=step.step))

    def agrees(self, confirm: Confirm) -> bool:
        """Whether a yes to exactly this was given beforehand."""
        match confirm.kind:
            case ConfirmKind.CERTIFICATE:
                wanted = self.trusted.get(confirm.facts.get("endpoint", ""))
                return wanted is not None and wanted == confirm.facts.get("sha256")
            case ConfirmKind.HOST:
                return confirm.facts.get("domain") in self.accepted
        return False

    def refuse_unknown(self) -> None:
        """Refuse values that no form asked for, which are most often misspelt.

        Raises:
            SetupError: `value_unknown`.
        """
        for name in self.values:
            if name not in self._asked:
                known = ", ".join(sorted(self._asked)) or "-"
                raise SetupError(problem("value_unknown", field=name, known=known))

    def _menu(self, menu: Menu) -> Choose:
        self._asked.add(menu.step)
        option = self.values.get(menu.step, menu.default)
        if option is None:
            self.refuse_unknown()
            raise SetupError(problem("value_missing", field=menu.step))
        if option not in {each.name for each in menu.options}:
            raise SetupError(problem("value_invalid", field=menu.step))
        return Choose(option=option)

    def _form(self, form: Form) -> Submit:
        names = {each.name for each in form.fields}
        self._asked |= names
        for name, trouble in form.errors.items():
            # Only a value that was given and not yet tried can mend it: of that field, or of any
            # where it is the form as a whole that is in trouble.
            mending = (names if not name else {name}) & self.values.keys() - self._sent
            if not mending:
                self.refuse_unknown()
                raise InboxlinkError.of(trouble)
        secrets = {
            each.name: SecretStr(self.secrets[each.name])
            for each in form.fields
            if each.kind is InputKind.SECRET and each.name in self.secrets
        }
        missing = [
            each.name
            for each in form.fields
            if each.required
            and each.only_if is None
            and not (each.value or each.name in self.values or each.name in secrets)
        ]
        if missing:
            self.refuse_unknown()
            raise SetupError(problem("value_missing", field=", ".join(missing)))
        self._sent |= secrets.keys() | (names & self.values.keys())
        values = {
            each.name: self.values.get(each.name, each.value or "")
            for each in form.fields
            if each.kind is not InputKind.SECRET
        }
        # Whoever gives an answer has said yes to the question that it hangs on.
        for each in form.fields:
            if each.only_if is not None and (each.name in self.values or each.name in secrets):
                condition, value = each.only_if
                values[condition] = self.values.get(condition, value)
        return Submit(values=values, secrets=secrets)


class Terminal:
    """Answers that a person types.

    What was given on the command line beforehand is not asked for again, unless it was refused.
    """

    def __init__(self, session: Session, given: Given) -> None:
        self._session = session
        self._given = given
        self._chosen: set[str] = set()

    def answer(self, step: PendingStep) -> Event:
        """See `Answers`."""
        match step:
            case Form():
                return self._form(step)
            case Menu() if step.step in self._given.values and step.step not in self._chosen:
                self._chosen.add(step.step)
                return self._given.answer(step)
            case Menu():
                return self._menu(step)
            case Confirm():
                return self._confirm(step)
        raise SetupError(problem("value_missing", field=step.step))

    def _form(self, form: Form) -> Submit:
        words = self._session.words
        self._session.gap()
        self._session.say(form.title, style="bold")
        for name, trouble in form.errors.items():
            label = next((words(each.label) for each in form.fields if each.name == name), "")
            said = f"{label + ': ' if label else ''}{words(trouble.message)}"
            self._session.write(said, mark="✗ ", style="red", is_error=True)
            if trouble.remedy is not None:
                self._session.write(words(trouble.remedy), mark="  → ", is_error=True)
        values = {each.name: each.value or "" for each in form.fields if not _is_secret(each)}
        secrets: dict[str, SecretStr] = {}
        folded = [each for each in form.fields if each.advanced]
        unfolded = any(each.name in form.errors for each in folded)
        for each in form.fields:
            if not each.advanced:
                self._field(each, form, values, secrets)
        if folded and (unfolded or self._unfold()):
            for each in folded:
                self._field(each, form, values, secrets)
        return Submit(values=values, secrets=secrets)

    def _field(
        self,
        asked: FormField,
        form: Form,
        values: dict[str, str],
        secrets: dict[str, SecretStr],
    ) -> None:
        if asked.only_if is not None and values.get(asked.only_if[0]) != asked.only_if[1]:
            return
        words = self._session.words
        is_new = asked.name not in form.errors
        if is_new and asked.name in self._given.values:
            values[asked.name] = self._given.values[asked.name]
            return
        if asked.help is not None:
            self._session.write(words(asked.help), mark="  ", style="dim")
        label = f"  {words(asked.label)}"
        if _is_secret(asked):
            typed = click.prompt(label, hide_input=True, default="", show_default=False, err=True)
            secrets[asked.name] = SecretStr(typed)
        elif asked.kind is InputKind.FLAG:
            answered = confirm(self._session, label, default=asked.value == "true")
            values[asked.name] = "true" if answered else "false"
        else:
            default = values[asked.name]
            values[asked.name] = click.prompt(
                label, default=default, show_default=bool(default), err=True
            )

    def _unfold(self) -> bool:
        return confirm(self._session, f"  {self._session.words('cli.form.advanced')}")

    def _menu(self, menu: Menu) -> Choose:
        words = self._session.words
        self._session.say(menu.title, style="bold")
        names = [each.name for each in menu.options]
        chosen = choose(
            self._session,
            words("cli.form.choose"),
            [(words(each.label), "") for each in menu.options],
            default=None if menu.default is None else names.index(menu.default),
        )
        return Choose(option=names[chosen])

    def _confirm(self, asked: Confirm) -> Agreed:
        words = self._session.words
        self._session.gap()
        self._session.say(f"cli.confirm.{asked.kind.value}", style="bold yellow")
        for name, value in asked.facts.items():
            key = f"cli.fact.{name}"
            label = words(key) if words.has(key) else name
            self._session.console.print(f"  {label}: {safe_text(value)}")
        question = words(f"cli.confirm.{asked.kind.value}.question")
        if self._given.agrees(asked) or confirm(self._session, question):
            return Agreed(facts_digest=asked.facts_digest)
        raise _declined(asked)


def read_secrets(descriptors: Mapping[str, int]) -> dict[str, str]:
    """Read one line from each file descriptor; what ends the line is no part of the secret.

    Raises:
        SetupError: `value_missing`, where there is none.
    """
    secrets = {}
    for name, descriptor in descriptors.items():
        secrets[name] = _line(descriptor)
        if not secrets[name]:
            raise SetupError(problem("value_missing", field=name))
    return secrets


def _line(descriptor: int) -> str:
    # Byte by byte, so that two secrets can come as two lines of one descriptor.
    line = bytearray()
    try:
        while (byte := os.read(descriptor, 1)) not in (b"", b"\n"):
            line += byte
    except OSError:
        return ""
    return line.removesuffix(b"\r").decode("utf-8", "surrogateescape")


def _is_secret(asked: FormField) -> bool:
    return asked.kind is InputKind.SECRET


def _declined(step: Confirm) -> SetupError:
    """What a no to a question comes to."""
    match step.kind:
        case ConfirmKind.HOST:
            return SetupError(problem("domain_unconfirmed", domain=step.facts.get("domain", "")))
        case ConfirmKind.ENDPOINT:
            suggested = step.facts.get("suggested", "")
            return SetupError(problem("suggestion_declined", suggested=suggested))
    host, _, port = step.facts.get("endpoint", "").rpartition(":")
    return SetupError(problem("certificate_declined", host=host, port=port))
