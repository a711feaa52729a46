"""Signing in through a real Keycloak: people by code with PKCE, machines by client credentials, and who may not."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from deploy.local import keycloak
from deploy.local.process import Unavailable
from services.reporting.app import create_app
from shared import clock
from shared.settings import Settings, settings
from shared.web import oidc, sessions, sign_in, signing
from shared.web.site import site
from tests.fixtures.parts import without_kafka
from tests.fixtures.platform import Platform

BASE = "http://127.0.0.1:8080"
PASSWORD = "una-frase-di-prova"
pytestmark = [pytest.mark.kafka, pytest.mark.slow]  # what Maven brings, as Kafka


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[keycloak.Running]:
    users = [
        keycloak.user("amina.haddad", "Amina Haddad", "monitoring", "Città metropolitana", ["imola"], PASSWORD),
        keycloak.user("luca.bono", "Luca Bonò", "offline_access", "Comune di Bologna", [], PASSWORD),
    ]
    try:
        running = keycloak.start(tmp_path_factory.mktemp("keycloak"), BASE, users)
    except Unavailable as reason:
        without_kafka(str(reason))
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def configured(provider: keycloak.Running) -> Settings:
    return replace(
        settings, base_url=BASE, oidc_issuer=provider.issuer, oidc_client_secret=provider.site_secret,
    )  # fmt: skip


async def test_the_platform_may_have_a_way_of_its_own_to_the_provider(configured: Settings) -> None:
    inside = configured.oidc_issuer.replace("127.0.0.1", "localhost")
    found = oidc.Provider(replace(configured, oidc_discovery=f"{inside}/.well-known/openid-configuration"))
    metadata = await found.metadata()
    assert metadata["issuer"] == configured.oidc_issuer
    assert metadata["authorization_endpoint"].startswith(configured.oidc_issuer), "the browser's way"
    assert metadata["token_endpoint"].startswith(inside), "the platform's"
    # Another provider's description is not taken for this one's.
    other = configured.oidc_issuer.replace("/insieme", "/master") + "/.well-known/openid-configuration"
    strayed = oidc.Provider(replace(configured, oidc_discovery=other))
    with pytest.raises(oidc.SignInRefused):
        await strayed.metadata()


@asynccontextmanager
async def browser(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at our site; redirects are followed by hand, so that each is seen."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=BASE, headers={"accept": "text/html"}
    ) as client:
        yield client


def elsewhere() -> httpx.AsyncClient:
    """The same browser at Keycloak, whose cookies are `Secure`: browsers count loopback as that, httpx does not."""
    client = httpx.AsyncClient(timeout=60)

    async def loopback(_: httpx.Response) -> None:
        for cookie in client.cookies.jar:
            cookie.secure = False

    client.event_hooks = {"response": [loopback]}
    return client


async def typed_at_keycloak(client: httpx.AsyncClient, address: str, account: str, password: str = PASSWORD) -> str:
    """Fills Keycloak's form and returns the address it sends the browser back to ("" if it keeps it)."""
    form = await client.get(address)
    action = re.search(r'action="([^"]+)"', form.text)
    assert action is not None, form.text[:500]
    answer = await client.post(html.unescape(action[1]), data={"username": account, "password": password})
    return str(answer.headers.get("location", ""))


async def sign_in_as(ours: httpx.AsyncClient, theirs: httpx.AsyncClient, account: str) -> httpx.Response:
    begun = await ours.get("/sign-in/start", params={"next": "/privacy"})
    back = await typed_at_keycloak(theirs, begun.headers["location"], account)
    return await ours.get(back)


async def test_a_person_signs_in_with_code_and_pkce_and_out_on_both_sides(configured: Settings) -> None:
    app = site({}, current_settings=configured)
    async with browser(app) as ours, elsewhere() as theirs:
        assert "Accedi con le credenziali" in (await ours.get("/sign-in")).text
        begun = await ours.get("/sign-in/start", params={"next": "/privacy"})
        asked = parse_qs(urlsplit(begun.headers["location"]).query)
        assert (asked["code_challenge_method"], asked["response_type"]) == (["S256"], ["code"])
        assert await typed_at_keycloak(theirs, begun.headers["location"], "amina.haddad", "sbagliata") == ""
        back = await typed_at_keycloak(theirs, begun.headers["location"], "amina.haddad")
        entered = await ours.get(back)
        assert entered.status_code == 303, entered.text
        assert entered.headers["location"] == "/privacy"
        home = await ours.get("/")
        assert "Amina Haddad" in home.text
        assert "reporting" in home.text
        session = sessions.read(f"{sessions.COOKIE}={ours.cookies[sessions.COOKIE]}")
        assert session is not None
        assert session.reader.account == "u-amina.haddad"
        assert (session.reader.role, session.reader.districts) == ("monitoring", ("imola",))
        copied = ours.cookies[sessions.COOKIE]
        left = await ours.post("/sign-in/out", data={"csrf": sessions.csrf(session.id)})
        assert left.headers["location"].startswith(f"{configured.oidc_issuer}/protocol/openid-connect/logout?")
        assert (await theirs.get(left.headers["location"])).status_code in (200, 302)
        ours.cookies.set(sessions.COOKIE, copied)
        assert "Amina Haddad" not in (await ours.get("/")).text, "a copied cookie does not come back"


