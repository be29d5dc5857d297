"""Two hundred domains that nobody sane has, and what might be found about them."""

from inboxlink.types.detection import (
    Evidence,
    HostingFact,
    MailExchange,
    PublishedServer,
    Strength,
    Tls,
    Trust,
)

__all__ = ["DOMAINS", "hostile_evidence", "lookalikes"]

_LABELS = (
    "", ".", "..", "-", "_", "*", "@", "%", "%s", "{}", "{0.__class__}", "{domain}", "\x00", "\n",
    "\r\nBCC: a", "\t", " ", "  a", "a b", "'", '"', "`id`", "$(id)", ";", "|", "<script>", "&amp;",
    "\\", "/", "../../etc/passwd", "//", "file:", "http://a", "[::1]", "127.0.0.1", "0", "1e9",
    "-1", "null", "None", "true", "NaN", "\u202e", "\u200b", "\ufeff", "\ud800", "\U0001f4e7", "é",
    "ß", "İ", "ı", "ﬁ", "Ⅷ", "例え", "пример", "xn--", "xn--a", "xn--ls8h", "XN--BCHER-KVA",
    "a" * 63, "a" * 64, "a" * 300, "a" * 5000, "a." * 130, "localhost", "arpa", "onion",
    "_imaps._tcp",
)  # fmt: skip

_TAILS = ("{}", "{}.test", "mail.{}.invalid")

#: More than 200, none of which anybody owns.
DOMAINS: tuple[str, ...] = tuple(
    dict.fromkeys(tail.format("\0").replace("\0", label) for label in _LABELS for tail in _TAILS)
)


def hostile_evidence() -> tuple[Evidence, ...]:
    """For each domain nothing else; for each label servers and facts of such names as well."""
    bare = tuple(Evidence(domain) for domain in DOMAINS)
    full = tuple(_full(label) for label in _LABELS)
    return bare + full


def lookalikes(domain: str) -> tuple[Evidence, ...]:
    """Domains that hold another one's name and are not its own."""
    names = (
        f"evil{domain}",
        f"{domain}.evil.invalid",
        f"{domain}evil",
        domain.replace(".", "-", 1),
    )
    return tuple(Evidence(each) for each in names if each != domain)


def _full(label: str) -> Evidence:
    server = PublishedServer("imap", label, 0, None, label, (label,), Trust.NONE)
    other = PublishedServer(label, f"mail.{label}", 70_000, Tls.STARTTLS)
    return Evidence(
        f"{label}.invalid",
        mx=(MailExchange(-1, label), MailExchange(65_536, f"mx.{label}")),
        services=(server,),
        published=(other, server),
        community=(),
        guessed=(server,),
        insecure=(other,),
        probes=(),
        hosting=(HostingFact(f"nobody-{label[:20]}", label, Strength.HINT),),
    )
