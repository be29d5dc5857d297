"""What is known to end, and when: dated facts, and what they mean for one connection.

`calendar.json` holds what providers announced, each entry with where it was read and when;
`foresight` is a pure function from facts to forecasts and asks nobody.
"""
