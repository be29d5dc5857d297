"""Servers on 127.0.0.1 that a provider is tried at.

The mail is kept by pymap and taken in by aiosmtpd, names are answered by dnslib, certificates come
from trustme: others wrote these. The web server, the authorization server and the faults are ours;
the authorization server is written to the RFCs that its module names, and stands for no provider.

A `World` starts them and wires an installation to them by the operator's own settings, the section
`[network]`; there is no other door. Fixtures for pytest are in `inboxlink.testing.fixtures`.
"""
