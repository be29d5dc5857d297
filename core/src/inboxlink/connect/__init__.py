"""The order of a connection, enforced here and nowhere else.

permission and opening -> address and recommendation -> the person's choice -> disclosures ->
acknowledgements, durable -> sign-in -> verification and identity -> store (req 107-109).

`host` wires an installation together, `opening` stands before the address, `signing_in` runs
from the disclosures to the stored connection, `keeping` is everything after.
"""
