"""The addresses that a mailbox may send as, read again later."""

import pytest

from gmail.world import READ, SEND, Host, credential, raised
from inboxlink.testing.peers.faults import changed, unavailable
from inboxlink.types.disclosure import Capability
from inboxlink_gmail import provider
from peers.oauth.worlds import ALICE


def test_aliases_are_read_again(host: Host) -> None:
    """What was set up in Gmail after connecting is there the next time, without a sign-in."""
    # req 29, 30
    done = host.done()
    read = lambda: [  # noqa: E731
        each.address
        for each in provider.aliases(host.call_context(), done.credential, done.settings)
    ]
    assert read() == [ALICE.login]
    own = {"sendAsEmail": ALICE.login, "isPrimary": True}
    new = {"sendAsEmail": "sales@example.test", "verificationStatus": "accepted"}
    host.google.faults.at_api(changed(sendAs=[new, own]), path="settings/sendAs")
    assert read() == [ALICE.login, "sales@example.test"]


def test_without_a_list_the_account_is_the_only_sender(host: Host) -> None:
    """An empty list leaves the address of the sign-in; without one either, nobody is named."""
    done = host.done()
    host.google.faults.at_api(changed(sendAs=[]), path="settings/sendAs")
    (only,) = provider.aliases(host.call_context(), done.credential, done.settings)
    assert only.address == ALICE.login
    assert provider.aliases(host.call_context(), done.credential, {}) == ()


def test_who_may_only_send_may_not_read_them(host: Host) -> None:
    """Without the scope that shows them, it is named and Gmail is not asked."""
    host = host.but(wanted=(Capability.SEND,))
    done = host.done()
    found = raised(lambda: provider.aliases(host.call_context(), done.credential, done.settings))
    assert (found.code, found.message.params) == ("scope_not_granted", {"scopes": READ})
    assert host.google.api.calls == []


@pytest.mark.parametrize(
    ("scopes", "code"), [((READ, SEND), "grant_ended"), ((SEND,), "scope_not_granted")]
)
def test_a_dead_token_is_told(host: Host, scopes: tuple[str, ...], code: str) -> None:
    """A token that Google does not know ends as an ended grant."""
    context = host.call_context()
    assert raised(lambda: provider.aliases(context, credential(scopes), {})).code == code


def test_trouble_at_gmail_is_passed_on(host: Host) -> None:
    """A server error is no empty list."""
    done = host.done()
    host.google.faults.at_api(unavailable(503))
    context = host.call_context()
    found = raised(lambda: provider.aliases(context, done.credential, done.settings))
    assert found.code == "server_unavailable"
