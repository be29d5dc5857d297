from collections.abc import Mapping
from typing import Any
from inboxlink.errors import InboxlinkError, Problem, problem
from inboxlink.types.context import CertificateFacts, HookContext
from inboxlink.types.detection import CertificatePin, Endpoint
from inboxlink.types.steps import Confirm, ConfirmKind
__all__ = ['CONFIRMABLE', 'certificate_question', 'pin_of']
CONFIRMABLE = frozenset({'certificate_untrusted', 'certificate_wrong_name', 'certificate_changed'})

def certificate_question(ctx: HookContext, endpoint: Endpoint, code: str, state: Mapping[str, Any]) -> Confirm | Problem:
    ...

def pin_of(state: Mapping[str, Any]) -> CertificatePin:
    ...
