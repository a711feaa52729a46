"""Checks Dockerfile, compose, gateway, collector, manifests: `python -m deploy.check`, in `make check`.

Uses `kubectl` or `kustomize`, `docker compose` or `docker-compose`, and `nginx` where they are, and says in
so many words what was not checked where they are not.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from deploy import reach, rules
from shared.events import REGISTRY, SERVICES
from shared.topics import TOPICS

ROOT = Path(__file__).resolve().parent.parent
Doc = dict[str, Any]


def documents(text: str) -> list[Doc]:
    """The YAML documents of a text."""
    return [doc for doc in yaml.load_all(text, yaml.CSafeLoader) if doc]


def renderer() -> list[str] | None:
    """The command that renders a kustomization, None where there is none."""
    for command in (["kubectl", "kustomize"], ["kustomize", "build"]):
        if shutil.which(command[0]):
            return command
    return None


def render(folder: Path, command: Sequence[str]) -> list[Doc]:
    """The documents of a kustomization. Raises RuntimeError with the tool's words."""
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{folder.name}: {done.stderr.strip()}")
    return documents(done.stdout)


def raw(*folders: Path) -> list[Doc]:
    """The documents as they stand in the files, for want of a renderer."""
    files = [f for folder in folders for f in sorted(folder.glob("*.yaml")) if f.name != "kustomization.yaml"]
    return [doc for file in files for doc in documents(file.read_text())]


def custom_schemas(root: Path = ROOT) -> dict[str, Doc]:
    """Our schemas of custom resources, by `apiVersion/kind`."""
    return dict(yaml.safe_load((root / "deploy/k8s/custom-resources.yaml").read_text()))


def manifests(root: Path = ROOT, command: Sequence[str] | None = None, services: Sequence[str] = SERVICES) -> list[str]:
    """All rules on all overlays; without a renderer, those that hold for the files themselves."""
    k8s, custom = root / "deploy/k8s", custom_schemas(root)
    if command is None:
        docs = raw(k8s / "base", k8s / "platform", k8s / "overlays/reporting")
        return rules.schema(docs, custom) + rules.restricted(docs)
    platform = render(k8s / "platform", command)
    own = {service: render(k8s / "overlays" / service, command) for service in services}
    everything = [*platform, *(doc for docs in own.values() for doc in docs)]
    problems = [
        *rules.schema(everything, custom),
        *rules.restricted(everything),
        *rules.references(everything),
        *(f"{rules.label(doc)}{where}" for doc in everything for where in rules.placeholders(doc)),
        *reach.trespasses(everything, services),
        *topics(platform),
        *writers(everything),
        *addresses(platform),
    ]
    names = [rules.label(doc) for doc in everything]
    return problems + [f"{name}: twice" for name in sorted(set(names)) if names.count(name) > 1]


def topics(docs: Sequence[Doc]) -> list[str]:
    """The topics must be those that `python -m shared.topics` makes elsewhere, and kept as long."""
    declared = {d["metadata"]["name"]: d["spec"] for d in docs if d["kind"] == "KafkaTopic"}
    wanted = {topic.name: topic for topic in TOPICS}
    problems = [f"topic {name}: only in one place" for name in sorted(declared.keys() ^ wanted.keys())]
    for name in sorted(declared.keys() & wanted.keys()):
        spec, topic = declared[name], wanted[name]
        has = spec["partitions"], spec["config"]["cleanup.policy"], spec["config"].get("retention.ms")
        kept = ("compact", None) if topic.compacted else ("delete", topic.retention_ms)
        if has != (must := (topic.partitions, *kept)):
            problems.append(f"topic {name}: {has}, elsewhere {must}")
    return problems


def writers(docs: Sequence[Doc]) -> list[str]:
    """A service may write the topics of the events that it owns, `dead-letters`, and intake `profiles`."""
    rights = rules.write_rights(docs)
    problems = []
    for service in SERVICES:
        may = {event.TOPIC for event in REGISTRY.values() if event.TYPE.startswith(f"{service}.")}
        may |= {"dead-letters"} | ({"profiles"} if service == "intake" else set())
        if (has := rights.get(f"{service}-user", set())) != may:
            problems.append(f"KafkaUser/{service}-user: writes {sorted(has)}, its events are on {sorted(may)}")
    return problems


