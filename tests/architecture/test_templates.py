"""What a template may not do: the policy on scripts lets in only what carries the page's nonce."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(ROOT.glob("services/*/templates/**/*.html")) + sorted(ROOT.glob("shared/web/templates/*.html"))
INLINE = re.compile(r"\son[a-z]+=|\sstyle=\"|javascript:", re.IGNORECASE)


def barred(text: str) -> list[str]:
    """Scripts without nonce, and what runs or styles in place."""
    return [tag for tag in re.findall(r"<script[^>]*>", text) if 'nonce="{{ nonce }}"' not in tag] + [
        match[0] for match in INLINE.finditer(re.sub(r"\{%.*?%\}", "", text, flags=re.DOTALL))
    ]


def test_every_script_carries_the_nonce_and_nothing_runs_in_place() -> None:
    assert len(TEMPLATES) > 50
    assert {str(path.relative_to(ROOT)): found for path in TEMPLATES if (found := barred(path.read_text()))} == {}


def test_a_forgotten_nonce_would_be_noticed() -> None:
    assert barred('<script src="/static/x.js" defer></script>')
    assert barred('<a href="#" onclick="run()">')
    assert barred('<p style="color: red">')
