"""The addresses that a mailbox may send as, read again when the person asks (req 29, 30)."""

from inboxlink.connect.host import Host
from inboxlink.connect.proving import connection_context
from inboxlink.connect.refreshing import fresh
from inboxlink.errors import ProviderFault, SetupError, problem
from inboxlink.plugins.shape import misfit
from inboxlink.store.connections import Connection
from inboxlink.types.address import Address
from inboxlink.types.report import Identity

__all__ = ["refresh_aliases"]


def refresh_aliases(host: Host, connection: Connection) -> Connection:
    """Ask the provider anew, and keep what it says; the mailbox's own address stays.

    Raises:
        SetupError: `aliases_unsupported`: the provider cannot tell; `sign_in_again`.
        SignInError: The provider said no.
        MailboxError: It could not be asked.
        ProviderFault: The provider broke the contract.
        HostError: As `fresh`.
    """
    provider = connection.provider
    host.info(provider)
    if not host.registry.has(provider, "aliases"):
        raise SetupError(problem("aliases_unsupported", provider=provider))
    connection, credential = fresh(host, connection.id)
    address = host.address(connection.address)
    context = connection_context(host, "aliases", connection)
    found = host.caller.call(
        provider,
        "aliases",
        ctx=context,
        credential=credential,
        settings=connection.settings,
        endpoints=connection.endpoints,
    )
    reason = misfit(found, tuple[Identity, ...])
    if reason is not None:
        raise ProviderFault(
            problem("provider_result_invalid", provider=provider, hook="aliases", reason=reason)
        )
    identities = _together(address, connection.identities, found)
    host.connections.note_identities(connection.id, identities, host.clock())
    return host.connections.get(connection.id)


def _together(
    address: Address, before: tuple[Identity, ...], found: tuple[Identity, ...]
) -> tuple[Identity, ...]:
    # The own address as it was verified, with the account's id that a later sign-in is held to.
    kept = [each for each in before if address.same_mailbox(each.address)]
    kept = kept or [each for each in found if address.same_mailbox(each.address)]
    seen = {each.address.casefold() for each in kept}
    for each in found:
        if not address.same_mailbox(each.address) and each.address.casefold() not in seen:
            kept.append(each)
            seen.add(each.address.casefold())
    return tuple(kept)