def addresses(docs: Sequence[Doc]) -> list[str]:
    """The site's address stands in two places."""
    site = next(d for d in docs if d["kind"] == "ConfigMap" and d["metadata"]["name"] == "site")
    ingress = next(d for d in docs if d["kind"] == "Ingress")
    host = ingress["spec"]["rules"][0]["host"]
    same = site["data"]["INSIEME_BASE_URL"] == f"https://{host}" and ingress["spec"]["tls"][0]["hosts"] == [host]
    return [] if same else [f"Ingress and INSIEME_BASE_URL differ: {host}"]


def compose_command() -> list[str] | None:
    """Compose (the plugin, or version 2 as a program of its own), None where there is neither."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            done = subprocess.run([*command, "version"], capture_output=True, text=True)
            if done.returncode == 0 and "version 1." not in done.stdout:
                return command
    return None


def compose_config(root: Path = ROOT, command: Sequence[str] | None = None) -> Doc:
    """The compose file: as compose itself understands it, else as YAML. Raises RuntimeError."""
    file = root / "docker-compose.yml"
    if command is None:
        config: Doc = yaml.safe_load(file.read_text())
        return config
    done = subprocess.run([*command, "-f", str(file), "config", "--format", "json"], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return dict(json.loads(done.stdout))


def on_this_machine(text: str, folder: Path, port: int) -> str:
    """The gateway's configuration with all parts behind one local port and its files in `folder`."""
    text = re.sub(r"server [a-z-]+:8000", f"server 127.0.0.1:{port}", text)
    return re.sub(r"(?<= )/tmp/", f"{folder}/", text)


def nginx_test(text: str, folder: Path, port: int = 8000) -> str:
    """nginx's own complaint about a configuration, "" if it has none. Parts' names become this machine."""
    file = folder / "nginx.conf"
    file.write_text(on_this_machine(text, folder, port))
    done = subprocess.run(["nginx", "-t", "-q", "-e", "stderr", "-c", str(file)], capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else ""


def dockerfile(text: str) -> list[str]:
    """Hashes, another user than root, the import of the service, and nothing but the one service."""
    last = text[text.rindex("\nFROM ") :]
    wanted = {
        "--require-hashes": text.count("pip install") == text.count("--require-hashes") > 0,
        "a user in the last stage": re.search(r"^USER [1-9]\d*$", last, re.MULTILINE) is not None,
        "the import of every module": "image_imports.py" in last,
        "services only from the stage that removes the others": len(
            re.findall(r"^COPY (?!--from).*services", text, re.MULTILINE)
        )
        == 1
        and "services" not in re.sub(r"services\.", "", last.split("image_imports")[0]),
        "npm ci": "npm ci" in text and "npm install" not in text,
    }
    return [f"Dockerfile: missing: {what}" for what, there in wanted.items() if not there]


def main() -> int:
    """Prints what is wrong and what was not checked; 1 if something is wrong."""
    problems: list[str] = []

    def attempt(what: Callable[[], list[str]]) -> None:
        try:
            problems.extend(what())
        except RuntimeError as error:
            problems.append(str(error))

    if (kustomize := renderer()) is None:
        print("NOT CHECKED: overlays (names, references, network, topics): neither kubectl nor kustomize here")
    if (command := compose_command()) is None:
        print("NOT CHECKED: docker compose config: no compose here; its YAML is read instead")
    attempt(lambda: manifests(command=kustomize))
    attempt(lambda: rules.compose(compose_config(command=command), SERVICES))
    parts = list(compose_config()["services"])
    gateway = (ROOT / "deploy/compose/nginx.conf").read_text()
    problems += [f"gateway: {p}" for p in rules.gateway(gateway, parts, SERVICES)]
    config = yaml.safe_load((ROOT / "deploy/compose/collector.yaml").read_text())
    problems += [f"collector: {p}" for p in rules.collector(config, parts)]
    problems += dockerfile((ROOT / "Dockerfile").read_text())
    if shutil.which("nginx"):
        with tempfile.TemporaryDirectory() as folder:
            problems += [f"gateway: {complaint}" for complaint in [nginx_test(gateway, Path(folder))] if complaint]
    else:
        print("NOT CHECKED: nginx -t: no nginx here")
    print("NOT CHECKED: that the images can be built and pulled, and that engines accept all this (docs/adr)")
    for problem in problems:
        print(f"WRONG: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
