"""An emulator of ours of Exchange on premises, because no packaged server speaks EWS.

It is written to Microsoft's open specifications (MS-OXWSCORE, MS-OXWSFOLD, MS-OXWSSRCH,
MS-OXWSRSLNM, MS-OXWSCVTID, MS-OXWSADISC, MS-OXDSCLI) and their schemas, not to what a client
happens to take; NTLM is real, by the server side of pyspnego. `server` is HTTP and who may come in,
`autodiscover` and `services` are the two protocols, `mailboxes` what is behind them. No real
Exchange has been seen by these tests.
"""

from peers.exchange.mailboxes import Directory, Mailbox
from peers.exchange.server import ExchangeServer

__all__ = ["Directory", "ExchangeServer", "Mailbox"]
