"""OpenID Connect: authorization code with PKCE for people, client credentials for machines.

Sources: OpenID Connect Core 1.0, RFC 7636 (PKCE), RFC 9700 (best current practice), RFC 9207 (`iss` in the answer).
The provider is the institution's (SPID and CIE stand behind it). Which claim means what is configuration
(`INSIEME_CLAIMS`, a JSON file; `CLAIMS` without it), so that no provider's habit is written into the platform.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from httpx2 import AsyncClient, HTTPError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared import clock
from shared.settings import Settings
from shared.web import signing
from shared.web.readers import Reader, roles

ALGORITHMS = ["RS256", "PS256", "ES256"]
LEEWAY = 60
"""Seconds by which the provider's clock may differ from ours."""
PENDING = timedelta(minutes=10)
METADATA_SECONDS, KEYS_PAUSE = 3600.0, 30.0
ACCOUNT = re.compile(r"^[a-z0-9][a-z0-9_.-]{0,61}$")


class SignInRefused(Exception):
    """The sign-in did not succeed: `code` for the log, the text an Italian sentence for the page."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class ProviderAway(SignInRefused):
    """The provider does not answer."""

    def __init__(self) -> None:
        super().__init__("provider_away", "Il servizio di accesso non risponde: riprova tra qualche minuto.")


@dataclass(frozen=True)
class Claims:
    """Where a person's claims are, and what they mean here. A dotted name goes into nested claims."""

    account: str = "preferred_username"
    name: str = "name"
    roles: str = "roles"
    organisation: str = "organisation"
    districts: str = "districts"
    role_of: Mapping[str, str] = field(default_factory=dict)
    """The provider's role -> ours; a role of the same name needs no line."""
    scopes: Mapping[str, str] = field(default_factory=lambda: {"insieme.region": "region"})
    """A machine client's scope -> the role it reads with."""


