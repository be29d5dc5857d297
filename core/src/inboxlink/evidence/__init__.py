"""Gather what is known about a domain's mail. Providers judge it; nothing here does.

`hosting` turns records into facts (`exchanges` and `signs` read them, `rules` weighs them),
`autoconfig` reads the file that a domain publishes, `gathering` asks as much as the person
allowed. Nothing here ever learns the part before the @.
"""
