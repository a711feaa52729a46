"""The container files, and for each of their guards something broken that it must see."""

from __future__ import annotations

import copy
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import check, make_secrets, reach, rules
from shared.events import SERVICES

Doc = dict[str, Any]
Break = Callable[[Doc], object]
RENDERER = check.renderer()
needs_renderer = pytest.mark.skipif(RENDERER is None, reason="neither kubectl nor kustomize on this machine")
needs_nginx = pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx on this machine")
GATEWAY = (check.ROOT / "deploy/compose/nginx.conf").read_text()
COLLECTOR: Doc = yaml.safe_load((check.ROOT / "deploy/compose/collector.yaml").read_text())
DOCKERFILE = (check.ROOT / "Dockerfile").read_text()


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


def target(policy: Doc) -> Any:
    return policy["spec"]["egress"][0]["to"][0]["podSelector"]


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


@pytest.mark.parametrize("command", [None, check.compose_command()])
def test_compose_holds(command: list[str] | None) -> None:
    assert rules.compose(check.compose_config(command=command), SERVICES) == []


@pytest.mark.parametrize(
    ("part", "change", "complaint"),
    [
        ("gateway", lambda p: p.update(ports=["8080:8080"]), "loopback"),
        ("postgres", lambda p: p.update(ports=["127.0.0.1:5432:5432"]), "no published port"),
        ("kafka", lambda p: p.pop("healthcheck"), "health check"),
        ("kafka", lambda p: p.update(image="apache/kafka:latest"), "fixed image"),
        ("postgres", lambda p: p["environment"].update(POSTGRES_PASSWORD="luca"), "no secret"),
        ("intake-api", lambda p: p.update(user="0:0"), "not as root"),
        ("intake-api", lambda p: p.update(read_only=False), "read-only root"),
        ("intake-api", lambda p: p.pop("cap_drop"), "no capabilities"),
        ("collector", lambda p: p.update(security_opt=[]), "no-new-privileges"),
    ],
)
def test_a_loose_container_is_seen(part: str, change: Break, complaint: str) -> None:
    config = copy.deepcopy(check.compose_config())
    change(config["services"][part])
    problems = rules.compose(config, SERVICES)
    assert len(problems) == 1
    assert complaint in problems[0]


def test_a_forgotten_part_and_a_secret_in_the_file_are_seen() -> None:
    config = check.compose_config()
    assert "catering-api: missing" in rules.compose(config, [*SERVICES, "catering"])
    config["secrets"]["insieme"] = {"environment": "INSIEME"}
    assert rules.compose(config, SERVICES) == ["secret insieme: not a file"]


def test_compose_and_make_up_run_the_same_kafka_and_postgres() -> None:
    from deploy.local import kafka, postgres

    parts = check.compose_config()["services"]
    assert parts["kafka"]["image"] == kafka.IMAGE
    assert parts["postgres"]["image"] == postgres.IMAGE


def test_compose_itself_refuses_a_wrong_file(tmp_path: Path) -> None:
    command = check.compose_command()
    if command is None:
        pytest.skip("no compose on this machine")
    text = (check.ROOT / "docker-compose.yml").read_text()
    (tmp_path / "docker-compose.yml").write_text(text.replace("intake-migrate: *done", "intake-migrat: *done"))
    with pytest.raises(RuntimeError, match="intake-migrat"):
        check.compose_config(tmp_path, command)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("location /training/", "location /trainin/", "no way to /training/"),
        ("server intake-api:8000", "server intake-apy:8000", "unknown part intake-apy"),
        ('"path":"$uri"', '"path":"$request_uri"', "personal data"),
        ("error_log /dev/stderr crit", "error_log /dev/stderr error", "quote queries"),
    ],
)
def test_a_wrong_gateway_is_seen(old: str, new: str, complaint: str) -> None:
    parts = list(check.compose_config()["services"])
    assert rules.gateway(GATEWAY, parts, SERVICES) == []
    assert old in GATEWAY
    assert any(complaint in problem for problem in rules.gateway(GATEWAY.replace(old, new), parts, SERVICES))


def test_a_wrong_collector_is_seen() -> None:
    parts = list(check.compose_config()["services"])
    assert rules.collector(COLLECTOR, parts) == []
    wrong = copy.deepcopy(COLLECTOR)
    wrong["service"]["pipelines"]["traces"] = {"receivers": ["otlq"], "processors": [], "exporters": ["debug"]}
    wrong["service"]["extensions"] = ["nothing"]
    assert rules.collector(wrong, [part for part in parts if part != "front"]) == [
        "traces: no receivers otlq",
        "traces: personal data is not taken out",
        "no extension nothing",
        "unknown target front",
    ]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("--require-hashes", "", "--require-hashes"),
        ("USER 10001", "", "a user"),
        ("image_imports.py", "nothing.py", "import of every module"),
        ("npm ci", "npm install", "npm ci"),
        ("\nEXPOSE 8000 9000", "\nCOPY services services\nEXPOSE 8000 9000", "services only"),
    ],
)
def test_a_wrong_dockerfile_is_seen(old: str, new: str, complaint: str) -> None:
    assert check.dockerfile(DOCKERFILE) == []
    assert old in DOCKERFILE
    assert any(complaint in problem for problem in check.dockerfile(DOCKERFILE.replace(old, new)))


