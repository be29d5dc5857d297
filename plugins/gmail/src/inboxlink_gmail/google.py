"""Google's addresses and names, as constants: nothing that is sent goes where an answer says.

From accounts.google.com/.well-known/openid-configuration and
developers.google.com/identity/protocols/oauth2/native-app, read November 2026.
"""

__all__ = [
    "ACCOUNT_PAGE",
    "API_HOST",
    "AUTHORIZATION_URL",
    "CONSUMER_DOMAINS",
    "ISSUER",
    "ISSUERS",
    "REVOCATION_PATH",
    "TOKEN_HOST",
    "TOKEN_URL",
]

AUTHORIZATION_URL = "https://accounts.google.com/o/oauth2/v2/auth"
TOKEN_HOST = "oauth2.googleapis.com"
TOKEN_URL = f"https://{TOKEN_HOST}/token"
REVOCATION_PATH = "/revoke"
API_HOST = "gmail.googleapis.com"

ISSUER = "https://accounts.google.com"
#: Both spellings stand in id tokens ("openid-connect", "Validating an ID token").
ISSUERS = frozenset({ISSUER, "accounts.google.com"})

#: Where a person ends an application's access.
ACCOUNT_PAGE = "https://myaccount.google.com/connections"

#: One mailbox under two domains (support.google.com/mail/answer/10313, read November 2026).
CONSUMER_DOMAINS = frozenset({"gmail.com", "googlemail.com"})
