import time
from collections.abc import Callable
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from threading import Event
from typing import TypeVar
from inboxlink.types.context import CallContext
__all__ = ['awaited', 'compose', 'new_message_id']
_Found = TypeVar('_Found')

def new_message_id(ctx: CallContext) -> str:
    ...

def compose(ctx: CallContext, subject: str, body: str) -> EmailMessage:
    ...

def awaited(look: Callable[[], _Found], deadline: float, pause_s: float=0.5) -> _Found:
    ...
