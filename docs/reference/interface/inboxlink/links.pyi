from urllib.parse import urlsplit
__all__ = ['https_url']

def https_url(text: str) -> str | None:
    ...
