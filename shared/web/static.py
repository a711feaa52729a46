"""Style sheets, scripts, fonts and icons, served by the platform itself under an address that changes with them."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OWN = Path(__file__).parent / "static"
MODULES = Path(os.environ.get("INSIEME_NODE_MODULES") or Path(__file__).parents[2] / "node_modules")
PACKAGES = ("bootstrap-italia", "htmx.org")


@cache
def version() -> str:
    """Changes with any file of ours and with the version of any package: what has it can be kept for ever."""
    digest = hashlib.sha256()
    for path in sorted(OWN.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    for package in PACKAGES:
        described = MODULES / package / "package.json"
        digest.update(described.read_bytes() if described.exists() else b"-")
    return digest.hexdigest()[:12]


def url(path: str) -> str:
    """The address of a file of shared/web/static."""
    return f"/static/{version()}/own/{path}"


def vendor(path: str) -> str:
    """The address of a file of a package's dist folder: "bootstrap-italia/css/bootstrap-italia.min.css"."""
    return f"/static/{version()}/{path}"


def missing() -> list[str]:
    """The front-end packages that `npm ci` has not brought: pages work without, but plain."""
    return [package for package in PACKAGES if not (MODULES / package / "dist").is_dir()]


class _Kept:
    """Long caching for the current version; another version gets today's files, to be asked for again."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        current = f"/static/{version()}/" in scope["path"]

        async def kept(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = message["status"] in (200, 206, 304)
                headers = MutableHeaders(scope=message)
                long = "public, max-age=31536000, immutable"
                headers["cache-control"] = long if current and found else "no-cache"
            await send(message)

        await self.app(scope, receive, kept)


def app() -> ASGIApp:
    """To be mounted at /static."""
    folders = {"own": OWN} | {p: MODULES / p / "dist" for p in PACKAGES if p not in missing()}
    mounts = [Mount(f"/{{version}}/{name}", StaticFiles(directory=folder)) for name, folder in folders.items()]
    return _Kept(GZipMiddleware(Router(mounts), minimum_size=2000))
