"""The contract of providers whose author declared nothing: what can be tried all the same.

Run by `inboxlink providers check` where there is no file of the author's; never collected by
itself, because its name is not that of a test.
"""

from inboxlink.testing.contract.provider_contract import ProviderContract
from inboxlink.testing.contract.rules import Level
from inboxlink.testing.plugin import named_providers

__all__: list[str] = []

for _number, _name in enumerate(named_providers()):
    globals()[f"TestUndeclared{_number}"] = type(
        f"TestUndeclared{_number}",
        (ProviderContract,),
        {"provider": _name, "aims_at": Level.BRONZE, "__doc__": "Nothing is declared."},
    )
