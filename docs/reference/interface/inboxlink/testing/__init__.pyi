from importlib import import_module
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from inboxlink.testing.contract.provider_contract import ProviderContract
    from inboxlink.testing.contract.rules import Level
    from inboxlink.testing.declarations import Agree, Answer, Claim, Fill, Mistake, Pick, Script, Visit, Wait, World
__all__ = ['Agree', 'Answer', 'Claim', 'Fill', 'Level', 'Mistake', 'Pick', 'ProviderContract', 'Script', 'Visit', 'Wait', 'World']
