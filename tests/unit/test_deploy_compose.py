"""What make and Compose bring up: containers, gateway, collector, image, secrets."""

from __future__ import annotations

import copy
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from deploy import check, make_secrets, rules
from shared.events import SERVICES
from tests.fixtures.deploy import DOCKERFILE, GATEWAY, Behind, Break, Doc, free_port, image

needs_nginx = pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx on this machine")


COLLECTOR: Doc = yaml.safe_load((check.ROOT / "deploy/compose/collector.yaml").read_text())


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


def test_postgres_keeps_statements_out_of_its_log_wherever_it_runs() -> None:
    from deploy.local import postgres

    quiet = {"log_min_error_statement": "panic", "log_error_verbosity": "terse"}
    assert quiet.items() <= postgres.SETTINGS.items()
    assert {f"{name}={value}" for name, value in quiet.items()} <= set(
        check.compose_config()["services"]["postgres"]["command"]
    )
    cluster = yaml.safe_load((check.ROOT / "deploy/k8s/base/database.yaml").read_text())
    assert quiet.items() <= cluster["spec"]["postgresql"]["parameters"].items()


def test_the_provider_beside_compose_is_the_one_that_is_tried_and_no_more_open_than_the_rest() -> None:
    from deploy.local import keycloak

    beside = yaml.safe_load((check.ROOT / "docker-compose.keycloak.yml").read_text())
    part = beside["services"].pop("keycloak")
    assert part["image"] == f"keycloak/keycloak:{keycloak.VERSION}"
    assert all(port.startswith("127.0.0.1:") for port in part["ports"])
    words = json.dumps(part["environment"])
    assert not re.search(r"(PASSWORD|SECRET)\": \"(?!\$\{)", words), "no secret stands in the file"
    apis = {name for name in check.compose_config()["services"] if name.endswith("-api")} | {"front"}
    assert set(beside["services"]) == apis, "who answers people has to know the provider"


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
    first = {file.name: file.read_text() for file in folder.iterdir() if file.is_file()}
    make_secrets.make(folder)
    assert first.keys() == {"secrets.json", "postgres_password", "keycloak.env"}
    assert {file.name: file.read_text() for file in folder.iterdir() if file.is_file()} == first
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir() if file.is_file()} == {0o600}
    assert (folder / "keys").stat().st_mode & 0o777 == 0o700, "where the generations of master keys will be"


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
