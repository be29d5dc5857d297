"""What each combination of records gives, and how much it says: one table, and nothing else."""

from inboxlink.types.detection import Strength

__all__ = ["RULES"]

#: What each rule gives: the fact (empty = the hoster's own name) and its strength. Of a gateway,
#: of Amazon's exchangers and of missing ones, "decisive" says that they are what they are.
RULES: dict[str, tuple[str, Strength]] = {
    # The most preferred exchangers that can be used are one hoster's.
    "mx-hoster": ("", Strength.DECISIVE),
    # They are, and autodiscover and DKIM agree that Microsoft keeps the mailboxes.
    "mx-hoster-but-microsoft": ("", Strength.LIKELY),
    # Exchangers of two hosters are equally preferred: each gets a part of the mail, and none of
    # them shows which has the mailboxes. The person is asked.
    "mx-shared": ("", Strength.LIKELY),
    # A filter or another server stands before the hoster's exchangers, or beside them.
    "mx-hoster-among-others": ("", Strength.LIKELY),
    # Another hoster's is: what is left of a move, or a spare.
    "mx-hoster-after-hoster": ("", Strength.HINT),
    "mx-lookalike": ("", Strength.HINT),
    "mx-gateway": ("gateway", Strength.DECISIVE),
    "mx-amazon": ("amazon_ses", Strength.DECISIVE),
    "mx-amazon-autodiscover": ("amazon_workmail", Strength.DECISIVE),
    "autodiscover-workmail": ("amazon_workmail", Strength.LIKELY),
    "mx-null": ("null_mx", Strength.DECISIVE),
    "mx-broken": ("broken_mx", Strength.DECISIVE),
    "mx-partly-broken": ("broken_mx", Strength.HINT),
    "mx-none": ("no_mx_implicit", Strength.HINT),
    # Microsoft 365 behind a filter, or behind servers of the domain's own.
    "autodiscover-dkim": ("microsoft_365", Strength.LIKELY),
    "autodiscover-spf": ("microsoft_365", Strength.LIKELY),
    "gateway-autodiscover": ("microsoft_365", Strength.LIKELY),
    "dkim-spf": ("microsoft_365", Strength.LIKELY),
    "gateway-dkim": ("microsoft_365", Strength.LIKELY),
    # A key that Microsoft keeps comes from no wildcard and no web panel, and SPF may be hidden
    # behind a service that flattens it.
    "dkim-unopposed": ("microsoft_365", Strength.LIKELY),
    # Microsoft sends for the domain, yet its programs are sent to a server of its own: a part
    # of the mailboxes, or all, may be there.
    "dkim-but-own-autodiscover": ("microsoft_365", Strength.HINT),
    "autodiscover-alone": ("microsoft_365", Strength.HINT),
    "autodiscover-mistyped": ("microsoft_365", Strength.HINT),
    "dkim-alone": ("microsoft_365", Strength.HINT),
    # It lets anybody's newsletter send; of the customers nearly all have autodiscover as well.
    "spf-alone": ("microsoft_365", Strength.HINT),
    # Google Workspace likewise; it has no autodiscover.
    "google-dkim-spf": ("google", Strength.LIKELY),
    "google-gateway-dkim": ("google", Strength.LIKELY),
    "google-dkim-alone": ("google", Strength.HINT),
    "google-spf-alone": ("google", Strength.HINT),
    "autodiscover-own": ("exchange_onprem", Strength.HINT),
    "cpanel": ("cpanel", Strength.LIKELY),
    # The mail goes elsewhere: what the panel of the web site published by itself.
    "cpanel-elsewhere": ("cpanel", Strength.HINT),
}
