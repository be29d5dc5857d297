"""Microsoft's tenants: which cloud, and which answers say nothing."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxlink.evidence import tenant
from inboxlink.evidence.tenant import HOSTS, Tenancy, Tenant
from inboxlink.types.context import HttpAnswer

ID = "7005d458-45be-48ae-8140-d43da96dd17b"
OTHER = "0ff1ce00-1234-4abc-8def-0123456789ab"
WORLDWIDE, GOVERNMENT, CHINA = HOSTS
NO_TENANT = b'{"error": "invalid_tenant", "error_description": "AADSTS90002: not found"}'


def document(
    instance: object = "microsoftonline.com",
    scope: object = None,
    *,
    id: str = ID,  # noqa: A002
    issuer: str | None = None,
) -> dict[str, Any]:
    """A discovery document, as far as it is read."""
    return {
        "token_endpoint": f"https://{WORLDWIDE}/{id}/oauth2/v2.0/token",
        "issuer": f"https://{WORLDWIDE}/{id}/v2.0" if issuer is None else issuer,
        "tenant_region_scope": "NA",
        "tenant_region_sub_scope": scope,
        "cloud_instance_name": instance,
        "msgraph_host": "graph.microsoft.com",
    }


def answer(found: object, status: int = 200) -> HttpAnswer:
    body = found if isinstance(found, bytes) else json.dumps(found).encode()
    return HttpAnswer("https://login.microsoftonline.com/", status, {}, body)


def test_each_cloud_is_asked_about_the_domain_alone() -> None:
    """Over https, at Microsoft's own hosts."""
    assert tenant.addresses("a.org") == tuple(
        f"https://{host}/a.org/v2.0/.well-known/openid-configuration" for host in HOSTS
    )


@pytest.mark.parametrize(
    ("instance", "scope", "cloud"),
    [
        ("microsoftonline.com", None, None),
        ("microsoftonline.com", "GCC", None),
        ("microsoftonline.com", "a later word", None),
        ("microsoftonline.com", ["DOD"], None),
        ("microsoftonline.us", None, "gcc_high"),
        ("microsoftonline.us", "DODCON", "gcc_high"),
        ("microsoftonline.us", "DOD", "dod"),
        # The worldwide host answers for tenants of the government, too.
        ("microsoftonline.com", "DODCON", "gcc_high"),
        ("microsoftonline.com", "DOD", "dod"),
        ("partner.microsoftonline.cn", None, "china"),
    ],
)
def test_a_tenant_is_in_one_cloud(instance: str, scope: str | None, cloud: str | None) -> None:
    """The sub-scope tells more than the cloud's name; GCC is worldwide."""
    assert tenant.read(answer(document(instance, scope))) == Tenant(ID, cloud)


@pytest.mark.parametrize(
    "issuer",
    [
        f"https://sts.windows.net/{ID}/",
        f"https://sts.chinacloudapi.cn/{ID}/",
        f"https://login.microsoftonline.us/{ID}/v2.0",
        f"https://login.partner.microsoftonline.cn/{ID.upper()}/v2.0",
    ],
)
def test_every_issuer_of_microsofts_is_known(issuer: str) -> None:
    """Older ones as well."""
    assert tenant.read(answer(document(issuer=issuer))) == Tenant(ID)


@pytest.mark.parametrize(
    "issuer",
    [
        "https://login.microsoftonline.com/{tenantid}/v2.0",
        "https://login.microsoftonline.com/common/v2.0",
        f"http://login.microsoftonline.com/{ID}/v2.0",
        f"https://login.microsoftonline.com.evil.test/{ID}/v2.0",
        f"https://evil.test/{ID}/v2.0",
        f"https://user@login.microsoftonline.com/{ID}/v2.0",
        f"https://login.microsoftonline.com/x/{ID}",
        f"https://login.microsoftonline.com/{ID}x/v2.0",
        # Everybody's personal accounts.
        "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
        *("", "https://[", ID),
    ],
)
def test_another_issuer_is_no_tenant(issuer: str) -> None:
    """Of a stranger, of everybody, or of nobody."""
    assert tenant.read(answer(document(issuer=issuer))) is None


def test_a_document_may_be_as_large_as_a_fetch() -> None:
    """And no larger."""
    body = json.dumps(document()).encode()
    assert tenant.read(answer(body.ljust(64 * 1024))) == Tenant(ID)
    assert tenant.read(answer(body.ljust(64 * 1024 + 1))) is None


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (NO_TENANT, 400),
        (document(), 400),
        (document(), 500),
        (document("a-new-cloud.example"), 200),
        (document(["microsoftonline.com"]), 200),
        (document(None), 200),
        (document(None, "DOD"), 200),
        *((each, 200) for each in (b"", b"<html/>", b"null", b"[]", b"[{}]", b"{}", b"[" * 60_000)),
        ({"issuer": 1, "cloud_instance_name": "microsoftonline.com"}, 200),
        (json.dumps(document()).encode().ljust(70_000), 200),
    ],
)
def test_other_answers_name_no_tenant(found: object, status: int) -> None:
    """Errors, pages, junk, and clouds that are not known here."""
    assert tenant.read(answer(found, status)) is None


def test_the_answers_say_together_who_is_where() -> None:
    """That one cloud says "there is none" is an answer, that it says nothing is not."""
    found = tenant.together(
        {
            WORLDWIDE: answer(document()),
            GOVERNMENT: answer(NO_TENANT, 400),
            CHINA: answer(b"busy", 503),
        }
    )
    assert found == Tenancy((Tenant(ID),), (CHINA,))
    assert tenant.together({WORLDWIDE: None, CHINA: answer(b"", 200)}).unheard == (WORLDWIDE, CHINA)
    nothing = tenant.together({host: answer(NO_TENANT, 400) for host in HOSTS})
    assert nothing == Tenancy()


def test_of_two_tenants_none_is_picked() -> None:
    """Both are told; the same one twice is one."""
    # case 9
    china = document("partner.microsoftonline.cn", id=OTHER)
    found = tenant.together({WORLDWIDE: answer(document()), CHINA: answer(china)})
    assert found.is_ambiguous
    assert found.tenants == (Tenant(ID), Tenant(OTHER, "china"))
    government = answer(document("microsoftonline.us", "DOD"))
    once = tenant.together({WORLDWIDE: government, GOVERNMENT: government})
    assert once.tenants == (Tenant(ID, "dod"),)
    assert not once.is_ambiguous


_VALUE = st.one_of(st.none(), st.integers(), st.text(max_size=20), st.lists(st.text(max_size=3)))


@given(
    st.one_of(
        st.binary(max_size=200),
        st.builds(document, _VALUE, _VALUE, issuer=st.text(max_size=60)),
        st.dictionaries(st.sampled_from([*document()]), _VALUE),
    ),
    st.sampled_from([200, 400, 500]),
)
def test_any_answer_is_read_or_not(found: object, status: int) -> None:
    """Nothing raises, and a tenant has a GUID and a cloud that is known."""
    read = tenant.read(answer(found, status))
    if read is not None:
        assert tenant._GUID.fullmatch(read.id)
        assert read.cloud in (None, "gcc_high", "dod", "china")
