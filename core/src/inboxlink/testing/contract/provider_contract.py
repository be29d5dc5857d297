"""The contract that a provider keeps, as one class of tests."""

from inspect import getattr_static
from typing import ClassVar

import pytest

from inboxlink.testing.contract.detection import DetectionRules
from inboxlink.testing.contract.disclosing import DisclosingRules
from inboxlink.testing.contract.errors import ErrorRules
from inboxlink.testing.contract.keeping import KeepingRules
from inboxlink.testing.contract.loading import LoadingRules
from inboxlink.testing.contract.rules import Level
from inboxlink.testing.contract.ruling import ATTRIBUTE
from inboxlink.testing.contract.secrecy import SecrecyRules
from inboxlink.testing.contract.signing_in import SigningInRules
from inboxlink.testing.contract.trials import Memory, Trials
from inboxlink.testing.contract.verifying import VerifyingRules
from inboxlink.testing.declarations import Claim, Script
from inboxlink.types.detection import Evidence

__all__ = ["ProviderContract"]

#: What an author may set; everything else is the contract's.
_DECLARATIONS = frozenset({"provider", "aims_at", "claims", "declines", "scripts"})


class ProviderContract(
    LoadingRules,
    DetectionRules,
    DisclosingRules,
    SigningInRules,
    ErrorRules,
    VerifyingRules,
    KeepingRules,
    SecrecyRules,
):
    """Holds one provider to every rule of the contract. Inherit from it, declare, run pytest.

    The servers are the fixture `world`, which gives a `World`. Without it the scripts reach
    nothing but what the system's resolver finds.

    Example::

        pytest_plugins = ["inboxlink.testing.plugin"]


        class TestExample(ProviderContract):
            provider = "example"
            claims = (Claim(Evidence("example.test")),)
            declines = (Evidence("elsewhere.test"),)
            scripts = (
                Script(
                    name="password",
                    address="ann@example.test",
                    answers=(Fill(secrets={"password": "correct horse"}),),
                ),
            )

            @pytest.fixture
            def world(self, servers):
                return World(connect=servers.connect, ca_file=servers.ca_file)

    Attributes:
        provider: The name of its entry point.
        aims_at: The level that the author wants held: a rule up to it that could not be tried
            fails, one above it is skipped.
        claims: Evidence for which `detect` must speak up.
        declines: Evidence for which it must not.
        scripts: Sign-ins; together they show each way that the provider has, a refusal, and
            another account where the provider can tell one.
    """

    provider: ClassVar[str] = ""
    aims_at: ClassVar[Level] = Level.GOLD
    claims: ClassVar[tuple[Claim, ...]] = ()
    declines: ClassVar[tuple[Evidence, ...]] = ()
    scripts: ClassVar[tuple[Script, ...]] = ()

    _memory: ClassVar[Memory] = Memory()

    def __init_subclass__(cls) -> None:
        """Refuse a class that replaces a part of the contract.

        Raises:
            TypeError: It does; the message names the part.
        """
        super().__init_subclass__()
        for name in sorted(_FIXED):
            if getattr_static(cls, name) is not getattr_static(ProviderContract, name):
                raise TypeError(f"{cls.__name__} replaces {name}: a rule cannot be overridden")
        cls._memory = Memory()

    @classmethod
    def under_test(cls) -> str:
        """The name of the provider that is held to the contract.

        Raises:
            TypeError: The class declares none.
        """
        if not cls.provider:
            raise TypeError(f"{cls.__name__} declares no provider")
        return cls.provider

    @pytest.fixture
    def contract(self, request: pytest.FixtureRequest) -> Trials:
        """What the rules are tried with."""
        return Trials(request, getattr(request.function, ATTRIBUTE))


_FIXED = frozenset(
    name for name in dir(ProviderContract) if not name.startswith("_") and name not in _DECLARATIONS
)
