"""The operator's `inboxlink.toml`.

`paths` says where it and the data are, `source` reads it and names a syntax error by its line,
`model` gives it meaning and names a wrong key by its dotted path, `edit` changes it and keeps
the operator's comments.
"""
