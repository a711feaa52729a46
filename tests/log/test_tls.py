"""A broker that wants certificates: who has one reads and writes, who has none or another's is turned away."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.local import kafka
from deploy.local.process import Unavailable, free_port
from shared.log import LogUnavailable, Message, Topic, kafka_tls
from shared.log.kafka import KafkaLog
from tests.fixtures.parts import without_kafka

pytestmark = pytest.mark.kafka


def called(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """A certificate authority of one test."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(self.key, name, name, authority=True)
        self.file = folder / f"{name}.crt"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, key: ec.EllipticCurvePrivateKey, subject: str, issuer: str, authority: bool) -> x509.Certificate:
        now = datetime.now(UTC)
        loopback = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        builder = (
            x509.CertificateBuilder()
            .subject_name(called(subject))
            .issuer_name(called(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(loopback, critical=False)
        )
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, name: str) -> tuple[Path, Path]:
        """Certificate and key files of somebody."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate, secret = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        signed = self._sign(key, name, self.name, authority=False)
        certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, secret


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"), "insieme")


@pytest.fixture(scope="module")
def secured(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a broker's listener that asks for certificates."""
    port, plain, controller = free_port(), free_port(), free_port()
    data = tmp_path_factory.mktemp("kafka-tls") / "data"
    data.mkdir()
    (data / "controller.port").write_text(str(controller))
    certificate, key = authority.issue("broker")
    both = data / "broker.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    more = f"""
listeners=PLAINTEXT://127.0.0.1:{plain},SSL://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},SSL://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SSL:SSL,CONTROLLER:PLAINTEXT
ssl.keystore.type=PEM
ssl.keystore.location={both}
ssl.truststore.type=PEM
ssl.truststore.location={authority.file}
ssl.client.auth=required
"""
    try:
        broker = kafka.start(data, port=plain, more=more)
    except Unavailable as reason:
        without_kafka(str(reason))
    try:
        yield f"127.0.0.1:{port}"
    finally:
        broker.stop()


def present(monkeypatch: pytest.MonkeyPatch, ca: Path, certificate: Path, key: Path) -> None:
    for name, file in zip(kafka_tls.VARIABLES, (ca, certificate, key), strict=True):
        monkeypatch.setenv(name, str(file))


async def test_who_has_a_certificate_writes_and_reads(
    secured: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    present(monkeypatch, authority.file, *authority.issue("intake"))
    log = KafkaLog(secured)
    try:
        await log.create_topics([Topic("tls", 1)])
        await log.append("tls", 0, [Message(key=b"amina", value=b"{}", headers=(), timestamp_ms=0)])
        assert [record.key for record in await log.read("tls", 0, 0, 10)] == [b"amina"]
        assert await log.identity("tls")
    finally:
        await log.stop()


async def test_who_has_none_is_turned_away(secured: str) -> None:
    log = KafkaLog(secured, patience=3)
    with pytest.raises(LogUnavailable):
        await log.start()
    with pytest.raises(LogUnavailable):
        await log.create_topics([Topic("plain", 1)])
    await log.stop()


async def test_a_certificate_of_another_authority_is_turned_away(
    secured: str, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    present(monkeypatch, authority.file, *Authority(tmp_path, "stranger").issue("intake"))
    log = KafkaLog(secured, patience=3)
    with pytest.raises(LogUnavailable):
        await log.start()
    await log.stop()


async def test_a_broker_of_another_authority_is_not_believed(
    secured: str, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    present(monkeypatch, Authority(tmp_path, "stranger").file, *authority.issue("intake"))
    log = KafkaLog(secured, patience=3)
    with pytest.raises(LogUnavailable):
        await log.start()
    await log.stop()


def test_half_a_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_SSL_CAFILE", "/run/kafka/ca.crt")
    with pytest.raises(SystemExit, match="manca KAFKA_SSL_CERTFILE, KAFKA_SSL_KEYFILE"):
        kafka_tls.files()
