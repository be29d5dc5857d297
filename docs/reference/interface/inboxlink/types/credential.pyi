from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from pydantic import SecretStr, model_serializer
from inboxlink.types.model import Model
__all__ = ['Credential', 'CredentialKind', 'SecretName', 'Unserialisable']

class CredentialKind(StrEnum):
    OAUTH2 = 'oauth2'
    PASSWORD = 'password'

class SecretName(StrEnum):
    PASSWORD = 'password'
    OUTGOING_PASSWORD = 'outgoing_password'
    ACCESS_TOKEN = 'access_token'
    REFRESH_TOKEN = 'refresh_token'
    TOKEN_CACHE = 'token_cache'

class Unserialisable(Model):
    ...

class Credential(Unserialisable):
    kind: CredentialKind
    account: str
    secrets: Mapping[SecretName, SecretStr]
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    grant_ends_at: datetime | None = None

    def secret(self, name: SecretName) -> str:
        ...
