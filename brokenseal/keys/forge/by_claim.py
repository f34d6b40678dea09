"""Forgeries of what a token says: who speaks, for whom, when, by which client, as which kind of token.

What, why, how: see `corpus`. All are signed by a key of the set: a signature says nothing of them.
"""

from __future__ import annotations

from brokenseal.keys.forge.makers import (
    Forgery,
    by_scope,
    changed,
    grants,
    headed,
    of_tenant,
    raw,
    scoped,
    templated,
    timed,
)
from brokenseal.keys.forge.smith import CLIENT, OTHER, REVOKED_SESSION, packed

FOREVER = 10 * 365 * 86_400
"""Seconds."""

CLAIMS = (
    # who speaks, and for whom
    Forgery(
        "other-tenant",
        "tenant",
        "a genuine token of an organisation that is not let in",
        of_tenant(lambda s: OTHER if s.templated else "other.example"),
        scoped,
    ),
    Forgery(
        "consumer-tenant",
        "tenant",
        "a genuine token of a consumers' account",
        of_tenant(lambda s: s.consumers, "consumers"),
        templated,
    ),
    Forgery(
        "consumer-tenant-home-key",
        "tenant",
        "the consumers' account, signed by the organisations' key",
        of_tenant(lambda s: s.consumers),
        templated,
    ),
    Forgery(
        "tenant-missing",
        "tenant",
        "no hosted domain: anybody's private account",
        changed(hd=None),
        lambda s: s.terms.tenant_claim == "hd",
    ),
    Forgery(
        "issuer-of-other-tenant",
        "key-issuer",
        "the issuer of another organisation, the tenant of this one",
        lambda s: s.sign(s.claims(iss=s.issuer(OTHER)), s.key("home")),
        lambda s: s.templated and s.terms.key_issuer == "required",
    ),
    Forgery(
        "tenant-of-other-issuer",
        "key-issuer",
        "the tenant of another organisation, the issuer of this one",
        changed(tid=OTHER),
        lambda s: s.templated and s.terms.key_issuer == "required",
    ),
    Forgery(
        "consumer-issuer",
        "issuer",
        "a consumers' key and issuer with the organisation as tenant",
        lambda s: s.sign(s.claims(iss=s.issuer(s.consumers)), s.key("consumers")),
        templated,
    ),
    Forgery(
        "tenant-absent",
        "issuer",
        "no tenant, and a key whose issuer is fixed",
        lambda s: s.sign(s.claims(iss=s.issuer(OTHER), tid=None), s.key("other")),
        templated,
    ),
    Forgery(
        "tenant-list",
        "issuer",
        "a list of tenants",
        lambda s: s.sign(s.claims(iss=s.issuer(OTHER), tid=[s.tenant, OTHER]), s.key("other")),
        templated,
    ),
    Forgery("issuer-absent", "key-issuer", "no issuer", changed(iss=None), by_scope),
    Forgery("issuer-missing", "issuer", "no issuer", changed(iss=None), lambda s: s.terms.key_issuer != "required"),
    Forgery(
        "issuer-lookalike",
        "key-issuer",
        "an issuer's name within a longer one",
        lambda s: s.sign(s.claims(iss=s.issuer() + ".attacker.example"), s.key("home")),
        by_scope,
    ),
    Forgery(
        "issuer-longer",
        "issuer",
        "an issuer's name within a longer one",
        lambda s: s.sign(s.claims(iss=s.issuer() + ".attacker.example"), s.key("home")),
        lambda s: s.terms.key_issuer != "required",
    ),
    Forgery(
        "issuer-traversal",
        "key-issuer",
        "an issuer that walks to another organisation",
        lambda s: s.sign(s.claims(iss=s.issuer() + "/../../" + OTHER), s.key("home")),
        by_scope,
    ),
    Forgery(
        "issuer-list",
        "key-issuer",
        "a list of issuers",
        lambda s: s.sign(s.claims(iss=[s.issuer(), s.issuer(OTHER)]), s.key("home")),
        by_scope,
    ),
    Forgery(
        "version-1",
        "version",
        "a token of version 1 where 2 is asked",
        lambda s: s.sign(
            s.claims(ver="1.0", iss=f"https://sts.windows.net/{s.tenant}/", appid=CLIENT, azp=None), s.key("home")
        ),
        lambda s: s.terms.version == "2.0",
    ),
    Forgery(
        "version-2",
        "version",
        "a token of version 2 where 1 is asked",
        lambda s: s.sign(
            s.claims(ver="2.0", iss=f"https://login.microsoftonline.com/{s.tenant}/v2.0", azp=CLIENT, appid=None),
            s.key("home"),
        ),
        lambda s: s.terms.version == "1.0",
    ),
    Forgery(
        "version-mixed",
        "version",
        "the other version's number in a token of this one",
        lambda s: s.sign(s.claims(ver="1.0" if s.terms.version == "2.0" else "2.0"), s.key("home")),
        lambda s: s.terms.version is not None,
    ),
    Forgery("version-absent", "version", "no version", changed(ver=None), lambda s: s.terms.version is not None),
    # for whom it was made
    Forgery("audience-other", "audience", "a genuine token for another service", changed(aud=OTHER)),
    Forgery(
        "audience-graph",
        "audience",
        "a genuine token for the provider's own interface",
        changed(aud="00000003-0000-0000-c000-000000000000"),
    ),
    Forgery("audience-absent", "audience", "no audience", changed(aud=None)),
    Forgery("audience-empty", "audience", "an empty list of audiences", changed(aud=[])),
    Forgery(
        "audience-list",
        "audience",
        "several audiences, this service among them",
        lambda s: s.sign(s.claims(aud=[OTHER, s.terms.audiences[0]]), s.key("home")),
        lambda s: s.terms.one_audience,
    ),
    Forgery(
        "audience-prefix",
        "audience",
        "an audience that begins like this service",
        lambda s: s.sign(s.claims(aud=s.terms.audiences[0] + ".attacker.example"), s.key("home")),
    ),
    Forgery(
        "audience-case",
        "audience",
        "this service's name in capital letters",
        lambda s: s.sign(s.claims(aud=s.terms.audiences[0].upper()), s.key("home")),
    ),
    Forgery(
        "audience-object",
        "audience",
        "an audience that is an object",
        lambda s: s.sign(s.claims(aud={s.terms.audiences[0]: True}), s.key("home")),
    ),
    # when
    Forgery("time-expired", "time", "expired an hour ago", timed(iat=-7200, nbf=-7200, exp=-3600)),
    Forgery("time-not-yet", "time", "not valid before tomorrow", timed(iat=-60, nbf=86_400, exp=86_400 + 3600)),
    Forgery("time-issued-tomorrow", "time", "issued tomorrow", timed(iat=86_400, nbf=-60, exp=86_400 + 3600)),
    Forgery("time-forever", "time", "valid for ten years", timed(exp=FOREVER)),
    Forgery("time-no-end", "time", "no expiry", timed(exp=None)),
    Forgery("time-no-beginning", "time", "no time of issue", timed(iat=None)),
    Forgery("time-text", "time", "an expiry that is text", timed(exp="4102444800")),
    Forgery("time-true", "time", "an expiry that is 'true'", timed(exp=True)),
    Forgery("time-huge", "time", "an expiry of 300 digits", lambda s: s.sign(s.claims(exp=10**300), s.key("home"))),
    Forgery("time-nan", "form", "an expiry that is no number", raw(lambda t: t.replace('"exp":', '"exp":NaN,"was":'))),
    Forgery(
        "time-infinity", "form", "an expiry at infinity", raw(lambda t: t.replace('"exp":', '"exp":Infinity,"was":'))
    ),
    # which client, which kind
    Forgery(
        "app-only",
        "actor",
        "an application by itself where a person's consent is asked",
        changed(scp=None, roles=["Mail.Read.All"], idtyp="app"),
        lambda s: s.terms.grants and not s.terms.app_only,
    ),
    Forgery("no-grant", "actor", "neither scope nor role", changed(scp=""), grants),
    Forgery(
        "scope-lookalike",
        "actor",
        "a scope that begins like the one asked for",
        lambda s: s.sign(s.claims(scp=s.terms.scopes[0] + "er"), s.key("home")),
        lambda s: bool(s.terms.scopes),
    ),
    Forgery(
        "other-client",
        "actor",
        "a token that another client asked for",
        lambda s: s.sign(s.claims(**{s.terms.actor_claims[0]: OTHER}), s.key("home")),
        lambda s: bool(s.terms.actor_claims and (s.terms.actors or s.terms.kind == "id")),
    ),
    Forgery(
        "client-absent",
        "actor",
        "no client",
        lambda s: s.sign(s.claims(**dict.fromkeys(s.terms.actor_claims)), s.key("home")),
        lambda s: s.terms.actor_required,
    ),
    Forgery(
        "subject-by-mail",
        "subject",
        "an address of mail in place of a subject",
        lambda s: s.sign(
            s.claims(
                **{s.terms.subject[-1]: None},
                email="director@harbour.example",
                preferred_username="director@harbour.example",
            ),
            s.key("home"),
        ),
    ),
    Forgery(
        "subject-list",
        "subject",
        "a list of subjects",
        lambda s: s.sign(s.claims(**{s.terms.subject[-1]: ["a", "b"]}), s.key("home")),
    ),
    Forgery(
        "id-token",
        "kind",
        "an ID token where an access token is asked",
        changed(scp=None, nonce="n-0S6_WzA2Mj", at_hash="MTIzNDU2Nzg5MDEyMzQ1Ng"),
        grants,
    ),
    Forgery(
        "access-token",
        "kind",
        "an access token where an ID token is asked",
        changed(scp="Mail.Read", scope="mail.read"),
        lambda s: s.terms.kind == "id",
    ),
    Forgery("security-event", "kind", "a security event (secevent+jwt)", headed(typ="secevent+jwt")),
    Forgery(
        "logout-token",
        "kind",
        "a logout token",
        lambda s: s.sign(
            s.claims(events={"http://schemas.openid.net/event/backchannel-logout": {}}),
            s.key("home"),
            packed(s.header(s.key("home"), typ="logout+jwt")),
        ),
    ),
    Forgery("proof-token", "kind", "a proof of possession (dpop+jwt)", headed(typ="dpop+jwt")),
    Forgery("nested", "kind", "a token within a token", headed(cty="JWT")),
    Forgery(
        "nested-whole",
        "form",
        "a signed token whose payload is a genuine token",
        lambda s: s.sign(s.genuine().encode(), s.key("home"), packed(s.header(s.key("home"), cty="JWT"))),
    ),
    Forgery(
        "session-revoked",
        "revoked",
        "a session that was revoked after the token was issued",
        changed(sid=REVOKED_SESSION),
    ),
    Forgery(
        "untraceable",
        "trace",
        "no unique id, so that its use leads to no issuance",
        changed(uti=None),
        lambda s: "uti" in s.terms.trace,
    ),
)
