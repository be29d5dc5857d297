"""What comes out of a sign-in. The vault alone writes it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import SecretStr, model_serializer

from inboxlink.types.model import Model

__all__ = ["Credential", "CredentialKind", "SecretName", "Unserialisable"]


class CredentialKind(StrEnum):
    """How the credential is used."""

    OAUTH2 = "oauth2"
    PASSWORD = "password"


class SecretName(StrEnum):
    """The closed set of secrets that a connection can hold."""

    PASSWORD = "password"
    OUTGOING_PASSWORD = "outgoing_password"
    ACCESS_TOKEN = "access_token"
    REFRESH_TOKEN = "refresh_token"
    TOKEN_CACHE = "token_cache"


class Unserialisable(Model):
    """A model with secrets: writing it is an error, not a row of asterisks.

    pydantic dumps a SecretStr as asterisks, which would read back as the password.
    """

    @model_serializer(mode="plain")
    def _refuse(self) -> dict[str, Any]:
        name = type(self).__name__
        raise TypeError(f"{name} holds secrets and is never serialised; the vault writes them")


class Credential(Unserialisable):
    """Secrets of one mailbox, and what they are good for.

    Args:
        kind: How it is used.
        account: The stable subject at the provider; for a password, the user name it goes with.
        secrets: Values by name.
        scopes: What the provider granted; empty for a password.
        expires_at: When the secret, or the access token, ends by itself; None = it does not.
        grant_ends_at: When the person must sign in again, whatever is renewed until then; None =
            the provider sets no such time.
    """

    kind: CredentialKind
    account: str
    secrets: Mapping[SecretName, SecretStr]
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    grant_ends_at: datetime | None = None

    def secret(self, name: SecretName) -> str:
        """The secret in the clear, at the moment of its use.

        Raises:
            KeyError: The credential holds no such secret.
        """
        return self.secrets[name].get_secret_value()
