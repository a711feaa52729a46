"""What must hold for the container files: functions from parsed documents to sentences about what is wrong.

Pure: `deploy/check.py` reads files and calls tools. Each rule has its negative control in tests/unit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jsonschema
import kubernetes_validate

Doc = Mapping[str, Any]
CORE = re.compile(r"^(v1|apps/v1|batch/v1|policy/v1|[a-z.]+\.k8s\.io/v1)$")
SECRET_NAME = re.compile(r"password|secret|token|key$", re.IGNORECASE)


def label(doc: Doc) -> str:
    """`Kind/name`, for messages."""
    return f"{doc['kind']}/{doc['metadata']['name']}"


def schema(docs: Sequence[Doc], custom: Mapping[str, Doc]) -> list[str]:
    """Against Kubernetes' own schemas (strict: no unknown field) and ours for custom resources."""
    problems = []
    for doc in docs:
        kind = f"{doc['apiVersion']}/{doc['kind']}"
        if CORE.match(doc["apiVersion"]):
            try:
                kubernetes_validate.validate(doc, kubernetes_validate.latest_version(), strict=True)
            except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
                problems.append(f"{label(doc)}: {str(error).splitlines()[0]}")
        elif kind not in custom:
            problems.append(f"{label(doc)}: no schema for {kind}")
        else:
            errors = jsonschema.Draft202012Validator(custom[kind]).iter_errors(doc)
            problems += [f"{label(doc)}: {error.json_path}: {error.message}" for error in errors]
    return problems


def templates(docs: Sequence[Doc]) -> Iterator[tuple[Doc, Doc]]:
    """Each workload with its pod template."""
    for doc in docs:
        if doc["kind"] in ("Deployment", "Job"):
            yield doc, doc["spec"]["template"]


