"""Who can reach whom, by the network policies alone: the small part of Kubernetes' rules that ours use.

A pod that some policy selects for a direction may only do there what one of those policies allows; a pod that
none selects may do everything. A connection needs both ends' consent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deploy.rules import Doc, templates

Labels = Mapping[str, str]
OUTSIDE: Labels = {"outside": "anywhere"}
"""A machine outside the namespace that no namespace selector of ours fits."""


def pods(docs: Sequence[Doc]) -> dict[str, Labels]:
    """Labels by name: of our workloads, and of those that the two operators will make."""
    found: dict[str, Labels] = {d["metadata"]["name"]: t["metadata"]["labels"] for d, t in templates(docs)}
    for doc in docs:
        name = doc["metadata"]["name"]
        if doc["kind"] == "Cluster":
            inherited = doc["spec"].get("inheritedMetadata", {}).get("labels", {})
            found[name] = {"cnpg.io/cluster": name, **inherited}
        if doc["kind"] == "Kafka":
            found[f"{name}-kafka"] = {"strimzi.io/cluster": name, "strimzi.io/name": f"{name}-kafka"}
    return found


def reachable(docs: Sequence[Doc], source: Labels, target: Labels, port: int) -> bool:
    """May a pod with the labels `source` open `port` of one with the labels `target`?"""
    policies = [doc["spec"] for doc in docs if doc["kind"] == "NetworkPolicy"]
    # Strimzi makes a policy of each listener's peers.
    policies += list(_listeners(docs))
    return _allows(policies, source, target, port, "Egress") and _allows(policies, target, source, port, "Ingress")


def _listeners(docs: Sequence[Doc]) -> Iterator[dict[str, Any]]:
    for doc in docs:
        for listener in doc["spec"]["kafka"]["listeners"] if doc["kind"] == "Kafka" else []:
            rule: dict[str, Any] = {"ports": [{"protocol": "TCP", "port": listener["port"]}]}
            if "networkPolicyPeers" in listener:
                rule["from"] = listener["networkPolicyPeers"]
            name = doc["metadata"]["name"]
            selector = {"matchLabels": {"strimzi.io/name": f"{name}-kafka"}}
            yield {"podSelector": selector, "policyTypes": ["Ingress"], "ingress": [rule]}


def _allows(policies: Sequence[Doc], pod: Labels, other: Labels, port: int, direction: str) -> bool:
    if pod is OUTSIDE:
        return True
    mine = [p for p in policies if direction in p["policyTypes"] and selects(p["podSelector"], pod)]
    if not mine:
        return True
    end = "to" if direction == "Egress" else "from"
    return any(
        (not rule.get("ports") or any(p["port"] == port for p in rule["ports"]))
        and (not rule.get(end) or any(_peer(peer, other) for peer in rule[end]))
        for policy in mine
        for rule in policy.get(direction.lower(), [])
    )


def _peer(peer: Doc, other: Labels) -> bool:
    # Other namespaces are those of the operators, of DNS and of the ingress controller: no pod of ours.
    return other is not OUTSIDE and "namespaceSelector" not in peer and selects(peer["podSelector"], other)


def selects(selector: Doc, labels: Labels) -> bool:
    """Kubernetes' label selector, with the one operator that we use."""
    for expression in selector.get("matchExpressions", []):
        if expression["operator"] != "In":
            raise ValueError(f"operator {expression['operator']} is not understood here")
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()


PORTS = (443, 4318, 5432, 8000, 8080, 8081, 9000, 9093)


def trespasses(docs: Sequence[Doc], services: Sequence[str]) -> list[str]:
    """Who reaches what it need not, and who does not reach what it must."""
    everybody = pods(docs)
    must = _must(services)
    problems = [f"{name}: nothing says what it may reach" for name in everybody if name not in must]
    for name, targets in must.items():
        source = everybody.get(name)
        if source is None:
            problems.append(f"{name}: missing")
            continue
        can = {
            f"{other}:{port}"
            for other, target in [*everybody.items(), ("outside", OUTSIDE)]
            for port in PORTS
            if other != name and reachable(docs, source, target, port)
        }
        problems += [f"{name} reaches {target}" for target in sorted(can - targets)]
        problems += [f"{name} does not reach {target}" for target in sorted(targets - can)]
        problems += [f"outside reaches {name}:{port}" for port in PORTS if reachable(docs, OUTSIDE, source, port)]
    return problems


def _must(services: Sequence[str]) -> dict[str, set[str]]:
    apis, workers = {f"{s}-api:8000" for s in services}, {f"{s}-worker:9000" for s in services}
    must = {
        "gateway": apis | {"front:8000"},
        "front": {"collector:4318"},
        "collector": apis | workers | {"front:8000"},
        # The entity operator, which has the brokers' label, needs the Kubernetes API.
        "insieme-kafka": {"outside:443"},
        "reporting-streams": {"insieme-kafka:9093"},
    }
    for service in services:
        own = {f"{service}-db:5432", "insieme-kafka:9093", "collector:4318"}
        must |= {f"{service}-api": own, f"{service}-worker": own}
        must |= {f"{service}-migrate": {f"{service}-db:5432"}, f"{service}-db": {"outside:443"}}
    return must