async def test_who_has_no_role_in_the_programme_is_told_so(configured: Settings) -> None:
    async with browser(site({}, current_settings=configured)) as ours, elsewhere() as theirs:
        answer = await sign_in_as(ours, theirs, "luca.bono")
        assert answer.status_code == 403
        assert "non ha un ruolo nel programma" in answer.text
        assert sessions.COOKIE not in ours.cookies


async def test_an_answer_is_good_once_and_in_the_browser_that_asked(configured: Settings) -> None:
    app = site({}, current_settings=configured)
    async with browser(app) as ours, browser(app) as stranger, elsewhere() as theirs:
        begun = await ours.get("/sign-in/start")
        back = await typed_at_keycloak(theirs, begun.headers["location"], "amina.haddad")
        assert (await stranger.get(back)).status_code == 403, "no cookie of ours"
        await stranger.get("/sign-in/start")
        assert (await stranger.get(back)).status_code == 403, "another state"
        pending = ours.cookies[sign_in.PENDING]
        assert (await ours.get(back)).status_code == 303
        ours.cookies.set(sign_in.PENDING, pending)
        assert (await ours.get(back)).status_code == 403, "the code was used"


@pytest.mark.parametrize("changed", ["verifier", "nonce"])
async def test_a_code_without_its_verifier_or_nonce_is_worth_nothing(configured: Settings, changed: str) -> None:
    async with browser(site({}, current_settings=configured)) as ours, elsewhere() as theirs:
        begun = await ours.get("/sign-in/start")
        back = await typed_at_keycloak(theirs, begun.headers["location"], "amina.haddad")
        values = signing.unsign("oidc", ours.cookies[sign_in.PENDING]) | {changed: "x" * 60}
        ours.cookies.set(sign_in.PENDING, signing.sign("oidc", values, clock.now() + oidc.PENDING))
        assert (await ours.get(back)).status_code == 403


async def test_every_ten_minutes_the_provider_is_asked_silently_whether_the_sign_in_stands(
    configured: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now
    async with browser(site({}, current_settings=configured)) as ours, elsewhere() as theirs:
        await sign_in_as(ours, theirs, "amina.haddad")

        async def later(minutes: int) -> httpx.Response:
            monkeypatch.setattr(clock, "now", lambda: now() + timedelta(minutes=minutes))
            return await ours.get("/note-legali")

        assert (await later(9)).status_code == 200
        asked = await later(11)
        assert asked.headers["location"] == "/sign-in/start?silent=1&next=/note-legali"
        begun = await ours.get(asked.headers["location"])
        stands = await theirs.get(begun.headers["location"])
        entered = await ours.get(stands.headers["location"])
        assert entered.headers["location"] == "/note-legali"
        assert "Amina Haddad" in (await ours.get("/note-legali")).text
        theirs.cookies.clear()  # over there the session has ended
        asked = await later(19)
        assert asked.status_code == 200
        asked = await later(22)
        begun = await ours.get(asked.headers["location"])
        ended = await theirs.get(begun.headers["location"])
        out = await ours.get(ended.headers["location"])
        assert out.headers["location"].startswith("/sign-in?")
        assert "Amina Haddad" not in (await ours.get("/")).text


async def token_of(provider: keycloak.Running, **values: str) -> str:
    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.post(
            f"{provider.issuer}/protocol/openid-connect/token",
            data={
                "grant_type": "client_credentials", "client_id": "regione-emilia-romagna",
                "client_secret": provider.region_secret, **values,
            },
        )  # fmt: skip
    return str(answer.json()["access_token"])


async def test_a_machine_reads_with_its_scope_and_nothing_else(
    configured: Settings, provider: keycloak.Running, platform: Platform
) -> None:
    running = await platform("reporting")
    service = create_app()
    service.state.store = running.store("reporting")
    app = site({"reporting": service}, current_settings=configured)
    path = "/reporting/api/semestre/2024-1"
    async with browser(app) as ours:

        async def status(token: str, at: str = path) -> int:
            answer = await ours.get(at, headers={"authorization": f"Bearer {token}", "accept": "application/json"})
            return answer.status_code

        good = await token_of(provider, scope="insieme.region")
        assert await status(good) == 200
        assert await status(good, "/reporting/") in (302, 303, 401), "a token opens no page"
        assert await status(await token_of(provider)) == 401, "no scope"
        head, body, signature = good.split(".")
        assert await status(f"{head}.{body}.{signature[:-4]}AAAA") == 401, "forged"
        claims = {"iss": provider.issuer, "aud": "insieme", "sub": "x", "exp": 4e9, "scope": "insieme.region"}
        other = jwt.encode({"alg": "RS256"}, claims, RSAKey.generate_key(2048))
        assert await status(other) == 401, "another's key"
        weak = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(b"0" * 32))
        assert await status(weak) == 401, "a shared secret"
        assert await status("") == 401


async def test_without_its_provider_the_platform_says_so(configured: Settings) -> None:
    away = replace(configured, oidc_issuer="http://127.0.0.1:1/realms/insieme")
    async with browser(site({}, current_settings=away)) as ours:
        answer = await ours.get("/sign-in/start")
        assert answer.status_code == 503
        assert "non risponde" in answer.text


def test_production_wants_a_provider_and_wants_it_encrypted(configured: Settings) -> None:
    with pytest.raises(SystemExit, match="INSIEME_OIDC_ISSUER"):
        sign_in.router(replace(settings, mode="production", oidc_issuer=""))
    with pytest.raises(SystemExit, match="https"):
        sign_in.router(replace(configured, mode="production"))
