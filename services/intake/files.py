"""Files that people bring: what they are is read from their bytes, and a photograph is drawn anew.

A photograph is decoded and written again as JPEG or PNG: nothing of the file as it came is kept, so neither the
place where it was taken (EXIF) nor anything that hides behind the image. A PDF is kept as it is and only ever given
back as a download.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date

import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

from services.intake.domain import parameter
from shared.decisions import Refused

PIXELS = 60_000_000
"""More than any phone's photograph; less than what would fill the memory."""
PDF = b"%PDF-"
ENDINGS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
REFUSED = "Il file non è un PDF, un JPEG, un PNG o un HEIC: scegline un altro, oppure fotografa il documento."

pillow_heif.register_heif_opener()


@dataclass(frozen=True, slots=True)
class Kept:
    """What goes into the vault."""

    media_type: str
    content: bytes


def accepted(content: bytes, on: date) -> Kept | Refused:
    """The file as it is kept, or why not. Takes up to seconds for a large photograph: run it in a thread."""
    most = parameter("attachment_bytes", on)
    if not content:
        return Refused("file_empty", "Il file è vuoto: scegline un altro.", "file")
    if len(content) > most:
        return Refused("file_large", f"Il file è troppo grande: al massimo {most / 1_000_000:.1f} MB.", "file")
    if content.startswith(PDF):
        return Kept("application/pdf", content)
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "HEIF")) as image:
            if image.width * image.height > PIXELS:
                return Refused("file_large", "La fotografia è troppo grande: riducila e riprova.", "file")
            return _drawn_anew(image)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return Refused("file_type", REFUSED, "file")


def _drawn_anew(image: Image.Image) -> Kept:
    """The picture alone, upright, without what the camera wrote beside it."""
    as_png = image.format == "PNG"
    upright = ImageOps.exif_transpose(image)
    plain = upright.convert("RGBA" if as_png and "A" in upright.getbands() else "RGB")
    out = io.BytesIO()
    clean = Image.new(plain.mode, plain.size)
    clean.paste(plain)
    if as_png:
        clean.save(out, "PNG")
        return Kept("image/png", out.getvalue())
    clean.save(out, "JPEG", quality=88)
    return Kept("image/jpeg", out.getvalue())
