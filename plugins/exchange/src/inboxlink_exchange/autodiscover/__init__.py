"""Autodiscover, of our own: where a mailbox's Exchange Web Services are.

The protocols are MS-OXDISCO, MS-OXDSCLI and MS-OXWSADISC. `places` finds who could know, without
any credential; `soap` and `pox` are the two languages in which it is asked; `asking` asks one
confirmed server, once, with the password.
"""
