"""Imports every module that an image holds, so that what is missing in it fails its build.

Called by the Dockerfile in the image's own folder, where only shared/ and one service are left: a service
that imports another one, or a module of shared/ that imports a service, cannot be built.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

NOT_IN_THE_IMAGE = ("streams", "__main__")
"""Last parts of names: Faust has an image of its own; a `__main__` would run."""


def import_all(package: str) -> list[str]:
    """The names of the modules of `package`, all imported. Raises what the first bad import raises."""
    root = importlib.import_module(package)
    names = [package]
    for found in pkgutil.iter_modules(root.__path__, f"{package}."):
        if found.name.rpartition(".")[2] in NOT_IN_THE_IMAGE or found.name.startswith("shared.migrations"):
            continue  # migrations run inside Alembic only
        if found.ispkg:
            names += import_all(found.name)
        else:
            importlib.import_module(found.name)
            names.append(found.name)
    return names


def main() -> None:
    """`python image_imports.py SERVICE`, in the folder that holds shared/ and services/."""
    sys.path.insert(0, ".")
    service = sys.argv[1]
    packages = ["shared"] if service == "front" else ["shared", f"services.{service}"]
    names = [name for package in packages for name in import_all(package)]
    print(f"{service}: {len(names)} modules imported")


if __name__ == "__main__":
    main()
