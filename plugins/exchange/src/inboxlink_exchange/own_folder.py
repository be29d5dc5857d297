"""The inbox of whoever signed in, asked for without an address.

exchangelib names a mailbox with every folder, so that somebody else's mailbox that the login may
open could pass for its own; here none is named (MS-OXWSFOLD section 3.1.4.4, GetFolder).
"""

from exchangelib import Account
from exchangelib.services.common import EWSAccountService
from exchangelib.util import MNS, TNS, create_element
from lxml.etree import _Element

__all__ = ["own_inbox"]


class _GetOwnInbox(EWSAccountService):  # type: ignore[misc]  # exchangelib has no types
    SERVICE_NAME = "GetFolder"
    element_container_name = f"{{{MNS}}}Folders"

    def call(self) -> _Element:
        return next(iter(self._chunked_get_elements(self.get_payload, items=["inbox"])))

    @staticmethod
    def get_payload(items: list[str]) -> _Element:
        payload = create_element("m:GetFolder")
        shape = create_element("m:FolderShape")
        base = create_element("t:BaseShape")
        base.text = "Default"
        shape.append(base)
        folders = create_element("m:FolderIds")
        for name in items:
            folders.append(create_element("t:DistinguishedFolderId", attrs={"Id": name}))
        payload.extend((shape, folders))
        return payload


def own_inbox(account: Account) -> tuple[str, int]:
    """Its id, and how many messages it holds.

    Raises:
        EWSError: The server refused, or did not answer as the standard says.
    """
    folder = _GetOwnInbox(account=account).call()
    identifier = folder.find(f"{{{TNS}}}FolderId")
    if identifier is None:
        from exchangelib.errors import MalformedResponseError

        raise MalformedResponseError("a folder without an id")
    total = folder.findtext(f"{{{TNS}}}TotalCount") or "0"
    return str(identifier.get("Id")), int(total) if total.isdecimal() else 0
