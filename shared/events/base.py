"""What every contract is made of: a frozen fact with a stable type, an integer version and one topic.

A fact is published once and kept for ever, so its class can only grow: an additive field with a default
needs nothing; a rename, a split or a newly required field bumps `VERSION` and brings an upcaster from the
version before; a changed meaning is a new type. `check_chains` fails at import where an upcaster is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from operator import attrgetter
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

SERVICES = ("intake", "matching", "training", "enterprise", "reporting")

Id = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"),
]
"""A random identifier (a UUID in lower case): it says nothing about what it names."""
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$")]
"""A word of a published vocabulary, or the id of an account: never free text."""
Cents = Annotated[int, Field(ge=0, le=10**12)]
"""An amount of money in euro cents."""
Reference = Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{36}:[0-9]{1,9}:[0-9a-f]{64}$")]
"""Points to one version of a vault row and binds its text: `<row id>:<version>:<commitment>`
(HMAC-SHA-256, hex). It proves the text unchanged while the row lives and gives nothing away after."""

Motive = Literal["wrong_person", "never_started", "wrong_date", "wrong_contract", "wrong_value", "duplicate", "other"]


class Event(BaseModel):
    """A fact. Unknown fields are ignored, so that an older reader survives a newer writer."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1
    TOPIC: ClassVar[str]
    SUBJECT: ClassVar[str]
    """The field whose value is the stream, the CloudEvents subject and the Kafka key."""
    SOURCES: ClassVar[frozenset[str]]
    """The services that may emit it: its owner alone, but for the operations' notices."""
    ENDS: ClassVar[bool] = False
    """Whether it ends its stream: after it the store takes nothing more there, but about the ending itself."""

    on: date = Field(description="Civil date (Europe/Rome) on which the fact happened.")

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        if "TYPE" not in cls.__dict__:
            return  # an abstract base, like Correction
        if cls.TYPE in REGISTRY:
            raise TypeError(f"two contracts are called {cls.TYPE}")
        if cls.SUBJECT not in cls.model_fields:
            raise TypeError(f"{cls.TYPE}: the subject {cls.SUBJECT} is not a field")
        if "SOURCES" not in cls.__dict__:
            cls.SOURCES = frozenset({cls.TYPE.split(".", 1)[0]})
        # Looked up by every reader several times a fact: in C, without a look at SUBJECT each time.
        setattr(cls, "subject", property(attrgetter(cls.SUBJECT)))  # noqa: B010 (mypy would not let it be assigned)
        REGISTRY[cls.TYPE] = cls

    @property
    def subject(self) -> str:
        """The stream this fact belongs to, which is also its key in the log."""
        value: str = getattr(self, self.SUBJECT)
        return value


REGISTRY: dict[str, type[Event]] = {}
Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
_upcasters: dict[tuple[str, int], Upcaster] = {}


def upcasts(type_: type[Event], from_version: int) -> Callable[[Upcaster], Upcaster]:
    """Registers the pure function that turns the data of `from_version` into those of the next version."""

    def register(function: Upcaster) -> Upcaster:
        _upcasters[type_.TYPE, from_version] = function
        return function

    return register


def check_chains() -> None:
    """Raises TypeError where a published version could no longer be read."""
    for type_ in REGISTRY.values():
        for version in range(1, type_.VERSION):
            if (type_.TYPE, version) not in _upcasters:
                raise TypeError(f"{type_.TYPE}: no upcaster from version {version}")


class UnknownType(Exception):
    """No contract of that name: from its rightful source it is ignored and counted."""


class NewerVersion(Exception):
    """The fact was written by a newer platform than this one: the reader must be upgraded."""


def load(type_name: str, version: int, data: bytes | str) -> Event:
    """Reads a fact from its wire form, through the upcasters where it is of an older version.

    Raises UnknownType, NewerVersion, or ValueError (pydantic's ValidationError is one) where the data do not fit.
    """
    contract = REGISTRY.get(type_name)
    if contract is None:
        raise UnknownType(type_name)
    if version == contract.VERSION:
        event: Event = contract.__pydantic_validator__.validate_json(data)  # what model_validate_json would ask
        return event
    if version > contract.VERSION:
        raise NewerVersion(f"{type_name} v{version}, known up to v{contract.VERSION}")
    if version < 1:
        raise ValueError("versions count from 1")  # whatever a header says, a reader must be able to park it
    try:
        values = _json_object(data)
        for step in range(version, contract.VERSION):
            values = _upcasters[type_name, step](values)
    except (LookupError, TypeError, AttributeError, RecursionError) as error:  # an upcaster, over what never was one
        raise ValueError(f"not the data of {type_name} v{version}") from error
    return contract.model_validate(values)


def load_values(type_name: str, version: int, values: dict[str, Any]) -> Event:
    """The same as `load`, from values that were already parsed (a corrected fact carries its original so)."""
    contract = REGISTRY.get(type_name)
    if contract is None:
        raise UnknownType(type_name)
    for step in range(version, contract.VERSION):
        values = _upcasters[type_name, step](values)
    return contract.model_validate(values)


def _json_object(data: bytes | str) -> dict[str, Any]:
    import json

    values = json.loads(data)
    if not isinstance(values, dict):
        raise ValueError("the data of a fact are a JSON object")
    return values


class Correction(Event):
    """A fact was recorded wrongly: it is cancelled, or replaced by `corrected`; nothing is overwritten.

    It carries the wrong fact as it was recorded, so that any reader can undo it without looking it up.
    One subclass per owner and topic, since an event has exactly one topic.
    """

    SUBJECT: ClassVar[str] = "subject_id"

    subject_id: Code = Field(description="The stream of the corrected fact.")
    fact_id: Id = Field(description="Event id of the corrected fact.")
    fact_type: Code = Field(description="Type of the corrected fact.")
    fact_version: int = Field(ge=1, description="Contract version of `fact` and `corrected`.")
    fact: dict[str, JsonValue] = Field(description="The data of the corrected fact, as recorded.")
    corrected: dict[str, JsonValue] | None = Field(
        description="The data that hold instead, of the same type; nothing if the fact is cancelled."
    )
    motive: Motive = Field(description="Why.")

    def original(self) -> Event:
        """The wrong fact."""
        return load_values(self.fact_type, self.fact_version, dict(self.fact))

    def replacement(self) -> Event | None:
        """What holds instead; None if the fact was cancelled."""
        if self.corrected is None:
            return None
        return load_values(self.fact_type, self.fact_version, dict(self.corrected))
