"""The platform's settings: environment variables and one file of secrets, read once."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, cast


@dataclass(frozen=True)
class Settings:
    """Where the parts are and how the platform runs. See «Settings» in the README."""

    database_url: str
    log_url: str
    mode: Literal["demo", "production"]
    home: Path
    secrets_path: Path
    base_url: str
    namespace: str
    """Put before every schema, role and topic: empty in production, fresh for each test."""
    keys_path: Path | None = None
    """The folder of the vaults' master keys (shared/keys.py); None: `keys` beside the secrets."""
    proxies: int = 0
    """How many proxies of ours stand before the platform and write X-Forwarded-For: 0 = it is not read."""

    region_measures: bool = False
    """Whether intake reads `region.measures`: off until a convention with the Region exists."""
    smtp_url: str = field(default="", repr=False)
    """Where e-mail goes: smtp://, smtps:// or smtp+starttls://user:password@host:port; empty: nowhere."""
    smtp_from: str = "noreply@insieme.invalid"
    sms_url: str = ""
    """The HTTP gateway that SMS are posted to (services/intake/gateway.py); empty: nowhere."""
    sms_token: str = field(default="", repr=False)

    oidc_issuer: str = ""
    """The OpenID provider's issuer; empty: the built-in demonstration accounts."""
    oidc_discovery: str = ""
    """Where the platform itself fetches the provider's description, where its way there is not the browser's
    (containers on one machine); empty: under the issuer."""
    oidc_client_id: str = "insieme"
    oidc_client_secret: str = field(default="", repr=False)
    claims_path: Path | None = None
    """Which claim of the provider means what (shared/web/oidc.py); None: the defaults."""
    only_listed_accounts: bool = False
    """Whether only the accounts of the directory enter (shared/web/directory.py); else the provider's claims decide
    for those that are not in it."""

    @property
    def keys_folder(self) -> Path:
        """Where the files of master keys are."""
        return self.keys_path or self.secrets_path.parent / "keys"

    @cached_property
    def _secrets(self) -> dict[str, str]:
        return cast(dict[str, str], json.loads(self.secrets_path.read_text()))

    def secret(self, name: str) -> bytes:
        """The secret's bytes (stored base64). Raises KeyError if the file lacks it."""
        return base64.b64decode(self._secrets[name])


def read() -> Settings:
    """Settings from the environment. Raises SystemExit, in Italian, where one is missing or wrong."""
    mode = os.environ.get("INSIEME_MODE", "production")
    if mode not in ("demo", "production"):
        raise SystemExit("INSIEME_MODE può essere solo «demo» o «production».")
    home = Path(os.environ.get("INSIEME_HOME", ".local"))
    database_url = os.environ.get("DATABASE_URL", "")
    return Settings(
        database_url=database_url,
        log_url=os.environ.get("LOG_URL") or database_url,
        mode=cast(Literal["demo", "production"], mode),
        home=home,
        secrets_path=Path(os.environ.get("INSIEME_SECRETS", home / "secrets.json")),
        base_url=os.environ.get("INSIEME_BASE_URL", "http://127.0.0.1:8080"),
        namespace=os.environ.get("INSIEME_NAMESPACE", ""),
        region_measures=os.environ.get("INSIEME_REGION_MEASURES", "off") == "on",
        smtp_url=os.environ.get("INSIEME_SMTP_URL", ""),
        smtp_from=os.environ.get("INSIEME_SMTP_FROM", "noreply@insieme.invalid"),
        sms_url=os.environ.get("INSIEME_SMS_URL", ""),
        sms_token=os.environ.get("INSIEME_SMS_TOKEN", ""),
        oidc_issuer=os.environ.get("INSIEME_OIDC_ISSUER", ""),
        oidc_discovery=os.environ.get("INSIEME_OIDC_DISCOVERY", ""),
        oidc_client_id=os.environ.get("INSIEME_OIDC_CLIENT_ID", "insieme"),
        oidc_client_secret=os.environ.get("INSIEME_OIDC_CLIENT_SECRET", ""),
        claims_path=Path(claims) if (claims := os.environ.get("INSIEME_CLAIMS")) else None,
        keys_path=Path(keys) if (keys := os.environ.get("INSIEME_KEYS")) else None,
        only_listed_accounts=os.environ.get("INSIEME_ACCOUNTS", "claims") == "listed",
        proxies=int(os.environ.get("INSIEME_PROXIES", "0")),
    )


settings = read()
