"""What every long-running process of the platform sets once."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


def few_collections() -> None:
    """A batch or a request makes thousands of objects that all go at its end: collecting every 700 of them only
    walks what stays, again and again."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


@contextlib.contextmanager
def no_collections() -> Iterator[None]:
    """For work that keeps nearly all that it makes: each collection would walk all of it and find nothing."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
