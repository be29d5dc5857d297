"""What every provider that signs in by OAuth shares, written once.

For providers: `ways` chooses how the answer comes back, `callback` and `token_errors` say what an
answer means, `scopes` and `id_token` hold what was granted to what was asked and to whom, `web`
takes libraries built on requests through the core's own door, `api` speaks to the provider's API.
`code_flow` is a whole sign-in for providers without a library of their own, `token_answer` its
reader.
For hosts: `callback` reads what came back, `listener` waits for it on this machine.
"""
