"""What the code knows of personal data: sealed texts, fine attributes, topics, tables, terms, tests.

Read from the source (ast) where a run would not show it. What cannot be read that way is an error: a kind that
nobody can name is one that the register of processing would leave out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.intake.domain.parameters import PARAMETERS
from shared.events import PARTITIONS, SERVICES, region
from shared.profiles import TOPIC as PROFILES
from shared.topics import TOPICS
from shared.web.oidc import Claims

ROOT = Path(__file__).parents[2]
KINDS = {"write": 0, "seal": 3}
"""The vault's methods that seal something -> which argument names the kind."""
CREATED = re.compile(r"create table (?:if not exists )?([a-z_]+)")


class Unreadable(Exception):
    """Something personal is written in a way that this module does not understand."""


@dataclass(frozen=True)
class Module:
    """A file of a service, read."""

    path: Path
    tree: ast.Module

    def constants(self) -> dict[str, str]:
        """Names that stand for a word in this file."""
        found: dict[str, str] = {}
        for node in self.tree.body:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    found.update(_pairs(target, node.value))
        return found


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, str]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, word in zip(target.elts, value.elts, strict=True):
            yield from _pairs(one, word)
    elif isinstance(target, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield target.id, value.value


def modules(folder: Path) -> list[Module]:
    """All Python files under a folder."""
    return [_parsed(path, path.stat().st_mtime_ns) for path in sorted(folder.rglob("*.py"))]


@cache
def _parsed(path: Path, changed: int) -> Module:
    return Module(path, ast.parse(path.read_text()))


def _word(node: ast.expr, module: Module, others: Sequence[Module]) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        for known in (module, *_imported_from(node.id, module, others)):
            if node.id in known.constants():
                return known.constants()[node.id]
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        for other in others:
            if other.path.stem == node.value.id and node.attr in other.constants():
                return other.constants()[node.attr]
    raise Unreadable(f"{module.path}:{node.lineno}: which kind is {ast.unparse(node)!r}?")


def _imported_from(name: str, module: Module, others: Sequence[Module]) -> list[Module]:
    """The files from which a module has the name."""
    ends = [
        tuple((node.module or "").split("."))
        for node in module.tree.body
        if isinstance(node, ast.ImportFrom) and any((one.asname or one.name) == name for one in node.names)
    ]
    return [one for one in others if any(one.path.with_suffix("").parts[-len(end) :] == end for end in ends)]


def vault_kinds(folder: Path) -> set[str]:
    """The kinds of texts that a service seals. Raises Unreadable."""
    found = set()
    every = modules(folder)
    for module in every:
        for call in (node for node in ast.walk(module.tree) if isinstance(node, ast.Call)):
            if not (isinstance(call.func, ast.Attribute) and call.func.attr in KINDS):
                continue
            on = ast.unparse(call.func.value)
            if call.func.attr == "write" and not on.endswith("unit.vault"):
                continue  # the vault's own `write` puts down what was sealed before
            if call.func.attr == "seal" and not on.endswith("vault"):
                continue
            given = [*call.args, *(word.value for word in call.keywords if word.arg == "kind")]
            found.add(_word(given[KINDS[call.func.attr]], module, every))
    return found


def profile_attributes(folder: Path) -> set[str]:
    """The fine attributes that are published of a person. Raises Unreadable."""
    found: set[str] = set()
    every = modules(folder)
    for module in every:
        for call in (node for node in ast.walk(module.tree) if isinstance(node, ast.Call)):
            name = ast.unparse(call.func).split(".")[-1]
            if name == "keep_profile":
                found |= _keys(call.args[2], module, every)
            elif ast.unparse(call.func) == "unit.profile" and not _merges(call.args[1]):
                found |= _keys(call.args[1], module, every)
    return found


def _merges(node: ast.expr) -> bool:
    """Whether it is what was there, with the changes that `keep_profile` was given, or the end of all."""
    return ast.unparse(node) in ("found.scalar() or {} | changes", "(found.scalar() or {}) | changes", "None")


def _keys(node: ast.expr, module: Module, every: Sequence[Module]) -> set[str]:
    if isinstance(node, ast.Dict) and all(isinstance(key, ast.Constant) for key in node.keys):
        return {str(key.value) for key in node.keys if isinstance(key, ast.Constant)}
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _keys(node.left, module, every) | _keys(node.right, module, every)
    if isinstance(node, ast.Call):
        returned = [
            (other, given.value)
            for other in every
            for function in ast.walk(other.tree)
            if isinstance(function, ast.FunctionDef) and function.name == ast.unparse(node.func).split(".")[-1]
            for given in ast.walk(function)
            if isinstance(given, ast.Return) and given.value is not None
        ]
        if returned:
            return set().union(*(_keys(value, other, every) for other, value in returned))
    raise Unreadable(f"{module.path}:{node.lineno}: which attributes are {ast.unparse(node)!r}?")


def profile_readers(root: Path, attributes: Iterable[str]) -> dict[str, list[str]]:
    """Attribute -> the services other than intake whose pages or rules read it."""
    source = {
        name: "".join(
            path.read_text() for path in sorted(folder.rglob("*")) if path.suffix in (".py", ".html")
        )
        for name, folder in service_folders(root).items()
        if name != "intake"
    }  # fmt: skip
    used = {name: re.compile(rf"profile(\.{name}\b|( or {{}}\))?(\.get\(|\[)[\"']{name}[\"'])") for name in attributes}
    return {name: [one for one, words in source.items() if used[name].search(words)] for name in attributes}


def topics() -> set[str]:
    """All topics, those of a setting included."""
    return {topic.name for topic in TOPICS} | {*PARTITIONS, PROFILES, region.TOPIC}


def tables(root: Path) -> set[str]:
    """Durable tables, and the one of received profiles."""
    made = {
        name
        for path in sorted((root / "shared" / "migrations" / "versions").glob("*.py"))
        for name in CREATED.findall(path.read_text())
    }
    return made | {"profiles"}


def day_parameters() -> set[str]:
    """The parameters of intake that are a number of days."""
    return {one.name for one in PARAMETERS if one.name.endswith("_days")}


def machine_scopes() -> set[str]:
    """The scopes with which a program may read."""
    return set(Claims().scopes)


def every_test(root: Path) -> set[str]:
    """Every test there is, as `file::test`."""
    return {
        f"{module.path.relative_to(root)}::{node.name}"
        for module in modules(root / "tests")
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def service_folders(root: Path) -> dict[str, Path]:
    """The services and where they live: those of the log, and any other folder that declares one."""
    declared = {path.parent.name for path in (root / "services").glob("*/service.py")}
    return {name: root / "services" / name for name in sorted(declared | set(SERVICES))}
