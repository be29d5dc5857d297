"""The sign-in with Google, step by step, and what becomes of the grant."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from imap.google_mail import ANN, APP_PASSWORD, BEN, NAMELESS, UNVERIFIED, GoogleMail
from imap.world import World
from inboxlink.errors import InboxlinkError, SignInError
from inboxlink.testing.peers.faults import HTML, changed, instead, unavailable
from inboxlink.types.context import CallContext, Previous
from inboxlink.types.credential import SecretName
from inboxlink.types.report import Proof
from inboxlink.types.steps import Abort, Done, Form, Menu, Redirect, Step
from inboxlink_imap import provider
from inboxlink_imap.google import ENDPOINTS, SCOPES
from peers.certificates import Authority
from peers.oauth.google import GoogleAccounts


def problem_of(step: Step) -> str:
    assert isinstance(step, Abort), step
    return step.error.code


def test_the_request_to_google(world: World) -> None:
    """It asks for one scope of Gmail's, offline, with a choice of accounts and a hint whose."""
    # OA4, OA10
    step = world.choose(world.begin(), "google")
    assert isinstance(step, Redirect)
    assert step.scopes == SCOPES
    assert step.issuer == "https://accounts.google.com"
    target = urlsplit(step.url)
    query = parse_qs(target.query)
    assert (target.netloc, target.path) == ("accounts.google.com", "/o/oauth2/v2/auth")
    assert query["scope"] == ["https://mail.google.com/ openid email"]
    assert query["access_type"] == ["offline"]
    assert query["prompt"] == ["select_account consent"]
    assert query["login_hint"] == ["ann@gmail.com"]
    assert step.state.keys() == {"verifier", "nonce"}


def test_an_app_password_is_what_it_was(mail: GoogleMail, world: World) -> None:
    """Whoever chooses the password, or says nothing, meets the form and the words of before."""
    # req 51
    menu = world.begin()
    assert isinstance(menu, Menu)
    form = world.choose(menu, str(menu.default))
    world.settings = {}
    without_client = world.begin()
    assert form == without_client
    assert isinstance(form, Form)
    report = world.verify(world.submit(form, APP_PASSWORD))
    assert (report.can_receive, report.can_send) == (True, True)
    assert {each.proof for each in report.identities} == {Proof.DECLARED}
    assert mail.accounts.token_calls() == []


@pytest.mark.parametrize("lacks", ["client", "redirect_uri", "ways", "variant"])
def test_google_is_offered_only_where_it_can_work(world: World, lacks: str) -> None:
    """Without a client, a way back, or Gmail's servers there is no menu."""
    if lacks == "client":
        world.settings = {}
    elif lacks == "redirect_uri":
        world.redirect_uri = None
    elif lacks == "ways":
        world.ways = frozenset()
    else:
        elsewhere = tuple(replace(each, host="mail.example.test") for each in ENDPOINTS)
        world.detection = replace(world.detection, endpoints=elsewhere, settings={})
    step = world.begin()
    assert isinstance(step, Form)


def test_the_way_chosen_before_stands(world: World) -> None:
    """Signing in again begins with the way that was used before."""
    world.previous = Previous(ANN.sub, {"username": "ann@gmail.com", "method": "google"}, ENDPOINTS)
    menu = world.begin()
    assert isinstance(menu, Menu)
    assert menu.default == "google"
    form = world.choose(menu, "app_password")
    assert isinstance(form, Form)
    assert {each.name: each.value for each in form.fields}["username"] == "ann@gmail.com"


@pytest.mark.parametrize(
    ("typed", "is_same"),
    [
        ("a.n.n@gmail.com", True),
        ("ANN+news@googlemail.com", True),
        ("anne@gmail.com", False),
        ("ann@example.com", False),
    ],
)
def test_who_signed_in_is_the_typed_mailbox(
    mail: GoogleMail, world: World, typed: str, is_same: bool
) -> None:
    """Gmail's other spellings of an address are its mailbox, and nobody else's are."""
    # OA12
    world.address = typed
    step = mail.signed_in(world)
    if not is_same:
        assert problem_of(step) == "wrong_account"
        assert isinstance(step, Abort)
        assert step.error.message.params["found"] == "ann@gmail.com"
        return
    report = world.verify(step)
    assert (report.can_receive, report.can_send) == (True, True)
    known = [(each.address, each.proof, each.subject) for each in report.identities]
    assert known == [
        (str(world.context()["address"]), Proof.PROVEN, ANN.sub),
        ("ann@gmail.com", Proof.PROVEN, ANN.sub),
    ]


