"""Which secrets were refused a short while ago; only their HMACs are kept."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from inboxlink.store.engine import Store
from inboxlink.store.schema import refusal
from inboxlink.store.times import from_text, to_text
from inboxlink.vault import Vault

__all__ = ["KEPT_FOR", "Refusals"]

#: Long enough that nobody repeats a typing error by habit or by script; Active Directory and
#: others count wrong passwords over windows of 10 to 30 minutes.
KEPT_FOR = timedelta(minutes=15)


class Refusals:
    """Refused secrets by host and user name.

    What stands in the database is an HMAC under a key derived from the vault's: whoever reads it
    can neither learn a secret nor test a guess. A rotated key forgets them all.
    """

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def until(self, host: str, username: str, secret: str, now: datetime) -> datetime | None:
        """Until when the secret is not to be sent again; None = it may be sent."""
        with self._store.read() as connection:
            found = connection.scalar(
                sa.select(refusal.c.until)
                .where(refusal.c.mac == self._mac(host, username, secret))
                .where(refusal.c.until > to_text(now))
            )
        return None if found is None else from_text(found)

    def add(self, host: str, username: str, secret: str, now: datetime) -> None:
        """Keep a refusal, and forget those that are over."""
        mac = self._mac(host, username, secret)
        with self._store.write() as connection:
            connection.execute(
                sa.delete(refusal).where((refusal.c.until <= to_text(now)) | (refusal.c.mac == mac))
            )
            connection.execute(sa.insert(refusal).values(mac=mac, until=to_text(now + KEPT_FOR)))

    def remove(self, host: str, username: str, secret: str) -> None:
        """Forget a refusal, if there is one."""
        mac = self._mac(host, username, secret)
        with self._store.write() as connection:
            connection.execute(sa.delete(refusal).where(refusal.c.mac == mac))

    def _mac(self, host: str, username: str, secret: str) -> str:
        # Lengths keep ("ab", "c") and ("a", "bc") apart. A lone surrogate stands for an octet.
        parts = [part.encode("utf-8", "surrogatepass") for part in (host, username, secret)]
        data = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return self._vault.mac("refusal", data)[1]
