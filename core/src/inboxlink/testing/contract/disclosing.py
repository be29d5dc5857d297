"""What a person is told, in every language and always the same."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from inboxlink.testing.contract.apart import digests
from inboxlink.testing.contract.ruling import Broken, rule
from inboxlink.testing.contract.trials import Trials
from inboxlink.texts import LANGUAGES
from inboxlink.types.detection import Basis, Detection
from inboxlink.types.disclosure import (
    Application,
    Audience,
    Capability,
    DiscloseContext,
    Disclosure,
)
from inboxlink.types.text import Text

if TYPE_CHECKING:
    from inboxlink.plugins.calling import Caller

__all__ = ["APPLICATION", "DisclosingRules", "disclosed"]

#: Whose application it is, in every text of the trials.
APPLICATION = "Acme"


def disclosed(
    caller: "Caller",
    provider: str,
    language: str,
    wanted: frozenset[Capability] = frozenset(Capability),
) -> Mapping[str, tuple[Disclosure, ...]]:
    """The disclosures of each variant, the one without a name among them.

    Raises:
        ProviderFault: The provider discloses nothing, or not in the form of the contract.
    """
    from inboxlink.disclosures import collect
    from inboxlink.plugins.description import described

    info = described(caller, provider)
    audience = Audience.PERSONAL if Audience.PERSONAL in info.audiences else Audience.TEAM
    context = DiscloseContext(Application(APPLICATION), language, audience, wanted)
    found = {}
    for variant in ("", *info.variants):
        settings = {"variant": variant} if variant else {}
        detection = Detection(
            provider, Basis.GUESS, Text("detection.chosen_by_hand"), settings=settings
        )
        found[variant] = collect(caller, detection, context)
    return found


class DisclosingRules:
    """Rules of `disclose`."""

    @rule("disclosures-whole")
    def test_disclosures_whole(self, contract: Trials) -> None:
        """Each says which data, how to remove it here and how to end it there, all filled in."""
        for each in _all(contract):
            shown = (each.title, each.body, each.remove_here, each.revoke_there, *each.data)
            for text in shown:
                if not text.strip():
                    raise Broken(f"{each.reference} in {each.language} has an empty part")
                if "{" in text or "}" in text:
                    raise Broken(f"{each.reference} in {each.language} shows a placeholder")
            if APPLICATION not in each.title + each.body:
                raise Broken(f"{each.reference} in {each.language} does not name the application")

    @rule("disclosures-translated")
    def test_disclosures_translated(self, contract: Trials) -> None:
        """Each is there in every language, with as many lines, the same id, version and scopes."""
        caller = contract.caller()
        with contract.judging():
            found = {each: disclosed(caller, contract.provider, each) for each in LANGUAGES}
        first, *others = LANGUAGES
        for variant, told in found[first].items():
            for language in others:
                for one, other in zip(told, found[language][variant], strict=False):
                    _compare(one, other, language)
                if len(told) != len(found[language][variant]):
                    raise Broken(f"another number of disclosures in {language} than in {first}")

    @rule("digest-stable")
    def test_digest_stable(self, contract: Trials) -> None:
        """What was acknowledged is the same when it is asked for again, here and elsewhere."""
        _all(contract)
        first, again = digests(contract.candidate), digests(contract.candidate)
        try:
            apart = contract.apart()["digests"]
        except ValueError:
            raise Broken("a process of its own could not read its disclosures") from None
        for name, digest in first.items():
            if not digest == again.get(name) == apart.get(name):
                raise Broken(f"{name} differs from one call, or one process, to the next")


def _all(contract: Trials) -> tuple[Disclosure, ...]:
    caller = contract.caller()
    with contract.judging():
        return tuple(
            each
            for language in LANGUAGES
            for told in disclosed(caller, contract.provider, language).values()
            for each in told
        )
    raise AssertionError


def _compare(one: Disclosure, other: Disclosure, language: str) -> None:
    if other.language != language:
        raise Broken(f"{other.reference}, asked for in {language}, is in {other.language}")
    if (one.id, one.version, one.scopes) != (other.id, other.version, other.scopes):
        raise Broken(f"{one.reference} has another id, version or scopes in {language}")
    if len(one.data) != len(other.data):
        raise Broken(
            f"{one.reference} names {len(one.data)} kinds of data, {len(other.data)} in {language}"
        )
    for name in ("body", "remove_here", "revoke_there"):
        if getattr(one, name) == getattr(other, name):
            raise Broken(f"{one.reference} has the {name} of {one.language} in {language}")
