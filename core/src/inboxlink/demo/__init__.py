"""A mail world on loopback, for seeing a connection without a mailbox of one's own.

pymap keeps the mail, aiosmtpd takes it in, trustme certifies them: servers that others wrote.
What is ours is the wiring: a TLS front, and the delivery from the one to the other.
"""
