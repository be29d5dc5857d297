"""What an authorization server says of itself (RFC 8414 section 2)."""

from typing import Any

__all__ = ["DEVICE_GRANT", "metadata"]

#: RFC 8628 section 3.4.
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def metadata(issuer: str) -> dict[str, Any]:
    """The document of the server that `peers.authorization` is."""
    places = {
        "authorization_endpoint": "authorize",
        "token_endpoint": "token",
        "device_authorization_endpoint": "device",
        "revocation_endpoint": "revoke",
        "introspection_endpoint": "introspect",
        "jwks_uri": "jwks",
    }
    return {
        "issuer": issuer,
        **{name: f"{issuer}/{place}" for name, place in places.items()},
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token", DEVICE_GRANT],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [
            "none",
            "client_secret_post",
            "client_secret_basic",
        ],
        "authorization_response_iss_parameter_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
