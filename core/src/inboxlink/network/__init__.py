"""The two doors to the network, `open` and `get`, through which everything goes.

`wire` is the doors. Behind them: `policy` judges addresses, `resolving` turns a name into
addresses once, `channel` is a TLS connection with a deadline and a cap, `tls` decides what is
trusted, `starttls` speaks the two plaintext dialogues, `certificate` reads what was not trusted,
`http` fetches, `dns` asks for mail exchangers.
"""
