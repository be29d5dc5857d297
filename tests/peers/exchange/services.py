"""The operations of Exchange Web Services that a mailbox is connected with."""

from collections.abc import Callable
from xml.etree import ElementTree as ET

from peers.exchange.mailboxes import FOLDERS, Directory, Item, Mailbox
from peers.exchange.soap import TYPES, Fault, element, text_of

__all__ = ["Services"]

_Answer = tuple[str, str, Callable[[ET.Element], None]]

_OK = ("NoError", "")


class Services:
    """Answers the body of one request."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self.operations: list[str] = []
        #: Operation to the response code that it answers with, whatever is asked.
        self.refusals: dict[str, str] = {}
        #: Whether messages to oneself arrive.
        self.delivers = True

    def answer(self, request: ET.Element, person: Mailbox) -> ET.Element:
        """The element of the response.

        Raises:
            Fault: There is no such operation.
        """
        operation = request.tag.rpartition("}")[2]
        self.operations.append(operation)
        handler = {
            "GetFolder": self._get_folder,
            "FindItem": self._find_item,
            "CreateItem": self._create_item,
            "DeleteItem": self._delete_item,
            "ResolveNames": self._resolve_names,
            "ConvertId": self._convert_id,
        }.get(operation)
        if handler is None:
            raise Fault("ErrorInvalidRequest", "The request is invalid.")
        refused = self.refusals.get(operation)
        answers = (
            [(refused, "It was refused.", lambda _: None)] if refused else handler(request, person)
        )
        response = element(None, f"m:{operation}Response")
        messages = element(response, "m:ResponseMessages")
        for code, text, fill in answers:
            kind = "Success" if code == "NoError" else "Error"
            message = element(messages, f"m:{operation}ResponseMessage", ResponseClass=kind)
            if text:
                element(message, "m:MessageText", text)
            element(message, "m:ResponseCode", code)
            if text:
                element(message, "m:DescriptiveLinkKey", "0")
            fill(message)
        return response

    def _mailbox(self, folder: ET.Element, person: Mailbox) -> Mailbox | None:
        """Whose folder is meant; None = a mailbox that this person may not open."""
        address = text_of(folder, "EmailAddress")
        meant = self._directory.by_address(address) if address else person
        if meant is None or (meant is not person and meant.address not in person.opens):
            return None
        return meant

    def _get_folder(self, request: ET.Element, person: Mailbox) -> list[_Answer]:
        shape = text_of(request, "BaseShape")
        fields = [each.get("FieldURI", "") for each in request.iter(f"{{{TYPES}}}FieldURI")]
        return [
            self._folder(each, person, shape, fields) for each in request.find("{*}FolderIds") or ()
        ]

    def _folder(self, asked: ET.Element, person: Mailbox, shape: str, fields: list[str]) -> _Answer:
        mailbox = self._mailbox(asked, person)

        def nothing(message: ET.Element) -> None:
            element(message, "m:Folders")

        if mailbox is None:
            return "ErrorAccessDenied", "Access is denied.", nothing
        name = asked.get("Id", "")
        if not asked.tag.endswith("}DistinguishedFolderId"):
            known = {mailbox.folder_id(each): each for each in FOLDERS}
            name = known.get(name, "")
        if name not in FOLDERS:
            return "ErrorFolderNotFound", "The folder was not found.", nothing
        owner, items = mailbox, mailbox.folders[name]

        def fill(message: ET.Element) -> None:
            folder = element(element(message, "m:Folders"), "t:Folder")
            element(folder, "t:FolderId", Id=owner.folder_id(name), ChangeKey="AQAAAA==")
            wants_all = shape != "IdOnly"
            # In the order of the schema (MS-OXWSFOLD section 2.2.4.12).
            if wants_all or "folder:FolderClass" in fields:
                element(folder, "t:FolderClass", "IPF.Note")
            if wants_all or "folder:DisplayName" in fields:
                element(folder, "t:DisplayName", FOLDERS[name])
            if wants_all or "folder:TotalCount" in fields:
                element(folder, "t:TotalCount", str(len(items)))
            if wants_all or "folder:ChildFolderCount" in fields:
                element(folder, "t:ChildFolderCount", "0")
            if "folder:EffectiveRights" in fields:
                _rights(folder, may_create=owner.may_send or name != "sentitems")
            if wants_all or "folder:UnreadCount" in fields:
                element(folder, "t:UnreadCount", "0")

        return (*_OK, fill)

    def _find_item(self, request: ET.Element, person: Mailbox) -> list[_Answer]:
        (asked,) = request.find("{*}ParentFolderIds") or ()
        mailbox = self._mailbox(asked, person)
        if mailbox is None:
            return [("ErrorAccessDenied", "Access is denied.", lambda _: None)]
        known = {mailbox.folder_id(each): each for each in FOLDERS}
        name = known.get(asked.get("Id", ""), asked.get("Id", ""))
        wanted = request.find(".//{*}Constant")
        items = [
            each
            for each in mailbox.folders.get(name, [])
            if wanted is None or each.message_id == wanted.get("Value")
        ]

        def fill(message: ET.Element) -> None:
            root = element(
                message,
                "m:RootFolder",
                IndexedPagingOffset=str(len(items)),
                TotalItemsInView=str(len(items)),
                IncludesLastItemInRange="true",
            )
            listed = element(root, "t:Items")
            for each in items:
                shown = element(listed, "t:Message")
                element(shown, "t:ItemId", Id=each.id, ChangeKey="AQAAAA==")

        return [(*_OK, fill)]

    def _create_item(self, request: ET.Element, person: Mailbox) -> list[_Answer]:
        answers: list[_Answer] = []
        for asked in request.find("{*}Items") or ():
            recipients = tuple(
                text_of(each, "EmailAddress")
                for each in asked.findall("{*}ToRecipients/{*}Mailbox")
            )
            item = Item(
                text_of(asked, "Subject"),
                text_of(asked, "Body"),
                text_of(asked, "InternetMessageId"),
                person.address,
                recipients,
            )
            if not person.may_send:
                answers.append(("ErrorSendAsDenied", "Sending is denied.", _no_items))
                continue
            if request.get("MessageDisposition") != "SaveOnly" and self.delivers:
                self._directory.deliver(item)
            if request.get("MessageDisposition") != "SendOnly":
                person.folders["sentitems"].append(item)
            answers.append((*_OK, _no_items))
        return answers

    def _delete_item(self, request: ET.Element, person: Mailbox) -> list[_Answer]:
        answers: list[_Answer] = []
        for asked in request.find("{*}ItemIds") or ():
            found = False
            for items in person.folders.values():
                kept = [each for each in items if each.id != asked.get("Id")]
                found = found or len(kept) != len(items)
                items[:] = kept
            code = "NoError" if found else "ErrorItemNotFound"
            answers.append((code, "" if found else "The item was not found.", lambda _: None))
        return answers

    def _resolve_names(self, request: ET.Element, _: Mailbox) -> list[_Answer]:
        entry = text_of(request, "UnresolvedEntry").removeprefix("smtp:")
        mailbox = self._directory.by_address(entry)
        if mailbox is None:
            return [("ErrorNameResolutionNoResults", "No results were found.", lambda _: None)]
        found = mailbox

        def fill(message: ET.Element) -> None:
            resolutions = element(
                message,
                "m:ResolutionSet",
                TotalItemsInView="1",
                IncludesLastItemInRange="true",
            )
            resolution = element(resolutions, "t:Resolution")
            shown = element(resolution, "t:Mailbox")
            element(shown, "t:Name", found.user)
            element(shown, "t:EmailAddress", found.address)
            element(shown, "t:RoutingType", "SMTP")
            element(shown, "t:MailboxType", "Mailbox")
            if request.get("ReturnFullContactData") != "true":
                return
            contact = element(resolution, "t:Contact")
            element(contact, "t:DisplayName", found.user)
            entries = element(contact, "t:EmailAddresses")
            listed = (f"SMTP:{found.address}", *(f"smtp:{each}" for each in found.aliases))
            for number, each in enumerate(listed[:3], 1):
                element(entries, "t:Entry", each, Key=f"EmailAddress{number}")
            element(contact, "t:ContactSource", "ActiveDirectory")

        return [(*_OK, fill)]

    def _convert_id(self, request: ET.Element, _: Mailbox) -> list[_Answer]:
        asked = request.findall(".//{*}AlternateId")
        return [("ErrorInvalidIdMalformed", "Id is malformed.", lambda _: None) for _ in asked]


def _no_items(message: ET.Element) -> None:
    element(message, "m:Items")


def _rights(folder: ET.Element, *, may_create: bool) -> None:
    rights = element(folder, "t:EffectiveRights")
    for name in ("CreateAssociated", "CreateContents", "CreateHierarchy"):
        element(rights, f"t:{name}", "true" if may_create else "false")
    for name in ("Delete", "Modify", "Read", "ViewPrivateItems"):
        element(rights, f"t:{name}", "true")
