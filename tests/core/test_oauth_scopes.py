"""What was granted, held to what was asked."""

from hypothesis import given
from hypothesis import strategies as st

from inboxlink.oauth.scopes import same_scope, withheld

SCOPES = st.lists(st.sampled_from(["Mail.Read", "Mail.Send", "User.Read", "IMAP"]), unique=True)


def test_what_was_left_out_is_named_in_the_order_of_asking() -> None:
    """The missing ones come as they were asked for, whatever the order of the answer."""
    assert withheld(("c", "a", "b"), ("b",)) == ("c", "a")
    assert withheld(("c", "a"), ("a", "c")) == ()


def test_more_than_was_asked_for_is_no_fault() -> None:
    """A server reports what was granted earlier as well."""
    assert withheld(("a",), ("z", "a", "y")) == ()


def test_the_scopes_of_signing_in_are_left_out() -> None:
    """`openid` and its kin are reported or not, as a server likes; nobody misses them."""
    asked = ("openid", "email", "profile", "offline_access", "a")
    assert withheld(asked, ()) == ("a",)
    assert withheld(asked, ("a",)) == ()


def test_case_and_other_spellings_make_no_difference() -> None:
    """Names are compared without case, and by the one spelling that the provider gave."""
    same = {"https://graph.microsoft.com/mail.read": "Mail.Read"}
    assert withheld(("mail.read",), ("MAIL.READ",)) == ()
    assert withheld(("Mail.Read",), ("https://graph.microsoft.com/Mail.Read",), same) == ()
    assert withheld(("https://graph.microsoft.com/Mail.Read",), ("Mail.Read",), same) == ()
    assert withheld(("Mail.Read",), ("https://graph.microsoft.com/Mail.Read",)) == ("Mail.Read",)
    assert same_scope("Mail.Read", {}) == same_scope("mail.read", {})


def test_a_part_of_a_name_is_not_the_name() -> None:
    """A longer or shorter scope is another one."""
    asked = ("https://www.googleapis.com/auth/gmail.send",)
    assert withheld(asked, ("https://www.googleapis.com/auth/gmail",)) == asked
    assert withheld(asked, ("https://www.googleapis.com/auth/gmail.send.more",)) == asked


@given(SCOPES, SCOPES)
def test_withheld_is_the_difference(asked: list[str], granted: list[str]) -> None:
    """Each that was asked for is either granted or named, and nothing else is named."""
    missing = withheld(asked, granted)
    assert set(missing) == set(asked) - set(granted)
    assert withheld(missing, granted) == missing
    assert withheld(asked, [*granted, *missing]) == ()
