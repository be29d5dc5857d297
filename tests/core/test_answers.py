"""A person's answers, given beforehand or typed, to any provider's steps."""

import os
from dataclasses import replace
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from core.test_flows_rules import a_field, a_form, a_menu, a_poll, a_redirect
from inboxlink.cli.answers import Given, Terminal, read_secrets
from inboxlink.cli.session import Session
from inboxlink.errors import InboxlinkError, SetupError, problem
from inboxlink.texts import Words
from inboxlink.types.steps import Agreed, Choose, Confirm, ConfirmKind, Event, InputKind, Submit

SERVER = "imap.test:993"
PINNED = Confirm(
    step="pin",
    kind=ConfirmKind.CERTIFICATE,
    facts={"endpoint": SERVER, "sha256": "ab" * 32, "strange": "\x1b[31mred"},
)
HOST = Confirm(step="host", kind=ConfirmKind.HOST, facts={"host": "imap.test"})
FORM = a_form(
    a_field("user", value="me"),
    a_field("apart", InputKind.FLAG, value="false"),
    a_field("server", only_if=("apart", "true")),
    a_field("password", InputKind.SECRET),
)


def given(
    values: dict[str, str] | None = None,
    secrets: dict[str, str] | None = None,
    trusted: dict[str, str] | None = None,
) -> Given:
    return Given(values or {}, secrets or {}, trusted or {})


def told(event: Event) -> tuple[dict[str, str], dict[str, str]]:
    assert isinstance(event, Submit)
    return dict(event.values), {k: v.get_secret_value() for k, v in event.secrets.items()}


# --- given beforehand --------------------------------------------------------------------------


def test_what_was_given_fills_a_form() -> None:
    """Given values take the place of what stood there, and secrets stay apart."""
    values, secrets = told(given({"user": "you"}, {"password": "s"}).answer(FORM))
    assert values == {"user": "you", "apart": "false", "server": ""}
    assert secrets == {"password": "s"}


def test_a_form_in_trouble_takes_what_was_given_and_not_yet_tried() -> None:
    """A search that found nothing is mended by the values that it asks for, once."""
    form = a_form(a_field("server"), a_field("user", value="me"))
    form = form.model_copy(update={"errors": {"": problem("host_not_found", host="x", port="1")}})
    answers = given({"server": "mail.test"})
    values, _ = told(answers.answer(form))
    assert values == {"server": "mail.test", "user": "me"}
    with pytest.raises(InboxlinkError) as raised:
        answers.answer(form)
    assert raised.value.code == "host_not_found"
    with pytest.raises(InboxlinkError) as raised:
        given().answer(form)
    assert raised.value.code == "host_not_found"


def test_an_answer_says_yes_to_the_question_that_it_hangs_on() -> None:
    """Whoever gives the server of another place need not also say that there is one."""
    values, _ = told(given({"server": "smtp.test"}, {"password": "s"}).answer(FORM))
    assert (values["apart"], values["server"]) == ("true", "smtp.test")
    values, _ = told(given({"server": "x", "apart": "no"}, {"password": "s"}).answer(FORM))
    assert values["apart"] == "no"


def test_what_is_missing_is_named() -> None:
    """Required fields without a value are named all at once; one that was misspelt comes first."""
    form = a_form(a_field("user"), a_field("password", InputKind.SECRET))
    with pytest.raises(SetupError, match="value_missing") as caught:
        given().answer(form)
    assert caught.value.problem.message.params["field"] == "user, password"
    with pytest.raises(SetupError, match="value_unknown") as caught:
        given({"usr": "me"}).answer(form)
    assert dict(caught.value.problem.message.params) == {"field": "usr", "known": "password, user"}


def test_a_value_that_no_form_asked_for_is_refused() -> None:
    """At the end a value that nobody asked for is refused; one that was asked for is not."""
    known = given({"user": "me"}, {"password": "s"})
    known.answer(FORM)
    known.refuse_unknown()
    with pytest.raises(SetupError, match="value_unknown") as caught:
        given({"user": "me"}).refuse_unknown()
    assert caught.value.problem.message.params["known"] == "-"


