"""That it is there, loads, costs nothing until it is used, and says what it is."""

import sys

from inboxlink.plugins.requirement import unmet
from inboxlink.testing.contract.ruling import Broken, rule
from inboxlink.testing.contract.trials import Trials
from inboxlink.testing.contract.wording import placeholders, strings_of, unworded
from inboxlink.texts import LANGUAGES

__all__ = ["LoadingRules"]

#: What may be loaded with a provider's module: the core's marker brings it.
_ALLOWED = frozenset({"inboxlink", "pluggy"})

#: Of the standard library, and as dear as what is not.
_DEAR = frozenset(
    {"ssl", "asyncio", "sqlite3", "imaplib", "smtplib", "poplib", "http", "urllib.request"}
)


class LoadingRules:
    """Rules that are tried on what is installed, before anything is called."""

    @rule("loads")
    def test_loads(self, contract: Trials) -> None:
        """It is installed, requires this core, and has its five hooks and no others."""
        import inboxlink

        candidate = contract.candidate
        asked = [each for each in candidate.requires if each.lower().startswith("inboxlink")]
        if not any(
            each[len("inboxlink") : len("inboxlink") + 1]
            in ("", " ", "<", ">", "=", "~", "!", "[", "(")
            for each in asked
        ):
            raise Broken("its metadata does not require inboxlink")
        wanted = unmet(candidate.requires, "inboxlink", inboxlink.__version__)
        if wanted is not None:
            raise Broken(f"it requires inboxlink {wanted}, this is {inboxlink.__version__}")
        contract.registry()

    @rule("light-import")
    def test_light_import(self, contract: Trials) -> None:
        """Importing its module loads the standard library's light part and the core, no more."""
        contract.registry()
        candidate = contract.candidate
        try:
            loaded = contract.apart()["loaded"]
        except ValueError as error:
            raise Broken(str(error)) from None
        own = {candidate.package, candidate.distribution.replace("-", "_")}
        dear = sorted(
            name
            for name in loaded
            if name in _DEAR
            or name.partition(".")[0] not in _ALLOWED | own | sys.stdlib_module_names
        )
        if dear:
            top = sorted({name.partition(".")[0] for name in dear})
            raise Broken(f"importing {candidate.module} loads {', '.join(top[:5])}")

    @rule("describes-itself")
    def test_describes_itself(self, contract: Trials) -> None:
        """It has a name, words for it, and somebody whom it is for."""
        info = contract.info(contract.caller())
        for text in (info.title, info.summary):
            trouble = unworded(text, contract.candidate)
            if trouble is not None:
                raise Broken(f"describe: {trouble}")
        if not info.audiences:
            raise Broken("describe: it is for nobody, `audiences` is empty")

    @rule("words-complete")
    def test_words_complete(self, contract: Trials) -> None:
        """Its strings are there in every language, with the same keys and placeholders."""
        contract.registry()
        candidate = contract.candidate
        found = {language: strings_of(candidate.package, language) for language in LANGUAGES}
        for language, strings in found.items():
            if strings is None:
                raise Broken(f"strings/{language}.json is missing, or is no JSON object")
        first, *others = LANGUAGES
        known = found[first] or {}
        for key, template in known.items():
            if not key.startswith(f"{candidate.name}."):
                raise Broken(f"{key} in strings/{first}.json does not begin with {candidate.name}.")
            if not isinstance(template, str) or not template.strip():
                raise Broken(f"{key} in strings/{first}.json is empty")
        for language in others:
            theirs = found[language] or {}
            differing = sorted(known.keys() ^ theirs.keys())
            if differing:
                raise Broken(f"{differing[0]} stands in one of {first} and {language} only")
            for key, template in known.items():
                if not str(theirs[key]).strip():
                    raise Broken(f"{key} in strings/{language}.json is empty")
                if placeholders(str(template)) != placeholders(str(theirs[key])):
                    raise Broken(f"{key} has other placeholders in {language} than in {first}")
            if known and theirs == known:
                raise Broken(f"strings/{language}.json has the words of {first}")
