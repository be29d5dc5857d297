"""Where only an administrator can go on: a letter that asks them, and a ticket to go on with.

`letter` words what is asked, `ticket` is what is kept of the try. Neither holds a secret.
"""
