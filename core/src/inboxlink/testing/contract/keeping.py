"""What happens to a connection after it was made: renewed, ended, read again."""

from typing import TYPE_CHECKING

from inboxlink.errors import InboxlinkError, Kind, ProviderFault
from inboxlink.testing.contract.ruling import Broken, Exempt, Untried, rule
from inboxlink.testing.contract.runs import Run
from inboxlink.testing.contract.trials import Trials
from inboxlink.testing.contract.wording import unworded

if TYPE_CHECKING:
    from inboxlink.testing.contract.installation import Installation
    from inboxlink.testing.declarations import Script

__all__ = ["KeepingRules"]


class KeepingRules:
    """Rules of `refresh`, `revoke` and `aliases`, for the providers that have them."""

    @rule("renews")
    def test_renews(self, contract: Trials) -> None:
        """What ends can be renewed, is another secret then, and works."""
        from inboxlink.connect.keeping import verify_again
        from inboxlink.connect.refreshing import fresh

        is_tried = False
        for script in contract.good():
            with contract.installation() as installation:
                run = _connected(contract, installation, script)
                connected = contract.must_connect(run)
                before = run.credentials[-1]
                if before.kind.value != "oauth2" and before.expires_at is None:
                    continue
                is_tried = True
                if not installation.has("refresh"):
                    raise Broken(f"{script.name}: its credential ends, and it has no `refresh`")
                try:
                    with contract.judging():
                        _, after = fresh(installation.host, connected.connection.id, force=True)
                except InboxlinkError as error:
                    raise Broken(f"{script.name}: refresh raised {error.code}") from None
                if after.secrets == before.secrets:
                    raise Broken(f"{script.name}: refresh gave back the secrets that it was given")
                if after.expires_at is not None and after.expires_at <= installation.clock():
                    raise Broken(f"{script.name}: what was renewed has ended already")
                again = verify_again(installation.host, connected.connection)
                if again.problem is not None:
                    raise Broken(
                        f"{script.name}: what was renewed does not work: {again.problem.code}"
                    )
        if not is_tried:
            raise Exempt("no credential of its scripts ends")

    @rule("revokes")
    def test_revokes(self, contract: Trials) -> None:
        """The grant is ended, or the person is told how; a grant that ended is not renewed."""
        from inboxlink.connect.refreshing import fresh
        from inboxlink.connect.revoking import Grant, revoke

        for script in contract.good():
            with contract.installation() as installation:
                if not installation.has("revoke"):
                    raise Exempt("it has no `revoke`")
                run = _connected(contract, installation, script)
                connection = contract.must_connect(run).connection
                with contract.judging():
                    ended = revoke(installation.host, Grant(connection, run.credentials[-1]))
                    if ended.problem is not None and ended.problem.kind is Kind.PROVIDER:
                        raise ProviderFault(ended.problem)
                if ended.result is None:
                    code = "nothing" if ended.problem is None else ended.problem.code
                    raise Broken(f"{script.name}: revoke ended with {code}")
                trouble = unworded(ended.result.detail, contract.candidate)
                if trouble is not None:
                    raise Broken(f"{script.name}: revoke: {trouble}")
                if not ended.result.revoked or not installation.has("refresh"):
                    continue
                try:
                    fresh(installation.host, connection.id, force=True)
                except InboxlinkError as error:
                    if error.problem.kind is not Kind.SIGN_IN:
                        raise Broken(
                            f"{script.name}: a grant that ended is {error.code} to refresh"
                        ) from None
                else:
                    raise Broken(f"{script.name}: a grant that was revoked could be renewed")

    @rule("aliases-read")
    def test_aliases_read(self, contract: Trials) -> None:
        """The addresses that the mailbox may send as are read, its own among them."""
        from inboxlink.connect.aliases import refresh_aliases
        from inboxlink.types.address import SPECIAL_USE_DOMAINS, parse_address

        is_read = False
        for script in contract.good():
            with contract.installation() as installation:
                if not installation.has("aliases"):
                    raise Exempt("it has no `aliases`")
                run = _connected(contract, installation, script)
                connection = contract.must_connect(run).connection
                try:
                    with contract.judging():
                        refresh_aliases(installation.host, connection)
                except InboxlinkError as error:
                    if error.code == "scope_not_granted":
                        continue  # nobody asked for what it takes to read them, or gave it
                    raise Broken(f"{script.name}: aliases raised {error.code}") from None
                is_read = True
                told = next(
                    each.result for each in reversed(installation.calls) if each.hook == "aliases"
                )
                address = installation.host.address(script.address)
                if not any(address.same_mailbox(each.address) for each in told):
                    raise Broken(f"{script.name}: its own address is not among the aliases")
                for each in told:
                    try:
                        parse_address(each.address, special_domains=SPECIAL_USE_DOMAINS)
                    except InboxlinkError:
                        raise Broken(f"{script.name}: an alias is no address") from None
        if not is_read:
            raise Untried("declare a script whose scopes are enough to read the aliases")


def _connected(contract: Trials, installation: "Installation", script: "Script") -> Run:
    # A sign-in of its own: the servers of another test may be gone, and its grant with them.
    return contract.run(installation, script)
