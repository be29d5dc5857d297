"""What becomes of an installation whose program is killed, at every step that is durable.

`points` names the moments and strikes there, from outside the product; `server` forks a process
for each run; `invariants` says in a fresh process what is broken; `rounds` puts them together
against a real dovecot. `python -m soak` is the long run, `test_kill` the short one.
"""
