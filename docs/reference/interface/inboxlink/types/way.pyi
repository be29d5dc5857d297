from enum import StrEnum
__all__ = ['Way']

class Way(StrEnum):
    LOOPBACK = 'loopback'
    REDIRECT = 'redirect'
    DEVICE = 'device'
    PASTE = 'paste'
