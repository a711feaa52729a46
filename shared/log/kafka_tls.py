"""Kafka over TLS, each client with a certificate of its own.

Three files named by the environment, as Strimzi and cert-manager hand them out: KAFKA_SSL_CAFILE (whom we trust),
KAFKA_SSL_CERTFILE and KAFKA_SSL_KEYFILE (who we are). None of them set: plain text, on loopback or a private net.
"""

from __future__ import annotations

import os
import ssl
from typing import Any

VARIABLES = ("KAFKA_SSL_CAFILE", "KAFKA_SSL_CERTFILE", "KAFKA_SSL_KEYFILE")


def files() -> tuple[str, str, str] | None:
    """The three files; None without TLS. Raises SystemExit, in Italian, where only some are named."""
    ca, certificate, key = (os.environ.get(name, "") for name in VARIABLES)
    if not (ca or certificate or key):
        return None
    missing = [name for name in VARIABLES if not os.environ.get(name)]
    if missing:
        raise SystemExit(f"Per parlare con Kafka in TLS manca {', '.join(missing)}.")
    return ca, certificate, key


def context() -> ssl.SSLContext | None:
    """What Python's clients need: the broker's name is checked against its certificate."""
    found = files()
    if found is None:
        return None
    ca, certificate, key = found
    made = ssl.create_default_context(cafile=ca)
    made.load_cert_chain(certificate, key)
    return made


def for_aiokafka() -> dict[str, Any]:
    """Arguments for aiokafka's clients."""
    made = context()
    return {} if made is None else {"security_protocol": "SSL", "ssl_context": made}


def for_librdkafka() -> dict[str, str]:
    """Settings for librdkafka's clients."""
    found = files()
    if found is None:
        return {}
    ca, certificate, key = found
    return {
        "security.protocol": "ssl",
        "ssl.ca.location": ca,
        "ssl.certificate.location": certificate,
        "ssl.key.location": key,
    }
