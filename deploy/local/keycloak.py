"""A real Keycloak on this machine, for trying the sign-in: its distribution comes from Maven's repository.

`python -m deploy.local.keycloak` starts one with the programme's realm and prints the settings to use with
`make up`. For trying and for tests alone: it keeps its data in a file and listens on loopback.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local import process
from deploy.local.kafka import find_java, home
from deploy.local.process import Unavailable

VERSION = "26.7.3"
REALM = Path(__file__).resolve().parents[1] / "keycloak" / "insieme-realm.json"
READY_SECONDS, FETCH_SECONDS = 240.0, 600.0
STOP = ((signal.SIGTERM, 20.0),)


@dataclass
class Running:
    """A Keycloak that we started, with the realm and the secrets of its two clients."""

    address: str
    process: subprocess.Popen[bytes]
    site_secret: str
    region_secret: str

    @property
    def issuer(self) -> str:
        return f"{self.address}/realms/insieme"

    def stop(self) -> None:
        """Stops it; safe to call again."""
        process.stop(self.process, *STOP)


def fetch(folder: Path) -> Path:
    """The unpacked distribution under `folder`, fetched once. Raises Unavailable."""
    there = folder / f"keycloak-{VERSION}"
    if there.exists():
        return there
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable("Maven non è installato")
    half = folder / "half"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
    artifact = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
    command = [maven, "-B", "-q", f"{plugin}:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={half}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False, cwd=half)
    except subprocess.TimeoutExpired:
        raise Unavailable("Maven non raggiunge il suo deposito") from None
    archives = list(half.glob("*.zip"))
    if done.returncode != 0 or not archives:
        raise Unavailable("Maven non ha consegnato Keycloak")
    with zipfile.ZipFile(archives[0]) as archive:
        archive.extractall(half)
    (half / there.name / "bin" / "kc.sh").chmod(0o755)
    (half / there.name).rename(there)
    shutil.rmtree(half)
    return there


def start(data: Path, base_url: str, users: Sequence[dict[str, Any]] = (), distribution: Path | None = None) -> Running:
    """Starts a Keycloak with its data in `data`, the realm for the site at `base_url`, and these users (as in
    Keycloak's own realm files). Raises Unavailable."""
    find_java()
    distribution = distribution or fetch(home() / "keycloak")
    ours = data / "keycloak"
    shutil.rmtree(ours, ignore_errors=True)
    shutil.copytree(distribution, ours)  # it writes into its own folder
    realm = json.loads(REALM.read_text()) | {"users": list(users)}
    (ours / "data" / "import").mkdir(parents=True)
    (ours / "data" / "import" / "insieme-realm.json").write_text(json.dumps(realm))
    port = process.free_port()
    site_secret, region_secret = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    environment = os.environ | {
        "INSIEME_BASE_URL": base_url, "INSIEME_CLIENT_SECRET": site_secret, "REGION_CLIENT_SECRET": region_secret,
        # As in docker-compose.keycloak.yml: browsers know it under one address, the platform may come by another.
        "KC_HOSTNAME": f"http://127.0.0.1:{port}", "KC_HOSTNAME_BACKCHANNEL_DYNAMIC": "true",
        "JAVA_OPTS_APPEND": "-Xmx512m -XX:TieredStopAtLevel=1", "KC_HTTP_MANAGEMENT_PORT": str(process.free_port()),
    }  # fmt: skip
    log = process.open_log(data / "keycloak.log")
    command = ["start-dev", "--http-host=127.0.0.1", f"--http-port={port}", "--import-realm"]
    child = subprocess.Popen(
        [str(ours / "bin" / "kc.sh"), *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ours,
        env=environment, start_new_session=True, preexec_fn=process.ends_with_parent(signal.SIGTERM),
    )  # fmt: skip
    os.close(log)
    running = Running(f"http://127.0.0.1:{port}", child, site_secret, region_secret)
    if not process.wait_until(lambda: _answers(running.issuer), child, READY_SECONDS):
        running.stop()
        raise Unavailable(f"Keycloak non parte: {process.tail(data / 'keycloak.log')}")
    return running


def user(
    account: str, name: str, role: str, organisation: str, districts: Sequence[str], password: str
) -> dict[str, Any]:
    """A user as the realm file writes one."""
    first, _, last = name.partition(" ")
    return {
        "username": account, "enabled": True, "firstName": first, "lastName": last,
        "email": f"{account}@example.org", "emailVerified": True, "realmRoles": [role],
        "attributes": {"organisation": [organisation], "districts": list(districts)},
        "credentials": [{"type": "password", "value": password, "temporary": False}],
    }  # fmt: skip


def _answers(issuer: str) -> bool:
    try:
        with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration", timeout=5) as answer:  # noqa: S310  # nosec B310  # our own http address
            return bool(json.load(answer).get("issuer") == issuer)
    except (OSError, urllib.error.URLError, ValueError):
        return False


def main() -> int:
    """Runs until Ctrl-C."""
    from shared.web.readers import accounts

    base_url = os.environ.get("INSIEME_BASE_URL", "http://127.0.0.1:8080")
    data = home() / "keycloak" / "data"
    data.mkdir(parents=True, exist_ok=True)
    known = [
        user(each.account.removeprefix("u-"), each.name, each.role, each.organisation, each.districts, "insieme")
        for each in accounts().values()
    ]
    try:
        running = start(data, base_url, known)
    except Unavailable as reason:
        print(f"Keycloak non disponibile: {reason}")
        return 1
    print(f"Keycloak: {running.address}\nINSIEME_OIDC_ISSUER={running.issuer}")
    print(
        f"INSIEME_OIDC_CLIENT_SECRET={running.site_secret}\nUtenti dimostrativi con la password «insieme».", flush=True
    )
    try:
        while running.process.poll() is None:
            time.sleep(1)
    except KeyboardInterrupt:
        pass
    finally:
        running.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