def test_a_refused_secret_is_not_sent_again() -> None:
    """A form that comes back with an error ends the run, unless an untried value can mend it."""
    answers = given({"user": "me"}, {"password": "wrong"})
    answers.answer(FORM)
    for name in ("password", "user"):
        again = FORM.model_copy(update={"errors": {name: problem("sign_in_refused")}})
        with pytest.raises(InboxlinkError, match="sign_in_refused"):
            answers.answer(again)
    later = given({"server": "smtp.test"}, {"password": "s"})
    missing = FORM.model_copy(update={"errors": {"server": problem("value_missing", field="x")}})
    assert told(later.answer(missing))[0]["server"] == "smtp.test"


def test_a_menu_and_a_certificate_are_answered_by_what_was_given() -> None:
    """A menu by the name of its step; a certificate only by exactly its own fingerprint."""
    assert given({"menu": "two"}).answer(a_menu("one", "two")) == Choose(option="two")
    trusting = given(trusted={SERVER: "ab" * 32})
    assert trusting.answer(PINNED) == Agreed(facts_digest=PINNED.facts_digest)
    for trusted in ({}, {SERVER: "cd" * 32}, {"smtp.test:465": "ab" * 32}):
        with pytest.raises(SetupError, match="certificate_declined") as caught:
            given(trusted=trusted).answer(PINNED)
        assert dict(caught.value.problem.message.params) == {"host": "imap.test", "port": "993"}


def test_a_foreign_host_is_agreed_to_by_its_domain() -> None:
    """`--accept-domain` says yes to the hosts of one domain, and to no suggestion."""
    host = Confirm(
        step="host", kind=ConfirmKind.HOST, facts={"host": "x.test", "domain": "hoster.test"}
    )
    assert Given({}, {}, {}, ("hoster.test",)).answer(host) == Agreed(
        facts_digest=host.facts_digest
    )
    for accepted in ((), ("x.test",), ("other.test",)):
        with pytest.raises(SetupError, match="domain_unconfirmed"):
            Given({}, {}, {}, accepted).answer(host)
    offered = Confirm(
        step="endpoint", kind=ConfirmKind.ENDPOINT, facts={"suggested": "https://x.test/"}
    )
    with pytest.raises(SetupError, match="suggestion_declined") as caught:
        given().answer(offered)
    assert caught.value.problem.message.params["suggested"] == "https://x.test/"


@pytest.mark.parametrize("step", [a_menu("one"), a_redirect(), a_poll()])
def test_what_nobody_answered_is_missing(step: Any) -> None:
    """Any other step without an answer is named, rather than answered for the person."""
    with pytest.raises(SetupError, match="value_missing") as caught:
        given().answer(step)
    assert caught.value.problem.message.params["field"] == step.step


# --- typed -------------------------------------------------------------------------------------


def typed(step: Any, text: str, answers: Given | None = None) -> tuple[Any, Result]:
    """What comes of a step while a person types this."""
    events: list[Any] = []

    @click.command()
    def command() -> None:
        session = Session(Words("en"), is_json=False)
        try:
            events.append(Terminal(session, answers or given()).answer(step))
        except InboxlinkError as error:
            events.append(error)

    result = CliRunner().invoke(command, input=text, catch_exceptions=False)
    return (events or [None])[0], result


def test_a_form_is_typed_field_by_field() -> None:
    """An empty line keeps what stood there; a field that depends is asked only then."""
    values, secrets = told(typed(FORM, "\nn\ns3cret\n")[0])
    assert (values, secrets) == (
        {"user": "me", "apart": "false", "server": ""},
        {"password": "s3cret"},
    )
    event, result = typed(FORM, "you\ny\nsmtp.test\ns3cret\n")
    assert told(event)[0] == {"user": "you", "apart": "true", "server": "smtp.test"}
    assert "s3cret" not in result.output