@pytest.mark.parametrize("account", [BEN, UNVERIFIED, NAMELESS], ids=lambda each: each.login)
def test_whoever_cannot_be_told_is_refused(mail: GoogleMail, world: World, account: object) -> None:
    """Another account, an address that Google did not verify, and none at all end the sign-in."""
    # OA12
    assert problem_of(mail.signed_in(world, account)) == "wrong_account"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another.apps.googleusercontent.com"},
        {"nonce": "of another sign-in"},
        {"iss": "https://evil.test"},
        {"sub": None},
        {"email": None},
        {"email": "ann@gmail.com\x1b[2J"},
        {"email_verified": "true"},
    ],
)
def test_an_id_token_that_proves_nothing_is_refused(
    mail: GoogleMail, world: World, claims: dict[str, object]
) -> None:
    """A well signed ID token of elsewhere, or without the person, ends the sign-in."""
    # F47, OA12
    mail.accounts.faults.at_token(mail.accounts.id_token_with(**claims))
    assert problem_of(mail.signed_in(world)) == "wrong_account"


def test_no_id_token_is_no_proof(mail: GoogleMail, world: World) -> None:
    """Tokens without an ID token are not kept."""
    # OA12
    mail.accounts.faults.at_token(changed(id_token=None))
    assert problem_of(mail.signed_in(world)) == "wrong_account"


def test_a_box_that_was_unticked_is_named(mail: GoogleMail, world: World) -> None:
    """Without the one permission neither server opens, so that nothing is kept."""
    # OA13, F50
    step = mail.signed_in(world, withheld=["mail.google.com/"])
    assert problem_of(step) == "scope_not_granted"
    assert isinstance(step, Abort)
    assert step.error.message.params["scopes"] == "https://mail.google.com/"


@pytest.mark.parametrize("declines", ["sign_in", "consent"])
def test_no_is_an_answer(mail: GoogleMail, world: World, declines: str) -> None:
    """Whoever presses Cancel at Google is told that nothing is connected."""
    assert problem_of(mail.signed_in(world, declines=declines)) == "consent_declined"
    assert mail.accounts.token_calls() == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (instead(HTML), "protocol_error"),
        (unavailable(), "server_unavailable"),
        (changed(refresh_token=None), "protocol_error"),
        (changed(access_token=None), "protocol_error"),
    ],
)
def test_a_token_endpoint_in_trouble(
    mail: GoogleMail, world: World, fault: object, code: str
) -> None:
    """Each failure of the exchange has its code, and none keeps half a grant."""
    # F47
    mail.accounts.faults.at_token(fault)  # type: ignore[arg-type]
    assert problem_of(mail.signed_in(world)) == code


def test_a_code_is_good_once(mail: GoogleMail, world: World) -> None:
    """An answer that comes a second time is refused by Google."""
    # F45
    step = world.choose(world.begin(), "google")
    assert isinstance(step, Redirect)
    address = mail.person().sign_in(step.url, visits_redirect=False).address
    assert isinstance(world.come_back(step, address), Done)
    assert problem_of(world.come_back(step, address)) == "grant_ended"


def test_servers_that_take_no_token_are_found_before_the_browser_opens(
    mail: GoogleMail, world: World
) -> None:
    """Nobody is sent to Google for servers that cannot be used, or are not Google's."""
    world.connect = {**world.connect, "imap.gmail.com:993": "127.0.0.1:1"}
    assert problem_of(world.choose(world.begin(), "google")) == "connection_refused"
    assert mail.accounts.authorizations == []


def test_servers_that_take_passwords_alone_are_no_use_to_a_token(
    authority: Authority, google_accounts: GoogleAccounts
) -> None:
    """A server without a mechanism for tokens is found before the browser opens, too."""
    passwords = "auth_mechanisms = plain login"
    with GoogleMail.running(authority, google_accounts, passwords) as mail:
        world = mail.reset().world()
        assert problem_of(world.choose(world.begin(), "google")) == "mechanism_unsupported"
        assert mail.accounts.authorizations == []


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"client_id": "1-a.apps.googleusercontent.com"}, "client_missing"),
        ({"client_id": "GOCSPX-secret-for-id", "client_secret": "x"}, "client_invalid"),
    ],
)
def test_a_registration_that_cannot_work_is_said_first(
    world: World, settings: dict[str, str], code: str
) -> None:
    """A registration without a secret, or with something else for its id, opens no browser."""
    world.settings = settings
    assert problem_of(world.choose(world.begin(), "google")) == code
    context = CallContext(**world.context())
    assert [each.code for each in provider.check_client(context, online=False)] == [code]


