"""The consent ledger: append-only, each row bound to the one before, the head authenticated."""
