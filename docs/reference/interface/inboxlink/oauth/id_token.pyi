import base64
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from inboxlink.errors import SignInError, problem
__all__ = ['claims']

def claims(token: str, *, issuers: frozenset[str], audience: str, nonce: str | None, now: datetime) -> Mapping[str, Any]:
    ...