def test_the_doctor_asks_google_whether_it_knows_the_client(world: World) -> None:
    """A good client is known, another is refused, and none at all is no fault."""

    def found(online: bool) -> list[str]:
        context = CallContext(**world.context())
        return [each.code for each in provider.check_client(context, online=online)]

    assert found(online=True) == []
    world.settings = {**world.settings, "client_secret": "another"}
    assert found(online=False) == []
    assert found(online=True) == ["client_refused"]
    world.settings = {}
    assert found(online=True) == []


def test_a_rotated_refresh_token_takes_the_place_of_the_old_one(
    mail: GoogleMail, world: World
) -> None:
    """Twenty renewals in a row, each with what the one before gave."""
    # OA11
    mail.accounts.change(rotates=True)
    credential = mail.granted(world).credential
    seen = set()
    for _ in range(20):
        seen.add(credential.secret(SecretName.REFRESH_TOKEN))
        credential = provider.refresh(CallContext(**world.context()), credential)
    assert len(seen) == 20
    calls = mail.accounts.token_calls("refresh_token")
    assert [each.error for each in calls] == [None] * 20


def test_a_renewal_for_somebody_else_is_refused(mail: GoogleMail, world: World) -> None:
    """An answer whose ID token is another person's is not kept."""
    # OA12
    credential = mail.granted(world).credential
    mail.accounts.faults.at_token(mail.accounts.id_token_with(sub="somebody else"))
    with pytest.raises(SignInError) as caught:
        provider.refresh(CallContext(**world.context()), credential)
    assert caught.value.code == "wrong_account"


def test_a_failed_revocation_is_no_success(mail: GoogleMail, world: World) -> None:
    """Where Google could not be asked, the host is told and can tell the person."""
    # OA14
    done = mail.granted(world)
    mail.accounts.faults.at_revocation(unavailable())
    with pytest.raises(InboxlinkError) as caught:
        provider.revoke(CallContext(**world.context()), done.credential)
    assert caught.value.code == "server_unavailable"


def test_a_password_is_neither_renewed_nor_revoked(mail: GoogleMail, world: World) -> None:
    """A password stays what it is, and only its owner can end it."""
    credential = world.done(APP_PASSWORD, *ENDPOINTS).credential
    context = CallContext(**world.context())
    assert provider.refresh(context, credential) is credential
    result = provider.revoke(context, credential)
    assert result.revoked is None
    assert result.detail.key == "keeping.revoke_by_hand"


@pytest.mark.parametrize(
    ("settings", "fields", "days"),
    [
        ({"testing": "true"}, {}, 7),
        ({}, {"refresh_token_expires_in": 3 * 86400}, 3),
        ({"testing": "true"}, {"refresh_token_expires_in": 3 * 86400}, 3),
    ],
)
def test_the_end_of_a_grant_is_known(
    mail: GoogleMail,
    world: World,
    settings: dict[str, str],
    fields: dict[str, object],
    days: int,
) -> None:
    """Google's word counts, else the seven days of an application in testing; it is kept."""
    world.settings = {**world.settings, **settings}
    mail.accounts.faults.at_token(changed(**fields), "authorization_code")
    done = mail.granted(world)
    ends_at = done.credential.grant_ends_at
    assert ends_at is not None
    assert timedelta(0) <= datetime.now(UTC) + timedelta(days=days) - ends_at < timedelta(minutes=1)
    renewed = provider.refresh(CallContext(**world.context()), done.credential)
    assert renewed.grant_ends_at == ends_at


def test_no_token_is_shown(mail: GoogleMail, world: World) -> None:
    """Neither a step, a credential nor a report shows a code, a verifier or a token."""
    # LG1
    step = world.choose(world.begin(), "google")
    assert isinstance(step, Redirect)
    address = mail.person().sign_in(step.url, visits_redirect=False).address
    done = world.come_back(step, address)
    assert isinstance(done, Done)
    shown = repr(done) + repr(world.verify(done)) + world.verify(done).model_dump_json()
    secrets = [each.get_secret_value() for each in done.credential.secrets.values()]
    secrets += [*map(str, step.state.values()), parse_qs(urlsplit(address).query)["code"][0]]
    assert not [each for each in secrets if each in shown]
