"""What is presented to a server: a user name, with a password or an access token."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from inboxlink.types.context import CallContext
from inboxlink.types.credential import Credential, CredentialKind, SecretName
from inboxlink.types.detection import Endpoint
from inboxlink_imap.imap_session import ImapSession
from inboxlink_imap.smtp_session import SmtpSession
from inboxlink_imap.usernames import rendered

__all__ = ["Login", "logins"]


@dataclass(frozen=True, slots=True)
class Login:
    """What goes to one server, once."""

    username: str
    secret: str = field(repr=False)
    is_token: bool = False

    def sign_in(
        self, ctx: CallContext, endpoint: Endpoint, session: ImapSession | SmtpSession
    ) -> str:
        """Sign in, and give back the mechanism.

        Raises:
            InboxlinkError: As the session's, and as `CallContext.attempt`.
        """
        with ctx.attempt(endpoint, self.username, self.secret):
            if self.is_token:
                return session.sign_in_by_token(self.username, self.secret)
            return session.sign_in(self.username, self.secret)


def logins(
    ctx: CallContext, credential: Credential, settings: Mapping[str, str], incoming: Endpoint
) -> tuple[Login, Login]:
    """What goes to the IMAP server, and what to the submission server."""
    username = settings.get("username") or rendered(incoming, ctx.address)
    if credential.kind is CredentialKind.OAUTH2:
        login = Login(username, credential.secret(SecretName.ACCESS_TOKEN), is_token=True)
        return login, login
    login = Login(username, credential.secret(SecretName.PASSWORD))
    if SecretName.OUTGOING_PASSWORD not in credential.secrets:
        return login, Login(settings.get("outgoing_username") or username, login.secret)
    outgoing = credential.secret(SecretName.OUTGOING_PASSWORD)
    return login, Login(settings.get("outgoing_username") or username, outgoing)
