"""The step engine: a sign-in that survives a restart and another worker.

`record` is what is kept between two steps, `memory` keeps it in this process, `engine` moves a
sign-in on, `checks` are the rules that no provider and no host can step around.
"""
