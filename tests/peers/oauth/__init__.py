"""Google and Microsoft on loopback: sign-in by a certified server, mail APIs by emulators of others.

What is whose:

- `server.mjs` runs oidc-provider, a certified authorization server: codes, PKCE, tokens, rotation,
  devices, revocation and introspection are its own. Ours are the person's pages and, in `google`
  and `microsoft`, the provider's addresses and its way to put things.
- The mailboxes are `emulate` (Gmail) and `@inbox-zero/emulate` (Graph). The gateway before them,
  which judges tokens and scopes, is ours; `google_api` and `microsoft_api` say what it answers.
- The faults are ours, after what the providers document: `google_answers`, `microsoft_answers`.

The fixtures `google_world` and `microsoft_world` (in `peers.fixtures`) give one such provider:

    def test_x(google_world: GoogleWorld, configure: Callable[..., None]) -> None:
        configure(
            network=google_world.network,  # ca_file and connect
            oauth={"gmail": {"client_id": google.DESKTOP.client_id,
                             "client_secret": google.DESKTOP.secret}},
        )
        url = ...                                    # what the product would open

        # A person: with the redirect opened, as a browser does, beside the program that listens,
        person = google_world.person(ALICE)
        person.start(url); ...; assert person.finish().status == 200
        # or copied from the address bar, to be pasted.
        pasted = google_world.person(ALICE).sign_in(url, visits_redirect=False).address

        google_world.person(ALICE, withheld=["gmail.send"])    # unticks scopes
        google_world.person(ALICE, declines="consent")         # or "sign_in", "device"
        google_world.person(BOB)                               # somebody else
        microsoft_world.person(ALICE).enter_code(verification_uri, user_code)

        # What was asked, without anything secret.
        (call,) = google_world.server.token_calls("authorization_code")
        assert call.has_verifier and call.error is None
        assert google_world.server.authorizations[0]["prompt"] == "consent"
        assert [each.path for each in google_world.api.calls] == ["/gmail/v1/users/me/profile"]
        assert google_world.api.inbox(ALICE)[-1] == "subject"   # microsoft_world.api.sent(ALICE)

        # What goes wrong; `times` = how often, else until the test ends.
        google_world.faults.at_token(grant_ended(), "refresh_token")
        google_world.faults.at_api(busy(7), "/messages/send", times=1)
        google_world.faults.at_authorization(error_page("admin_policy_enforced"))
        google_world.faults.at_authorization(redirected_with(iss="https://evil.test"))
        google_world.faults.at_token(google_world.server.id_token_with(aud="another"))
        google_world.faults.at_token(changed(refresh_token=None, expires_in="soon"))
        google_world.faults.at_token(instead(HUGE))            # or HTML; or unavailable(503)
        microsoft_world.faults.at_token(token_error(65001))    # an AADSTS code
        microsoft_world.faults.at_authorization(redirected_error(90094))
        microsoft_world.faults.at_api(mailbox_not_enabled())
        microsoft_world.faults.at_api(user_purpose("shared"), "/mailboxSettings")

        google_world.server.change(access_token_s=1)           # also rotates, device_code_s
        google_world.server.end_grants(ALICE)                  # taken back on her account page
        assert not google_world.server.introspect(token)["active"]

Each test begins without faults, logs and changes; what was granted and sent before stays.
"""
