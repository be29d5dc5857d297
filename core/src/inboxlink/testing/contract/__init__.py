"""The contract as tests: one module for each group of rules, `rules` their table.

`ruling` says how a rule is tried and what can come of it, `trials` and `installation` run the
provider as a host does, `watching` and `listening` hear what it does besides.
"""
