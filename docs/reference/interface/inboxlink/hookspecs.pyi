from typing import TYPE_CHECKING
from inboxlink import hookspec
if TYPE_CHECKING:
    from collections.abc import Mapping
    from inboxlink.errors import Problem
    from inboxlink.types.context import AuthContext, CallContext, HookContext
    from inboxlink.types.credential import Credential
    from inboxlink.types.detection import Detection, Endpoint, Evidence
    from inboxlink.types.disclosure import DiscloseContext, Disclosure
    from inboxlink.types.provider import ProviderInfo, RevokeResult
    from inboxlink.types.report import Identity, VerifyReport
    from inboxlink.types.steps import Event, State, Step
    from inboxlink.types.web import Probe
__all__ = ['aliases', 'authenticate', 'check_client', 'describe', 'detect', 'detect_probes', 'disclose', 'refresh', 'revoke', 'verify']

@hookspec
def describe() -> 'ProviderInfo':
    ...

@hookspec
def detect_probes(evidence: 'Evidence') -> 'tuple[Probe, ...]':
    ...

@hookspec
def detect(evidence: 'Evidence') -> 'Detection | None':
    ...

@hookspec
def disclose(detection: 'Detection', ctx: 'DiscloseContext') -> 'tuple[Disclosure, ...]':
    ...

@hookspec
def authenticate(ctx: 'AuthContext', step: str, state: 'State', event: 'Event') -> 'Step':
    ...

@hookspec
def verify(ctx: 'CallContext', credential: 'Credential', settings: 'Mapping[str, str]', endpoints: 'tuple[Endpoint, ...]') -> 'VerifyReport':
    ...

@hookspec
def refresh(ctx: 'CallContext', credential: 'Credential') -> 'Credential':
    ...

@hookspec
def revoke(ctx: 'CallContext', credential: 'Credential') -> 'RevokeResult':
    ...

@hookspec
def aliases(ctx: 'CallContext', credential: 'Credential', settings: 'Mapping[str, str]', endpoints: 'tuple[Endpoint, ...]') -> 'tuple[Identity, ...]':
    ...

@hookspec
def check_client(ctx: 'HookContext', online: bool) -> 'tuple[Problem, ...]':
    ...
