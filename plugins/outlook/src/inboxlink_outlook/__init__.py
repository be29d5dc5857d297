"""The Outlook and Microsoft 365 provider of inboxlink."""

__all__ = ["__version__"]

__version__ = "0.1.0"
