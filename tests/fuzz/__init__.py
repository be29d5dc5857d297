"""Inputs that strangers write, thrown at what reads them.

`targets` holds one function for each reader, `grammar` makes inputs that come close to the
standard, `test_targets` runs both with hypothesis in every test run, and `python -m fuzz` lets
atheris look for more, guided by the branches that an input reaches.
"""