def restricted(docs: Sequence[Doc]) -> list[str]:
    """Pods as the `restricted` standard wants them; no token, a read-only root, limits, probes."""
    problems = []
    for doc, template in templates(docs):
        pod = template["spec"]
        security = pod.get("securityContext", {})
        wanted = {
            "not as root": security.get("runAsNonRoot") is True and security.get("runAsUser", 0) > 0,
            "seccomp": security.get("seccompProfile") == {"type": "RuntimeDefault"},
            "no token of the Kubernetes API": pod.get("automountServiceAccountToken") is False,
        }
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            inner, resources = container.get("securityContext", {}), container.get("resources", {})
            wanted |= {
                "no escalation": inner.get("allowPrivilegeEscalation") is False,
                "no capabilities": inner.get("capabilities") == {"drop": ["ALL"]},
                "read-only root": inner.get("readOnlyRootFilesystem") is True,
                "requests": {"cpu", "memory"} <= resources.get("requests", {}).keys(),
                "memory limit": "memory" in resources.get("limits", {}),
                "fixed image": _fixed(container["image"]),
                "no secret in its settings": not any(
                    SECRET_NAME.search(e["name"]) and not e.get("value", "/").startswith(("/", "$"))
                    for e in container.get("env", [])
                ),
            }
            if doc["kind"] == "Deployment":
                wanted["probes"] = {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()
        problems += [f"{label(doc)}: missing: {what}" for what, there in wanted.items() if not there]
    return problems


def _fixed(image: str) -> bool:
    return image in ("insieme-service", "insieme-streams") or (":" in image and not image.endswith(":latest"))


def placeholders(value: object, path: str = "") -> list[str]:
    """Where a rendered document still says SERVICE instead of the service's name."""
    if isinstance(value, Mapping):
        entry = {"name", "value"} <= value.keys()  # an environment variable may be called SERVICE
        return [
            problem
            for key, inner in value.items()
            if not (entry and key == "name")
            for problem in placeholders(inner, f"{path}.{key}")
        ]
    if isinstance(value, list):
        return [p for index, inner in enumerate(value) for p in placeholders(inner, f"{path}.{index}")]
    return [f"{path}: {value}"] if isinstance(value, str) and re.match(r"SERVICE(-|$)", value) else []


def references(docs: Sequence[Doc]) -> list[str]:
    """Names that must meet: ConfigMaps, accounts, selectors of Services and budgets, operators' Secrets."""
    problems = []
    names = {(doc["kind"], doc["metadata"]["name"]) for doc in docs}
    made = {name for kind, name in names if kind == "KafkaUser"}
    made |= {f"{name}-{end}" for kind, name in names if kind == "Cluster" for end in ("app", "ca")}
    made |= {f"{name}-cluster-ca-cert" for kind, name in names if kind == "Kafka"}
    pods = [template["metadata"]["labels"] for _, template in templates(docs)]
    for doc, template in templates(docs):
        pod = template["spec"]
        if (account := pod.get("serviceAccountName")) and ("ServiceAccount", account) not in names:
            problems.append(f"{label(doc)}: no ServiceAccount {account}")
        for volume in pod.get("volumes", []):
            secret, config = (
                volume.get("secret", {}).get("secretName"),
                volume.get("configMap", {}).get("name"),
            )
            # Only what the operator of the site makes by hand ends in -secrets.
            if secret and secret not in made and not secret.endswith("-secrets"):
                problems.append(f"{label(doc)}: nobody makes the Secret {secret}")
            if config and ("ConfigMap", config) not in names:
                problems.append(f"{label(doc)}: no ConfigMap {config}")
        for container in pod["containers"]:
            for source in container.get("envFrom", []):
                if ("ConfigMap", source["configMapRef"]["name"]) not in names:
                    problems.append(f"{label(doc)}: no ConfigMap {source['configMapRef']['name']}")
    for doc in docs:
        if doc["kind"] in ("Service", "PodDisruptionBudget"):
            selector = doc["spec"]["selector"]
            wanted = selector.get("matchLabels", selector)
            if not any(wanted.items() <= labels.items() for labels in pods):
                problems.append(f"{label(doc)}: selects no pod")
    return problems


def write_rights(docs: Sequence[Doc]) -> dict[str, set[str]]:
    """The topics that each Kafka user may write."""
    return {
        doc["metadata"]["name"]: {
            acl["resource"]["name"]
            for acl in doc["spec"]["authorization"]["acls"]
            if acl["resource"]["type"] == "topic" and "Write" in acl["operations"]
        }
        for doc in docs
        if doc["kind"] == "KafkaUser"
    }


def compose(config: Doc, services: Sequence[str]) -> list[str]:
    """The compose file: loopback ports, secrets by file, health, hardening, three parts per service."""
    problems = []
    parts: Mapping[str, Doc] = config["services"]
    for name in [f"{service}-{part}" for service in services for part in ("migrate", "api", "worker")]:
        if name not in parts:
            problems.append(f"{name}: missing")
    for name, part in parts.items():
        once = name == "topics" or name.endswith("-migrate")
        wanted = {
            "ports on loopback only": all(_loopback(port) for port in part.get("ports", [])),
            "no published port but the gateway's": name == "gateway" or not part.get("ports"),
            "a health check": once or name in UNWATCHED or "healthcheck" in part,
            "a fixed image": part["image"].startswith("insieme-") or _fixed_tag(part["image"]),
            "no-new-privileges": "no-new-privileges:true" in part.get("security_opt", []),
            "no secret in its settings": not any(
                SECRET_NAME.search(key) and not str(value).startswith("/run/secrets/")
                for key, value in (part.get("environment") or {}).items()
            ),
        }
        if part["image"].startswith("insieme-"):
            wanted |= {
                "a read-only root": part.get("read_only") is True,
                "no capabilities": part.get("cap_drop") == ["ALL"],
                "not as root": not str(part.get("user", "0")).startswith("0"),
            }
        problems += [f"{name}: missing: {what}" for what, there in wanted.items() if not there]
    problems += [f"secret {name}: not a file" for name, s in config["secrets"].items() if "file" not in s]
    return problems


UNWATCHED = ("collector", "reporting-streams")
"""The collector's image holds no program that could ask; Faust ends when it cannot go on, and restarts."""


def _loopback(port: object) -> bool:
    if isinstance(port, Mapping):
        return port.get("host_ip") == "127.0.0.1"
    return str(port).startswith("127.0.0.1:")


def _fixed_tag(image: str) -> bool:
    return bool(re.search(r":\d", image))


def gateway(text: str, parts: Sequence[str], services: Sequence[str]) -> list[str]:
    """nginx's configuration: a way to every service, each to a part that exists, no queries in the logs."""
    problems = [
        f"no way to /{service}/"
        for service in services
        if f"location /{service}/" not in text or f"server {service}-api:8000" not in text
    ]
    upstreams = re.findall(r"server ([a-z-]+):\d+", text)
    problems += [f"unknown part {name}" for name in upstreams if name not in parts]
    logged = re.search(r"log_format.*?;", text, re.DOTALL)
    personal = (
        "$request ",
        "$request_uri",
        "$args",
        "$remote_addr",
        "$http_referer",
        "$http_user_agent",
        "$query_string",
    )
    if logged is None or any(variable in logged.group() for variable in personal):
        problems.append("the access log would hold personal data")
    if not re.search(r"^error_log \S+ (crit|alert|emerg);", text, re.MULTILINE):
        problems.append("the error log would quote queries")
    return problems


def collector(config: Doc, parts: Sequence[str]) -> list[str]:
    """The collector's configuration: what pipelines and targets name exists, personal data is taken out."""
    problems = []
    for name, pipeline in config["service"]["pipelines"].items():
        for group in ("receivers", "processors", "exporters"):
            problems += [f"{name}: no {group} {x}" for x in pipeline[group] if x not in config[group]]
        if not any(processor.startswith("attributes/") for processor in pipeline["processors"]):
            problems.append(f"{name}: personal data is not taken out")
    problems += [f"no extension {x}" for x in config["service"]["extensions"] if x not in config["extensions"]]
    for job in config["receivers"]["prometheus"]["config"]["scrape_configs"]:
        for target in (name for found in job["dns_sd_configs"] for name in found["names"]):
            if target not in parts:
                problems.append(f"unknown target {target}")
    return problems
