"""The loopback world of the tests: servers that others wrote, each on 127.0.0.1.

`scripted` is the exception: an emulator of ours, written to the standards, for what no real server
can be brought to do.
"""
