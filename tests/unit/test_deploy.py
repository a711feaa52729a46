"""The container files, and for each of their guards something broken that it must see."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import pytest

from deploy import check, reach, rules
from shared.events import SERVICES
from tests.fixtures.deploy import Break, Doc, target

RENDERER = check.renderer()


needs_renderer = pytest.mark.skipif(RENDERER is None, reason="neither kubectl nor kustomize on this machine")


@pytest.fixture(scope="module")
def rendered() -> list[Doc]:
    assert RENDERER is not None
    k8s = check.ROOT / "deploy/k8s"
    folders = [k8s / "platform", *(k8s / "overlays" / service for service in SERVICES)]
    return [doc for folder in folders for doc in check.render(folder, RENDERER)]


def one(docs: list[Doc], kind: str, name: str) -> Doc:
    return next(doc for doc in docs if doc["kind"] == kind and doc["metadata"]["name"] == name)


def broken(docs: list[Doc], kind: str, name: str, change: Break) -> list[Doc]:
    other = copy.deepcopy(docs)
    change(one(other, kind, name))
    return other


@needs_renderer
def test_the_manifests_hold() -> None:
    assert check.manifests(command=RENDERER) == []


def test_without_a_renderer_the_files_themselves_are_checked() -> None:
    assert check.manifests(command=None) == []


def test_every_service_has_its_overlay() -> None:
    overlays = {folder.name for folder in (check.ROOT / "deploy/k8s/overlays").iterdir()}
    assert overlays == set(SERVICES)


@needs_renderer
@pytest.mark.parametrize(
    ("kind", "name", "change", "complaint"),
    [
        ("Deployment", "intake-api", lambda d: d["spec"].update(replcas=2), "replcas"),
        ("NetworkPolicy", "deny-all", lambda d: d["spec"].update(policyTypes="Ingress"), "array"),
        ("KafkaUser", "intake-user", lambda d: acl(d).update(operation="Read"), "operation"),
        ("KafkaUser", "intake-user", lambda d: acl(d).update(operations=["Delete"]), "Delete"),
        ("KafkaTopic", "pathway", lambda d: d["spec"].update(replicas=1), "3 was expected"),
        ("KafkaNodePool", "nodes", lambda d: d["spec"]["storage"].update(type="ephemeral"), "jbod"),
        ("Kafka", "insieme", lambda d: d["spec"]["kafka"]["listeners"][0].update(tls=False), "True was exp"),
        ("Cluster", "intake-db", lambda d: d["spec"].update(instances=1), "minimum"),
        ("Cluster", "intake-db", lambda d: d.update(apiVersion="postgresql.cnpg.io/v2"), "no schema"),
    ],
)
def test_a_wrong_field_is_seen(rendered: list[Doc], kind: str, name: str, change: Break, complaint: str) -> None:
    doc = copy.deepcopy(one(rendered, kind, name))
    assert rules.schema([doc], check.custom_schemas()) == []
    change(doc)
    problems = rules.schema([doc], check.custom_schemas())
    assert len(problems) == 1
    assert complaint in problems[0]


def acl(user: Doc) -> Any:
    return user["spec"]["authorization"]["acls"][0]


def pod(doc: Doc) -> Any:
    return doc["spec"]["template"]["spec"]


def container(doc: Doc) -> Any:
    return pod(doc)["containers"][0]


@needs_renderer
@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: pod(d)["securityContext"].update(runAsUser=0), "not as root"),
        (lambda d: pod(d)["securityContext"].pop("seccompProfile"), "seccomp"),
        (lambda d: pod(d).pop("automountServiceAccountToken"), "token"),
        (lambda d: container(d)["securityContext"].update(allowPrivilegeEscalation=True), "escalation"),
        (lambda d: container(d)["securityContext"].update(capabilities={"add": ["NET_RAW"]}), "capabilities"),
        (lambda d: container(d)["securityContext"].pop("readOnlyRootFilesystem"), "read-only root"),
        (lambda d: container(d)["resources"].pop("limits"), "memory limit"),
        (lambda d: container(d)["resources"].pop("requests"), "requests"),
        (lambda d: container(d).pop("readinessProbe"), "probes"),
        (lambda d: container(d).update(image="insieme-intake:latest"), "fixed image"),
        (lambda d: container(d)["env"].append({"name": "DB_PASSWORD", "value": "amina"}), "secret"),
    ],
)
def test_a_loose_pod_is_seen(rendered: list[Doc], change: Break, complaint: str) -> None:
    problems = rules.restricted(broken(rendered, "Deployment", "intake-worker", change))
    assert len(problems) == 1
    assert complaint in problems[0]


@needs_renderer
@pytest.mark.parametrize(
    ("kind", "name", "change", "complaint"),
    [
        ("Deployment", "intake-api", lambda d: pod(d).update(serviceAccountName="root"), "ServiceAccount"),
        ("KafkaUser", "intake-user", lambda d: d["metadata"].update(name="luca"), "Secret intake-user"),
        ("Cluster", "intake-db", lambda d: d["metadata"].update(name="other"), "Secret intake-db-ca"),
        ("ConfigMap", "site", lambda d: d["metadata"].update(name="place"), "ConfigMap site"),
        ("Service", "intake-api", lambda d: d["spec"]["selector"].update(part="apy"), "selects no pod"),
    ],
)
def test_names_that_do_not_meet_are_seen(
    rendered: list[Doc], kind: str, name: str, change: Break, complaint: str
) -> None:
    problems = rules.references(broken(rendered, kind, name, change))
    assert any(complaint in problem for problem in problems)


@needs_renderer
@pytest.mark.parametrize(
    ("name", "change", "complaint"),
    [
        ("matching-to-own-database", lambda d: target(d).clear(), "matching-api reaches intake-db:5432"),
        ("intake-to-log", lambda d: d["spec"]["egress"][0].pop("to"), "intake-api reaches outside:9093"),
        ("intake-api-in", lambda d: d["spec"].update(ingress=[{}]), "outside reaches intake-api:8000"),
        ("intake-api-in", lambda d: d["spec"].update(ingress=[]), "gateway does not reach intake-api:8000"),
        ("traces", lambda d: d["spec"].update(egress=[]), "front does not reach collector:4318"),
    ],
)
def test_a_door_left_open_or_shut_is_seen(rendered: list[Doc], name: str, change: Break, complaint: str) -> None:
    docs = broken(rendered, "NetworkPolicy", name, change)
    if name == "matching-to-own-database":  # the other end has to leave its door open too
        docs = broken(docs, "NetworkPolicy", "intake-database", lambda d: d["spec"]["ingress"].append({}))
    assert any(problem.startswith(complaint) for problem in reach.trespasses(docs, SERVICES))


@needs_renderer
def test_a_pod_that_nobody_thought_of_reaches_nothing(rendered: list[Doc]) -> None:
    stranger, kafka = {"part": "stranger"}, reach.pods(rendered)["insieme-kafka"]
    assert not reach.reachable(rendered, stranger, kafka, 9093)
    assert not reach.reachable(rendered, stranger, reach.OUTSIDE, 443)
    undenied = [doc for doc in rendered if doc["metadata"]["name"] not in ("deny-all", "dns")]
    assert reach.reachable(undenied, stranger, reach.OUTSIDE, 443)
    listener = broken(undenied, "Kafka", "insieme", lambda d: listeners(d)[0].pop("networkPolicyPeers"))
    assert not reach.reachable(undenied, stranger, kafka, 9093)
    assert reach.reachable(listener, stranger, kafka, 9093)
    template = {"metadata": {"labels": stranger}, "spec": {}}
    job = {"kind": "Job", "metadata": {"name": "stranger"}, "spec": {"template": template}}
    assert reach.trespasses([*rendered, job], SERVICES) == ["stranger: nothing says what it may reach"]


def listeners(kafka: Doc) -> Any:
    return kafka["spec"]["kafka"]["listeners"]


@needs_renderer
def test_a_forgotten_name_is_seen(tmp_path: Path) -> None:
    shutil.copytree(check.ROOT / "deploy", tmp_path / "deploy")
    naming = tmp_path / "deploy/k8s/naming/kustomization.yaml"
    naming.write_text(naming.read_text().replace("          - spec.selector.matchLabels.service\n", "", 1))
    assert RENDERER is not None
    api = one(check.render(tmp_path / "deploy/k8s/overlays/intake", RENDERER), "Deployment", "intake-api")
    assert rules.placeholders(api) == [".spec.selector.matchLabels.service: SERVICE"]


@needs_renderer
def test_a_kustomization_that_does_not_render_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [nowhere.yaml]\n")
    assert RENDERER is not None
    with pytest.raises(RuntimeError, match="nowhere"):
        check.render(tmp_path, RENDERER)


@needs_renderer
def test_topics_and_rights_are_those_of_the_contracts(rendered: list[Doc]) -> None:
    fewer = broken(rendered, "KafkaTopic", "pathway", lambda d: d["spec"].update(partitions=6))
    assert check.topics(rendered) == []
    assert check.topics(fewer) == ["topic pathway: (6, 'delete', -1), elsewhere (12, 'delete', -1)"]
    shorter = broken(rendered, "KafkaTopic", "supply", lambda d: d["spec"]["config"].update({"retention.ms": 1}))
    assert check.topics(shorter) == ["topic supply: (3, 'delete', 1), elsewhere (3, 'delete', -1)"]
    assert "topic courses: only in one place" in check.topics(
        [d for d in rendered if d["metadata"]["name"] != "courses"]
    )
    write = {"resource": {"type": "topic", "name": "pathway"}, "operations": ["Write"]}
    forger = broken(rendered, "KafkaUser", "reporting-user", lambda d: d["spec"]["authorization"]["acls"].append(write))
    assert [problem.partition(":")[0] for problem in check.writers(forger)] == ["KafkaUser/reporting-user"]


@needs_renderer
def test_two_addresses_of_one_site_are_seen(rendered: list[Doc]) -> None:
    moved = broken(rendered, "ConfigMap", "site", lambda d: d["data"].update(INSIEME_BASE_URL="https://x.it"))
    assert check.addresses(rendered) == []
    assert len(check.addresses(moved)) == 1
