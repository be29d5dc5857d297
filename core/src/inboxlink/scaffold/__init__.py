"""The project of a new provider, written from a template that comes along.

What it writes is whole: it keeps the contract on loopback as it stands. The template is data, and
nothing in it runs while it is written.
"""
