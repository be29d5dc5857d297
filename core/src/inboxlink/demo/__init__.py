"""A mail world on loopback, for seeing a connection without a mailbox of one's own.

Its servers are those of `inboxlink.testing.peers`, put together for one mailbox.
"""
