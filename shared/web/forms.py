"""Forms: from what was typed to a pydantic model, or to one Italian sentence a field with everything kept."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin
from uuid import UUID, uuid4

from pydantic import BaseModel, BeforeValidator, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from shared.decisions import Refused
from shared.web import sessions
from shared.web.problems import Problem
from shared.web.sentences import sentence

M = TypeVar("M", bound=BaseModel)
OWN = frozenset({"csrf", "form_token", "shown"})
UPLOAD = 10 * 1024 * 1024
ITALIAN_DATE = re.compile(r"^\s*(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\s*$")
ISO_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True)
class Errors:
    """What does not fit: field -> Italian sentence ("" is the form as a whole), and the values as typed."""

    sentences: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.sentences[name]

    def __contains__(self, name: object) -> bool:
        return name in self.sentences

    def __iter__(self) -> Iterator[str]:
        return iter(self.sentences)

    def __len__(self) -> int:
        return len(self.sentences)


def parse_euros(value: object) -> object:
    """ "1.234,56", "1234,5" or "1234.56" as cents; anything else as it is, for the type to refuse."""
    if not isinstance(value, str):
        return value
    text = value.replace("€", "").replace("\N{NO-BREAK SPACE}", "").replace(" ", "")
    if "," in text:
        text = text.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{3})+", text):
        text = text.replace(".", "")
    match = re.fullmatch(r"(-?)([0-9]{1,13})(?:\.([0-9]{1,2}))?", text)
    if match is None:
        return value
    cents = int(match[2]) * 100 + int((match[3] or "").ljust(2, "0"))
    return -cents if match[1] else cents


Euros = Annotated[int, BeforeValidator(parse_euros)]
"""An amount typed in euros, kept in cents. Put limits around it: Annotated[Euros, Field(gt=0)]."""


class _Form:
    """`await form(request, Model)`; then `form.token(request)` and `form.shown(request)`."""

    async def __call__(self, request: Request, model: type[M]) -> M | Errors:
        """The form as the model, or what does not fit. Always checks the CSRF token.

        Raises Problem: 403 where the form is not of this session, 422 where its hidden fields are damaged.
        """
        typed = await request.form(max_part_size=UPLOAD, max_fields=2000)
        request.state.uploads = [v for _, v in typed.multi_items() if isinstance(v, UploadFile)]
        check_csrf(request, typed.get("csrf"))
        request.state.form_token = _uuid(typed.get("form_token"))
        request.state.form_shown = _version(typed.get("shown"))
        request.state.typed = _as_typed(typed)
        translate: Callable[[str], str] = getattr(request.state, "translate", str)
        refused = translate("Il testo contiene caratteri non ammessi.")
        nul = {name: refused for name, value in typed.multi_items() if "\0" in str(value)}
        if nul:
            return Errors(nul, request.state.typed)
        try:
            return model.model_validate(_prepare(typed, model))
        except ValidationError as error:
            sentences: dict[str, str] = {}
            for one in error.errors(include_url=False):
                sentences.setdefault(str(one["loc"][0]) if one["loc"] else "", sentence(one, translate))
            return Errors(sentences, request.state.typed)

    def token(self, request: Request) -> UUID:
        """The form's own token, the same however often it is sent: the cause of what it records."""
        token: UUID = request.state.form_token
        return token

    def shown(self, request: Request) -> int | None:
        """The version of the stream that the form showed, for the stale page."""
        shown: int | None = request.state.form_shown
        return shown


form = _Form()


def check_csrf(request: Request, given: object) -> None:
    """Raises Problem 403 unless `given` is the token of this session (or of this visit, before sign-in)."""
    session = getattr(request.state, "session", None)
    binding = session.id if session else request.cookies.get(sessions.VISIT, "")
    if not binding or not isinstance(given, str) or not sessions.csrf_ok(binding, given):
        raise Problem(
            403,
            "csrf",
            "Il modulo non è più valido, perché la sessione è cambiata. Torna indietro, ricarica la pagina e riprova.",
        )


def _uuid(text: object) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        raise Problem(422, "form_token", "Il modulo è incompleto: ricarica la pagina e riprova.") from None


def _version(text: object) -> int | None:
    if text in (None, ""):
        return None
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{1,9}", text):
        raise Problem(422, "shown", "Il modulo è incompleto: ricarica la pagina e riprova.")
    return int(text)


