"""What people wrote in docs/privacy/*.yaml, as it must be: an unknown word there is an error, not silence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

PRIVACY = Path(__file__).parents[1] / "privacy"
TestName = str
"""`file::test`, from the root of the repository."""


class Written(BaseModel):
    """Anything that somebody wrote."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Controller(Written):
    """Who decides about the data, still to be confirmed by the partners."""

    who: str
    role: str


class Processing(Written):
    """What a service processes personal data for."""

    purpose: str
    basis: str
    people: str
    recipients: str


class Kind(Written):
    """A kind of sealed text; `until`: codes of retention rules or names of parameters, or in `words` what else."""

    what: str
    special: bool
    until: tuple[str, ...]
    words: str | None = None


class TopicEntry(Written):
    """What of people stands in a topic."""

    data: str
    special: bool


class Register(Written):
    """registro.yaml."""

    controllers: tuple[Controller, ...]
    to_confirm: tuple[str, ...]
    transfers: str
    services: dict[str, Processing]
    kinds: dict[str, dict[str, Kind]]
    profiles: dict[str, str]
    topics: dict[str, TopicEntry]
    tables: dict[str, str]
    machines: dict[str, str]


class Measure(Written):
    """What is done against risks, and the tests that show it."""

    what: str
    tests: tuple[TestName, ...] = Field(min_length=1)


class Necessity(Written):
    """A question of necessity or proportionality."""

    question: str
    answer: str


Level = tuple[int, int]
"""Likelihood and severity, from 1 to 4."""


class Risk(Written):
    """A risk for people, before and after the measures."""

    what: str
    harm: str
    before: Level
    after: Level
    measures: tuple[str, ...] = Field(min_length=1)
    note: str

    @model_validator(mode="after")
    def _measured(self) -> Risk:
        if not all(1 <= one <= 4 for one in (*self.before, *self.after)):
            raise ValueError("likelihood and severity go from 1 to 4")
        if any(after > before for before, after in zip(self.before, self.after, strict=True)):
            raise ValueError("a measure does not make a risk greater")
        return self


class Assessment(Written):
    """dpia.yaml."""

    why: str
    necessity: tuple[Necessity, ...]
    ai_act: str
    measures: dict[str, Measure]
    risks: tuple[Risk, ...]
    open: tuple[str, ...]


class Elsewhere(Written):
    """A period that no rule in the code keeps."""

    what: str
    how_long: str
    who: str


class Retention(Written):
    """conservazione.yaml."""

    terms: dict[str, str]
    not_retention: tuple[str, ...]
    elsewhere: tuple[Elsewhere, ...]


class Threat(Written):
    """A threat (STRIDE) with its measures and tests, or why it is accepted or open."""

    kind: Literal["S", "T", "R", "I", "D", "E"]
    what: str
    measures: tuple[str, ...] = ()
    tests: tuple[TestName, ...] = ()
    accepted: str | None = None
    open: str | None = None

    @model_validator(mode="after")
    def _answered(self) -> Threat:
        if not (self.measures or self.tests or self.accepted or self.open):
            raise ValueError(f"«{self.what}» has neither measure nor test, and nobody says why")
        return self


class Element(Written):
    """A part of the system that may be attacked."""

    element: str
    threats: tuple[Threat, ...] = Field(min_length=1)


class Threats(Written):
    """minacce.yaml."""

    assumptions: tuple[str, ...]
    elements: tuple[Element, ...]


@dataclass(frozen=True)
class Papers:
    """All that people wrote."""

    register: Register
    assessment: Assessment
    retention: Retention
    threats: Threats


One = TypeVar("One", bound=Written)


def _read(folder: Path, name: str, model: type[One]) -> One:
    return model.model_validate(yaml.safe_load((folder / f"{name}.yaml").read_text()))


def read(folder: Path = PRIVACY) -> Papers:
    """The four files. Raises pydantic.ValidationError where one is not what it should be."""
    return Papers(
        register=_read(folder, "registro", Register), assessment=_read(folder, "dpia", Assessment),
        retention=_read(folder, "conservazione", Retention), threats=_read(folder, "minacce", Threats),
    )  # fmt: skip
