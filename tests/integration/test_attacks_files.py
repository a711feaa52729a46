"""Files that are not what they say: bombs, programs, pages with code, what hides behind a picture."""

from __future__ import annotations

import io
import zipfile

import pytest
from PIL import Image

from services.intake import files
from services.intake.domain import parameter
from services.intake.importing import table
from services.intake.importing.questionnaire import COLUMNS
from shared import clock
from shared.decisions import Refused


def picture(kind: str, size: tuple[int, int] = (8, 8)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, kind)
    return out.getvalue()


def bomb() -> bytes:
    """A workbook of some kilobytes that would be 200 MB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/worksheets/sheet1.xml", b"0" * 20_000_000)
    return out.getvalue()


def image_bomb() -> bytes:
    """A PNG of some bytes that says it is 60,000 pixels wide and high."""
    return picture("PNG").replace((8).to_bytes(4) + (8).to_bytes(4), (60_000).to_bytes(4) * 2, 1)


NO_FILE: dict[str, bytes] = {
    "nothing": b"", "a page": b"<html><script>alert(1)</script>", "a program": b"MZ\x90\x00" + b"\0" * 100,
    "a drawing with code": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "a GIF": b"GIF89a" + b"\0" * 50,
    "an archive": bomb(), "an image bomb": image_bomb(), "half a picture": picture("JPEG")[:200],
    "a PDF further on": b"junk" + b"%PDF-1.7", "a shell script": b"#!/bin/sh\nrm -rf /\n",
}  # fmt: skip


@pytest.mark.parametrize("how", NO_FILE)
def test_what_is_no_document_is_refused(how: str) -> None:
    assert isinstance(files.accepted(NO_FILE[how], clock.today()), Refused)


def test_what_is_too_large_is_refused_and_what_hides_behind_a_picture_goes() -> None:
    most = parameter("attachment_bytes", clock.today())
    assert isinstance(files.accepted(b"%PDF-" + b"x" * most, clock.today()), Refused)
    for kind in ("JPEG", "PNG"):
        kept = files.accepted(picture(kind) + b"PK\x03\x04<script>alert(1)</script>", clock.today())
        assert isinstance(kept, files.Kept), "the control: a picture is taken"
        assert b"script" not in kept.content
        assert b"PK\x03\x04" not in kept.content


@pytest.mark.parametrize("content", [bomb(), b"", b"\0" * 1000, picture("PNG"), b"\xd0\xcf\x11\xe0" + b"x" * 100])
def test_what_is_no_csv_is_refused_as_a_whole(content: bytes) -> None:
    with pytest.raises(table.NotReadable):
        table.read(content, COLUMNS)