def _as_typed(typed: FormData) -> dict[str, Any]:
    """Text fields as they were typed, lists where a name came more than once; files cannot be given back."""
    values: dict[str, Any] = {}
    for name in typed.keys() - OWN:
        texts = [v for v in typed.getlist(name) if isinstance(v, str)]
        if texts:
            values[name] = texts if len(texts) > 1 else texts[0]
    return values


def _kinds(annotation: Any) -> frozenset[type]:
    """The plain types an annotation is made of: `list[str] | None` -> {list, NoneType}."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kinds(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return frozenset().union(*(_kinds(part) for part in get_args(annotation)))
    kind = origin or annotation
    return frozenset({kind}) if isinstance(kind, type) else frozenset()


def _prepare(typed: FormData, model: type[BaseModel]) -> dict[str, Any]:
    """Form values in the shape the model expects; what was left empty is None or, if it must be there, absent."""
    values: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        key = info.alias or name
        kinds = _kinds(info.annotation)
        given = [one for one in (_clean(v, kinds) for v in typed.getlist(key)) if one is not None]
        if kinds & {list, tuple, set, frozenset}:
            if given or info.is_required():
                values[key] = given
        elif given:
            values[key] = given[-1]
        elif info.is_required() and bool in kinds:
            values[key] = False
        elif info.is_required() and type(None) in kinds:
            values[key] = None
    return values


def _clean(value: str | UploadFile, kinds: frozenset[type]) -> object:
    if isinstance(value, UploadFile):
        return value if value.filename else None
    text = value.replace("\r\n", "\n").strip()
    if not text:
        return None
    if date in kinds:
        match = ITALIAN_DATE.match(text)
        if match:
            return f"{match[3]}-{int(match[2]):02}-{int(match[1]):02}"
        if not ISO_DATE.match(text):
            return "?"  # pydantic would read digits as seconds since 1970
    return text


class FormState:
    """What the form macros of one page share: the form being written, and the one that was sent and refused.

    On a page with many forms, values and errors belong to the one whose `action` is this request's path.
    """

    def __init__(self, request: Request, errors: Errors | Refused | None, values: Mapping[str, Any]) -> None:
        self._path = request.url.path if request.method == "POST" else None
        self._state = request.state
        self._initial = values
        self._typed: Mapping[str, Any] = getattr(request.state, "typed", {}) if errors is not None else {}
        self.refused = errors if isinstance(errors, Refused) else None
        self.sentences: dict[str, str] = {}
        if isinstance(errors, Errors):
            self.sentences = errors.sentences
            self._typed = errors.values or self._typed
        elif errors is not None and errors.field:
            self.sentences = {errors.field: errors.sentence}
        self._failed = errors is not None
        self._mine = self._failed
        self._count = 0
        self.labels: dict[str, str] = {}

    def open(self, action: str | None = None) -> str:
        """Begins a form; without an action it is taken for the one that was sent."""
        self._count += 1
        path = (action or "").split("?")[0]
        self._mine = self._failed and (not path or path == self._path)
        return ""

    def close(self) -> str:
        """Ends a form."""
        self._mine = self._failed
        return ""

    def id(self, name: str) -> str:
        """The id of a field: plain in the form that was sent, so that the summary can point at it."""
        return name if self._mine or not self._count else f"f{self._count}-{name}"

    def call(self, name: str, label: str) -> str:
        """The label, kept for the summary of what does not fit."""
        if self._mine:
            self.labels[name] = label
        return label

    def error(self, name: str) -> str:
        """The sentence about a field, if any."""
        return self.sentences.get(name, "") if self._mine else ""

    def value(self, name: str, given: object = None) -> Any:
        """What the field shows: as typed, else as given, else the page's `values`, else nothing."""
        if self._mine and self._typed:
            return self._typed.get(name, "")
        value = given if given is not None else self._initial.get(name)
        if value is None:
            return ""
        return value.isoformat() if isinstance(value, (date, datetime)) else value

    def chosen(self, name: str, code: object, given: object = None) -> bool:
        """Whether a choice is taken."""
        value = self.value(name, given)
        if isinstance(value, (list, tuple, set, frozenset)):
            return str(code) in {str(one) for one in value}
        return str(value) == str(code)

    def token(self) -> str:
        """A token of its own for each form; the same again for one that was refused."""
        kept = getattr(self._state, "form_token", None) if self._mine else None
        return str(kept or uuid4())

    def shown(self, version: int | None) -> str:
        """The version to send back: as it was first shown, until the reader was told that it is stale."""
        kept = getattr(self._state, "form_shown", None) if self._mine else None
        if kept is not None and not (self.refused and self.refused.code == "stale_page"):
            return str(kept)
        return "" if version is None else str(version)
