import logging
from collections.abc import Collection, Mapping
from io import BytesIO
from typing import Any, TypeVar
from urllib.parse import urlsplit
import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse
from inboxlink.errors import MailboxError, problem
from inboxlink.types.context import HookContext, HttpAnswer
__all__ = ['headers_of', 'quiet_loggers', 'response_of', 'through_the_door', 'web_session']
_Session = TypeVar('_Session', bound=requests.Session)

def quiet_loggers(*names: str) -> None:
    ...

def web_session(ctx: HookContext, hosts: Collection[str]) -> requests.Session:
    ...

def through_the_door(session: _Session, ctx: HookContext, hosts: Collection[str]) -> _Session:
    ...

def headers_of(request: requests.PreparedRequest) -> dict[str, str]:
    ...

def response_of(request: requests.PreparedRequest, answer: HttpAnswer) -> requests.Response:
    ...
