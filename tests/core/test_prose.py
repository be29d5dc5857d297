"""The texts that a provider words itself, from the files of a package."""

import json
from pathlib import Path

import pytest

from inboxlink.prose import Prose
from inboxlink.types.disclosure import Application, Audience, Capability, DiscloseContext

TEXT = {
    "title": "Connecting to {app}",
    "body": ["{app} reads.", "Privacy: {privacy_policy}", "{app} helps: {support}", "End."],
    "data": ["What {app} sees"],
    "remove_here": "In {app}.",
    "revoke_there": "There.",
}


@pytest.fixture
def prose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Prose:
    """A provider's package with texts in two languages."""
    package = f"worded_{abs(hash(request.node.name))}"
    for language, title in (("en", "Connecting to {app}"), ("ja", "{app} に接続")):
        for folder, name, content in (
            ("strings", f"{language}.json", {"acme.subject": f"{language} {{app}}"}),
            (f"disclosures/{language}", "A.v1.json", {**TEXT, "title": title}),
            (f"disclosures/{language}", "A.v2.json", {**TEXT, "title": f"{title} 2"}),
        ):
            path = tmp_path / package / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content))
    (tmp_path / package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    return Prose(package)


def told(language: str, **more: str) -> DiscloseContext:
    application = Application("Acme", **more)
    return DiscloseContext(application, language, Audience.PERSONAL, frozenset(Capability))


def test_a_disclosure_is_worded_for_the_application(prose: Prose) -> None:
    """The name stands in every part, and the id, version and scopes are the provider's."""
    found = prose.disclosure("acme.A", 1, told("en"), scopes=("mail",), is_repeated=True)
    assert (found.id, found.version, found.language) == ("acme.A", 1, "en")
    assert (found.title, found.data, found.remove_here, found.revoke_there) == (
        "Connecting to Acme",
        ("What Acme sees",),
        "In Acme.",
        "There.",
    )
    assert (found.scopes, found.is_repeated) == (("mail",), True)


def test_a_paragraph_without_its_value_is_left_out(prose: Prose) -> None:
    """No reader sees an empty link."""
    assert prose.disclosure("acme.A", 1, told("en")).body == "Acme reads.\n\nEnd."
    privacy = told("en", privacy_policy="https://acme.test/privacy")
    assert prose.disclosure("acme.A", 1, privacy).body == (
        "Acme reads.\n\nPrivacy: https://acme.test/privacy\n\nEnd."
    )


def test_a_version_is_a_file_and_the_older_one_stays(prose: Prose) -> None:
    """Whoever acknowledged the first can be shown it again."""
    assert prose.disclosure("acme.A", 2, told("en")).title == "Connecting to Acme 2"
    assert prose.disclosure("acme.A", 1, told("en")).title == "Connecting to Acme"
    with pytest.raises(FileNotFoundError):
        prose.disclosure("acme.A", 3, told("en"))


@pytest.mark.parametrize(("language", "spoken"), [("ja", "ja"), ("en", "en"), ("fr", "en")])
def test_a_language_that_is_not_there_is_english(prose: Prose, language: str, spoken: str) -> None:
    """The text says in which language it is."""
    found = prose.disclosure("acme.A", 1, told(language))
    assert found.language == spoken == prose.spoken(language)
    assert found.title == {"ja": "Acme に接続", "en": "Connecting to Acme"}[spoken]
    assert prose.string("acme.subject", told(language)) == f"{spoken} Acme"
