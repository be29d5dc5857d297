"""What the folder for sent mail is called where no server marks it."""

__all__ = ["SENT_NAMES"]

#: Names of the folder for sent mail where the server marks none (RFC 6154), lower case, as mail
#: clients and servers create them.
SENT_NAMES = frozenset(
    {
        "sent",
        "sent items",
        "sent mail",
        "sent messages",
        "gesendet",
        "gesendete elemente",
        "envoyés",
        "éléments envoyés",
        "enviados",
        "elementos enviados",
        "posta inviata",
        "verzonden items",
        "送信済み",
        "送信済みアイテム",
        "送信済みメール",
        "已发送",
        "보낸편지함",
    }
)
