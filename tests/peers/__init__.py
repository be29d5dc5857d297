"""The loopback world of the tests: servers that others wrote, each on 127.0.0.1.

What authors of providers need too is in `inboxlink.testing.peers`; here is what tests of the core
need beyond. `scripted` is an emulator of ours, written to the standards, for what no real server
can be brought to do.
"""