def test_what_was_given_is_not_asked_for() -> None:
    """A given value is used without a question, but a refused one is asked for again."""
    answers = given({"user": "given"})
    assert told(typed(FORM, "n\ns\n", answers)[0])[0]["user"] == "given"
    refused = FORM.model_copy(update={"errors": {"user": problem("value_missing", field="user")}})
    event, result = typed(refused, "typed\nn\ns\n", answers)
    assert told(event)[0]["user"] == "typed"
    assert "✗ x: " in result.output
    assert "→ " in result.output


def test_trouble_that_nobody_can_mend_is_said_without_a_way_out() -> None:
    """A provider's own problem may have no remedy, and stand at no field."""
    trouble = replace(problem("remote_error"), remedy=None)
    refused = FORM.model_copy(update={"errors": {"": trouble}})
    event, result = typed(refused, "\nn\ns\n")
    assert told(event)[1] == {"password": "s"}
    assert f"✗ {Words('en')(trouble.message)}" in result.output
    assert "→" not in result.output


def test_folded_fields_are_asked_when_they_are_wanted() -> None:
    """Advanced fields wait for a yes, unless one of them was refused."""
    form = a_form(
        a_field("user", value="me"),
        a_field("port", advanced=True, value="993", help=None),
    )
    assert told(typed(form, "\nn\n")[0])[0] == {"user": "me", "port": "993"}
    assert told(typed(form, "\ny\n143\n")[0])[0] == {"user": "me", "port": "143"}
    refused = form.model_copy(update={"errors": {"port": problem("port_invalid", port="0")}})
    assert told(typed(refused, "\n143\n")[0])[0] == {"user": "me", "port": "143"}


def test_a_menu_is_answered_by_number() -> None:
    """A number of the list is taken; any other is asked again."""
    event, result = typed(a_menu("one", "two"), "3\nx\n2\n")
    assert event == Choose(option="two")
    assert "1  x" in result.output


def test_a_certificate_is_shown_before_it_is_trusted() -> None:
    """Its facts are shown without what could steer the terminal; a no ends it, a yes is bound."""
    event, result = typed(PINNED, "y\n")
    assert event == Agreed(facts_digest=PINNED.facts_digest)
    assert SERVER in result.output
    assert "\x1b[31m" not in result.output
    refused, _ = typed(PINNED, "n\n")
    assert isinstance(refused, SetupError)
    assert refused.code == "certificate_declined"
    beforehand, _ = typed(PINNED, "", given(trusted={SERVER: "ab" * 32}))
    assert beforehand == event


@pytest.mark.parametrize("step", [a_redirect(), a_poll()])
def test_a_step_that_a_terminal_cannot_show_is_named(step: Any) -> None:
    """What this host has no way for is refused, not waited for."""
    event, _ = typed(step, "")
    assert isinstance(event, SetupError)
    assert event.problem.message.params["field"] == step.step


# --- from file descriptors ---------------------------------------------------------------------


def test_a_secret_is_one_line_of_a_descriptor() -> None:
    """Two secrets come as two lines of one descriptor; the ends of lines are no part of them."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as file:
        file.write(b"first \xff\r\nsecond")
    try:
        secrets = read_secrets({"password": reading, "outgoing_password": reading})
    finally:
        os.close(reading)
    assert secrets == {"password": "first \udcff", "outgoing_password": "second"}


def test_a_descriptor_without_a_secret_is_named() -> None:
    """One that is closed or empty is the missing value of its field."""
    reading, writing = os.pipe()
    os.close(writing)
    with pytest.raises(SetupError, match="value_missing") as caught:
        read_secrets({"password": reading})
    os.close(reading)
    assert caught.value.problem.message.params["field"] == "password"
    with pytest.raises(SetupError, match="value_missing"):
        read_secrets({"password": reading})