def image(folder: Path, service: str, text: str) -> subprocess.CompletedProcess[str]:
    """What the Dockerfile's stages leave of a small tree, and the step that imports it."""
    for name in ("shared", "services/intake", "services/matching"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "__init__.py").write_text("")
    (folder / "services/__init__.py").write_text("")
    (folder / "services/__main__.py").write_text("raise SystemExit('the launcher')")
    (folder / "services/intake/pages.py").write_text(text)
    lines = [line for line in DOCKERFILE.splitlines() if line.startswith("RUN find services")]
    environment = {"PATH": os.environ["PATH"], "SERVICE": service, "PYTHONDONTWRITEBYTECODE": "1"}
    for line in lines:
        subprocess.run(["sh", "-c", line.removeprefix("RUN ")], cwd=folder, env=environment, check=True)
    step = [sys.executable, str(check.ROOT / "deploy/image_imports.py"), service]
    return subprocess.run(step, cwd=folder, env=environment, capture_output=True, text=True)


def test_an_image_holds_one_service_and_a_forbidden_import_fails_its_build(tmp_path: Path) -> None:
    allowed = image(tmp_path / "allowed", "intake", "import shared\n")
    assert (allowed.returncode, allowed.stdout) == (0, "intake: 3 modules imported\n")
    assert not (tmp_path / "allowed/services/matching").exists()
    forbidden = image(tmp_path / "forbidden", "intake", "import services.matching\n")
    assert forbidden.returncode != 0
    assert "No module named 'services.matching'" in forbidden.stderr
    front = image(tmp_path / "front", "front", "import services.matching\n")
    assert (front.returncode, front.stdout) == (0, "front: 1 modules imported\n")
    assert sorted(p.name for p in (tmp_path / "front/services").iterdir()) == ["__init__.py"]


def test_secrets_are_made_once_and_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "compose"
    make_secrets.make(folder)
    first = {file.name: file.read_text() for file in folder.iterdir()}
    make_secrets.make(folder)
    assert first.keys() == {"secrets.json", "postgres_password"}
    assert {file.name: file.read_text() for file in folder.iterdir()} == first
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


class Behind(http.server.BaseHTTPRequestHandler):
    """Stands behind the gateway and answers with the path that it was asked for."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{self.path} {self.headers['X-Forwarded-Proto']} {self.headers['Host']}".encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The real nginx with the real configuration; every part is one small server. Address and access log."""
    behind = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Behind)
    threading.Thread(target=behind.serve_forever, daemon=True).start()
    port, log, errors = free_port(), tmp_path / "access.log", tmp_path / "error.log"
    text = check.on_this_machine(GATEWAY, tmp_path, int(behind.server_address[1]))
    text = text.replace("listen 8080", f"listen 127.0.0.1:{port}")
    text = text.replace("listen 8081", f"listen 127.0.0.1:{free_port()}")
    text = text.replace("/dev/stdout", str(log)).replace("/dev/stderr", str(errors))
    if os.getuid() == 0:
        text = f"user root;\n{text}"  # the test's folder is for its owner only
    (tmp_path / "nginx.conf").write_text(text)
    # A group of processes is not enough: nginx as daemon would leave it.
    command = ["nginx", "-e", str(errors), "-c", str(tmp_path / "nginx.conf"), "-g", "daemon off;"]
    process = subprocess.Popen(command)
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except ConnectionRefusedError:
                assert process.poll() is None, errors.read_text()
                assert time.monotonic() < deadline
        yield f"http://127.0.0.1:{port}", log
    finally:
        process.terminate()
        process.wait(10)
        behind.shutdown()
        behind.server_close()


@needs_nginx
def test_the_gateway_takes_the_prefix_off_and_keeps_probes_and_queries_to_itself(
    gateway: tuple[str, Path],
) -> None:
    address, log = gateway

    def get(path: str) -> str:
        with urllib.request.urlopen(f"{address}{path}", timeout=5) as answer:
            return str(answer.read().decode())

    host = address.removeprefix("http://")
    assert get("/") == f"/ http {host}"
    assert get("/sign-in?next=/intake/") == f"/sign-in?next=/intake/ http {host}"
    assert get("/static/bootstrap-italia.min.css").startswith("/static/bootstrap-italia.min.css ")
    for service in SERVICES:
        assert get(f"/{service}/people/1?q=Amina").startswith("/people/1?q=Amina http ")
    for path in ("/metrics", "/readyz", "/intake/livez", "/reporting/metrics"):
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            get(path)
        refused.value.close()
    assert '"path":"/intake/people/1","status":200' in log.read_text()
    assert "Amina" not in log.read_text()


@needs_nginx
def test_nginx_itself_accepts_the_configuration_and_refuses_a_wrong_one(tmp_path: Path) -> None:
    assert check.nginx_test(GATEWAY, tmp_path) == ""
    assert "prox_pass" in check.nginx_test(GATEWAY.replace("proxy_pass", "prox_pass", 1), tmp_path)
