"""The page about the peers, held to what they are."""

import re
from pathlib import Path

from inboxlink.testing import fixtures
from inboxlink.testing.peers import faults, mail_faults
from inboxlink.testing.peers.authorization import AuthorizationServer
from inboxlink.testing.peers.mail import MailServer
from inboxlink.testing.peers.world import World

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "peers.md").read_text(encoding="utf-8")


def rows(section: str) -> list[str]:
    """What the first column of a section's table says."""
    (text,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    return re.findall(r"^\| `([^`]+)`", text, re.M)


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def test_every_fixture_is_on_the_page() -> None:
    """The table has the fixtures that there are, and no other."""
    there = {name for name in fixtures.__all__ if name.startswith("inboxlink_")}
    assert set(rows("Fixtures")) == there


def test_every_part_of_a_world_is_on_the_page(inboxlink_world: World) -> None:
    """Each public name of a world stands in its table."""
    named = {row.partition("(")[0] for row in rows("World")}
    assert named == public(World) | {"names", "authority"}
    assert all(hasattr(inboxlink_world, name) for name in named)


def test_every_switch_is_there(
    inboxlink_mail: MailServer, inboxlink_authorization: AuthorizationServer
) -> None:
    """What the page tells an author to switch can be switched."""
    for server, section in (
        (inboxlink_mail, "Switches of the mail server"),
        (inboxlink_authorization, "Switches of the authorization server"),
    ):
        named = rows(section)
        assert len(named) >= 3
        for row in named:
            part: object = server
            for name in row.partition("(")[0].split("."):
                assert hasattr(part, name), row
                part = getattr(part, name)


def test_every_fault_is_on_the_page() -> None:
    """Each fault that is made beforehand is named."""
    made = {*mail_faults.__all__, *faults.__all__}
    made -= {"Fault", "Faults", "MailFault", "MailFaults", "Protocol", "SignIn"}
    assert {name for name in made if f"`{name}" not in PAGE} == set()
    placed = {name for name in public(faults.Faults) if name.startswith("at_")}
    assert {name for name in placed if name not in PAGE} == set()
