import codecs
import re
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from xml.etree.ElementTree import Element
__all__ = ['MAX_BYTES', 'MAX_DEPTH', 'root_of']
MAX_BYTES = 64 * 1024
MAX_DEPTH = 16

def root_of(body: bytes) -> 'Element | None':
    ...
