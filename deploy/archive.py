"""The archive of a backup: one tar file, complete and unaltered or refused, and the log's records in it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from shared import topics
from shared.events import PARTITIONS, SERVICES
from shared.log import Log, Message, TopicPartition

FORMAT = 2
"""1: the archive held the secrets itself; they are beside it since (deploy/archive_keys.py)."""
DATABASE, LOG, SECRETS, SCENARIO, MANIFEST = (
    "database.dump", "log.jsonl.gz", "secrets.json", "scenario.json", "manifest.json",
)  # fmt: skip
CHUNK = 2000
PLACES: list[TopicPartition] = [(topic.name, n) for topic in topics.TOPICS for n in range(topic.partitions)]


class Refused(Exception):
    """It cannot be done. The text is an Italian sentence."""


async def write_log(file: Path, log: Log, begins: dict[TopicPartition, int], ends: dict[TopicPartition, int]) -> int:
    count = 0
    with gzip.open(file, "wb", compresslevel=3) as out:
        for place in PLACES:
            offset = begins[place]
            while offset < ends[place]:
                found = await log.read(*place, offset, CHUNK)
                if not found:
                    break
                offset = found[-1].offset + 1
                for record in found:
                    if record.offset < ends[place]:
                        headers = [(name, _text(value)) for name, value in record.headers]
                        line = [*place, record.offset, record.timestamp_ms, _text(record.key), _text(record.value)]
                        out.write(orjson.dumps([*line, headers]) + b"\n")
                        count += 1
    return count


def read_log(file: Path) -> Iterator[tuple[TopicPartition, list[int], list[Message]]]:
    """The records in runs of one partition, in order, with the offsets they had."""
    place: TopicPartition | None = None
    offsets: list[int] = []
    run: list[Message] = []
    with gzip.open(file, "rb") as lines:
        for line in lines:
            topic, partition, offset, timestamp, key, value, headers = orjson.loads(line)
            if run and (place != (topic, partition) or len(run) == CHUNK):
                assert place is not None
                yield place, offsets, run
                offsets, run = [], []
            place = (topic, partition)
            offsets.append(offset)
            pairs = tuple((name, _bytes(of) or b"") for name, of in headers)
            run.append(Message(_bytes(key), _bytes(value), pairs, timestamp))
    if run and place is not None:
        yield place, offsets, run


async def already_there(log: Log, file: Path) -> dict[TopicPartition, int]:
    """How many records of each partition an earlier, broken-off restore has brought. Refuses a log with others."""
    foreign = Refused("Il registro contiene già altri record: un ripristino vuole un registro vuoto.")
    begins, ends = await log.begins(PLACES), await log.ends(PLACES)
    if any(begins[place] for place in PLACES):
        raise foreign
    there = dict.fromkeys(PLACES, 0)
    if any(ends.values()):
        for place, _, run in read_log(file):
            wanted = run[: max(0, ends[place] - there[place])]
            if wanted:
                found = await log.read(*place, there[place], len(wanted))
                if [Message(r.key, r.value, r.headers, r.timestamp_ms) for r in found] != wanted:
                    raise foreign
                there[place] += len(wanted)
        if there != ends:
            raise foreign
    return there


async def append(log: Log, file: Path, there: dict[TopicPartition, int]) -> bool:
    """Appends what is not there yet; whether records of facts have other offsets than they had."""
    shifted = False
    passed = dict.fromkeys(PLACES, 0)
    for place, offsets, run in read_log(file):
        skipped = min(len(run), max(0, there[place] - passed[place]))
        passed[place] += len(run)
        if run[skipped:]:
            first = await log.append(*place, run[skipped:], timeout=30)
            shifted |= place[0] in PARTITIONS and first != offsets[skipped]
    return shifted


def pack(folder: Path, names: list[str], file: Path) -> str:
    beside = file.with_name(file.name + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        with tarfile.open(fileobj=out, mode="w") as archive:
            for name in names:
                archive.add(folder / name, name, filter=_anonymous)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(file)
    return sha256(file)


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mode = 0o600
    return info


def unpack(file: Path, folder: Path, fingerprint: str | None) -> dict[str, Any]:
    """The manifest, with all files in the folder exactly as it says. Raises Refused."""
    broken = Refused(f"L'archivio {file} non è integro (troncato, alterato o di altro genere): nulla è stato toccato.")
    if fingerprint and file.exists() and sha256(file) != fingerprint.lower():
        raise Refused(f"L'impronta di {file} non è quella indicata: nulla è stato toccato.")
    try:
        with tarfile.open(file, "r:") as archive:
            for member in archive:
                known = member.name in (MANIFEST, DATABASE, LOG, SECRETS, SCENARIO)
                content = archive.extractfile(member) if known and member.isreg() else None
                if content is None:
                    raise broken
                with (folder / member.name).open("xb") as out:
                    shutil.copyfileobj(content, out)
        manifest: dict[str, Any] = orjson.loads((folder / MANIFEST).read_bytes())
        if not 1 <= manifest["format"] <= FORMAT:
            raise Refused("L'archivio è di una versione più nuova della piattaforma.")
        found = {one.name: sha256(one) for one in folder.iterdir() if one.name != MANIFEST}
        needed = {DATABASE, LOG} | ({SECRETS} if manifest["format"] == 1 else set())
        by_service = [manifest["facts"]] + ([manifest["generations"]] if manifest["format"] > 1 else [])
        complete = needed <= set(found) and all(set(one) == set(SERVICES) for one in by_service)
        if found != manifest["files"] or not complete:
            raise broken
        if sum(len(run) for _, _, run in read_log(folder / LOG)) != manifest["records"]:
            raise broken
    except FileNotFoundError:
        if not file.exists():
            raise Refused(f"Il file {file} non c'è.") from None
        raise broken from None
    except (tarfile.TarError, OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise broken from error
    return manifest


def write_private(file: Path, content: bytes) -> None:
    """Whole or not at all, mode 600; nothing where it says so already (a mounted Secret cannot be written)."""
    if file.exists() and file.read_bytes() == content:
        return
    beside = file.with_name(file.name + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(file)


def sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else base64.b64decode(value, validate=True)


@contextmanager
def workspace(beside: Path) -> Iterator[Path]:
    """A folder of mode 700 on the archive's own disk: there is room for it there."""
    with tempfile.TemporaryDirectory(prefix=".insieme-backup-", dir=beside) as name:
        yield Path(name)