def read_claims(path: Path | None) -> Claims:
    """The configuration. Raises SystemExit, in Italian, where the file is not what it should be."""
    if path is None:
        return Claims()
    try:
        claims = Claims(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise SystemExit(f"INSIEME_CLAIMS non si può usare: {error}") from None
    unknown = sorted(({*claims.role_of.values(), *claims.scopes.values()}) - set(roles()))
    if unknown:
        raise SystemExit(f"INSIEME_CLAIMS nomina ruoli che non ci sono: {', '.join(unknown)}.")
    return claims


def _claim(values: Mapping[str, Any], name: str) -> Any:
    found: Any = values
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def reader_of(values: Mapping[str, Any], claims: Claims) -> Reader:
    """Who signed in. Raises SignInRefused for whom the programme does not know."""
    account = str(_claim(values, claims.account) or "").lower()
    if not ACCOUNT.match(account):
        raise SignInRefused("account", "Il nome del tuo account non si può usare qui: rivolgiti a chi amministra.")
    given = _claim(values, claims.roles)
    theirs = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    ours = {claims.role_of.get(str(role), str(role)) for role in theirs}
    held = [role for role in roles() if role in ours]
    if not held:
        raise SignInRefused("no_role", "Il tuo account non ha un ruolo nel programma: rivolgiti a chi amministra.")
    if len(held) > 1:
        raise SignInRefused("many_roles", "Il tuo account ha più ruoli nel programma: rivolgiti a chi amministra.")
    districts = _claim(values, claims.districts) or ()
    return Reader(
        account=f"u-{account}",
        name=str(_claim(values, claims.name) or account),
        role=held[0],
        organisation=str(_claim(values, claims.organisation) or ""),
        districts=tuple(map(str, districts)) if isinstance(districts, list | tuple) else (str(districts),),
    )


class Provider:
    """The OpenID provider, as this process knows it: its metadata and keys are fetched when first wanted."""

    def __init__(self, settings: Settings) -> None:
        assert settings.oidc_issuer
        self.issuer = settings.oidc_issuer.rstrip("/")
        self.discovery = settings.oidc_discovery or f"{self.issuer}/.well-known/openid-configuration"
        self.client_id = settings.oidc_client_id
        self.back = f"{settings.base_url}/sign-in/back"
        self.home = f"{settings.base_url}/"
        self.claims = read_claims(settings.claims_path)
        self._settings = settings
        self._metadata: dict[str, Any] = {}
        self._fetched = self._keys_fetched = float("-inf")
        self._keys = KeySet([])

    async def _get(self, url: str) -> dict[str, Any]:
        try:
            async with AsyncClient(timeout=5) as client:
                answer = await client.get(url)
                answer.raise_for_status()
                return cast(dict[str, Any], answer.json())
        except (HTTPError, ValueError):
            raise ProviderAway() from None

    async def metadata(self) -> dict[str, Any]:
        """The provider's own description, kept for an hour. Raises ProviderAway."""
        if time.monotonic() - self._fetched > METADATA_SECONDS:
            found = await self._get(self.discovery)
            if found.get("issuer") != self.issuer:
                raise ProviderAway()
            self._metadata, self._fetched = found, time.monotonic()
        return self._metadata

    async def _key_set(self, unknown: bool) -> KeySet:
        """The provider's keys; asked for again (not too often) when a token names one that we do not know."""
        uri = (await self.metadata())["jwks_uri"]
        age = time.monotonic() - self._keys_fetched
        if age > METADATA_SECONDS or (unknown and age > KEYS_PAUSE):
            self._keys_fetched = time.monotonic()
            self._keys = KeySet.import_key_set(cast(Any, await self._get(uri)))
        return self._keys

    async def _decoded(self, token: str, unknown: bool) -> dict[str, Any]:
        return jwt.decode(token, await self._key_set(unknown), algorithms=ALGORITHMS).claims

    async def _verified(self, token: str, audience: str) -> dict[str, Any]:
        """The token's claims: signed by the provider, for us, in force. Raises SignInRefused."""
        invalid = SignInRefused("token", "L'accesso non è riuscito: riprova.")
        try:
            claims = await self._decoded(token, unknown=False)
        except (JoseError, ValueError):
            try:
                claims = await self._decoded(token, unknown=True)
            except (JoseError, ValueError):
                raise invalid from None
        # Not the platform's clock: in demonstration mode that is in the past.
        registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        try:
            registry.validate(claims)
        except JoseError:
            raise invalid from None
        return claims

    async def begin(self, target: str, silent: bool = False) -> tuple[str, str]:
        """The address to send the browser to, and the signed cookie that must come back with the answer."""
        state, nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        challenge = create_s256_code_challenge(verifier)
        query = {
            "response_type": "code", "client_id": self.client_id, "redirect_uri": self.back, "scope": "openid",
            "state": state, "nonce": nonce, "code_challenge": challenge,
            "code_challenge_method": "S256",
        } | ({"prompt": "none"} if silent else {})  # fmt: skip
        pending = {"state": state, "nonce": nonce, "verifier": verifier, "next": target, "silent": silent}
        cookie = signing.sign("oidc", pending, clock.now() + PENDING)
        return f"{(await self.metadata())['authorization_endpoint']}?{urlencode(query)}", cookie

    async def finish(self, pending: Mapping[str, Any], query: Mapping[str, str]) -> Reader:
        """Who came back from the provider. Raises SignInRefused."""
        if not secrets.compare_digest(str(pending["state"]), query.get("state", "")):
            raise SignInRefused("state", "L'accesso non è riuscito: riprova da qui.")
        if query.get("iss", self.issuer) != self.issuer:
            raise SignInRefused("iss", "L'accesso non è riuscito: riprova da qui.")
        if "error" in query or "code" not in query:
            raise SignInRefused("provider", "L'accesso non è riuscito: riprova da qui.")
        endpoint = (await self.metadata())["token_endpoint"]
        secret = self._settings.oidc_client_secret
        try:
            async with AsyncOAuth2Client(
                self.client_id, secret, redirect_uri=self.back, code_challenge_method="S256", timeout=10
            ) as client:
                token = await client.fetch_token(
                    endpoint, code=query["code"], code_verifier=pending["verifier"], grant_type="authorization_code"
                )
        except HTTPError:
            raise ProviderAway() from None
        except Exception as error:  # authlib raises its own kinds for what the provider refuses
            raise SignInRefused("exchange", "L'accesso non è riuscito: riprova da qui.") from error
        claims = await self._verified(str(token.get("id_token", "")), self.client_id)
        if not secrets.compare_digest(str(claims.get("nonce", "")), str(pending["nonce"])):
            raise SignInRefused("nonce", "L'accesso non è riuscito: riprova da qui.")
        return reader_of(claims, self.claims)

    async def bearer(self, token: str) -> Reader:
        """The machine behind an access token, with the role that its scope gives. Raises SignInRefused."""
        claims = await self._verified(token, "insieme")
        scopes = str(claims.get("scope", "")).split()
        held = [role for scope, role in self.claims.scopes.items() if scope in scopes]
        client = str(claims.get("azp") or claims.get("client_id") or "").lower()
        if len(held) != 1 or not ACCOUNT.match(client):
            raise SignInRefused("scope", "Questo client non ha un ambito che il programma conosce.")
        return Reader(account=f"c-{client}", name=client, role=held[0], organisation=client)

    async def farewell(self) -> str:
        """Where the browser goes to end the session at the provider too."""
        endpoint = (await self.metadata()).get("end_session_endpoint")
        if not endpoint:
            return self.home
        return f"{endpoint}?{urlencode({'client_id': self.client_id, 'post_logout_redirect_uri': self.home})}"


@cache
def provider_of(settings: Settings) -> Provider | None:
    """The configured provider, one a process; None where none is configured."""
    return Provider(settings) if settings.oidc_issuer else None
