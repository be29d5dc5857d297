"""What is handed to whoever helps: what was said on the wire, redacted before it is kept.

`recording` stands at the doors to the network and writes a `transcript`; what it may write is
settled by `dialogue` for lines, by `documents` for answers of the web and by `pseudonyms` for what
names a person. `replay` answers from a transcript in place of the network. The rule is the same
everywhere: what is not known to be harmless is not written.
"""
