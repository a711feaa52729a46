"""The directory: who works in the programme, as what and for whom. No person of the programme is named here."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel
from starlette.responses import RedirectResponse

from services.intake import forms, labels
from services.intake.commands import accounts as commands
from services.intake.pages.exporting import Filing, filing, list_file
from services.intake.views.accounts import open_cases, work_of
from shared import clock
from shared.decisions import Refused
from shared.store import Store
from shared.web import sessions
from shared.web.acts import Act, Ids, page_routes
from shared.web.app import get_store
from shared.web.desk_labels import DISABLED_WHY, ORGANISATION_KINDS
from shared.web.directory import Known
from shared.web.facts import label_of
from shared.web.labels import DISTRICTS
from shared.web.pages import Column, Errors, page, safe_path
from shared.web.problems import Problem
from shared.web.readers import Reader, anybody, may, organisations, requires, role_may, roles
from shared.web.sign_ins import Journal

router = APIRouter()
ACTION = "intake.accounts"
PEOPLE, BODIES = "/intake/utenti", "/intake/enti"
PER_PAGE = 50
ENTRY_SECONDS = int(sessions.IDLE.total_seconds())
ACCOUNT = Path(pattern=r"^u-[a-z0-9][a-z0-9_.-]{0,61}$")
ACCOUNTS = (
    Column("name", "Nome"),
    Column("account", "Utente"),
    Column("role", "Ruolo", labels=roles()),
    Column("organisation_name", "Ente"),
    Column("districts", "Distretti (nessuno: tutti)", labels=DISTRICTS),
    Column("active", "Attivo", "bool"),
    Column("open_cases", "Persone in carico", "int"),
)
ORGANISATIONS = (
    Column("name", "Ente"),
    Column("kind", "Tipo", labels=ORGANISATION_KINDS),
    Column("accounts", "Utenti attivi", "int"),
    Column("is_open", "Aperto", "bool"),
)
CODE = Path(pattern=r"^o-[a-z0-9][a-z0-9-]{0,59}$")


class AccountOut(BaseModel):
    """An account of the directory."""

    account: str
    name: str
    role: str
    organisation: str
    organisation_name: str
    districts: list[str]
    active: bool
    open_cases: int


class OrganisationOut(BaseModel):
    """An organisation of the directory, and how many active accounts work for it."""

    organisation: str
    name: str
    kind: str
    is_open: bool
    accounts: int


@dataclass(frozen=True)
class Book:
    """The directory as it is now, for its own pages: not the look of some seconds ago."""

    known: Known
    accounts: list[AccountOut]
    organisations: list[OrganisationOut]

    def open_organisations(self) -> dict[str, str]:
        """Code -> name."""
        return {one.organisation: one.name for one in self.organisations if one.is_open}


async def read_book(request: Request, store: Store) -> Book:
    """Reads it."""
    known: Known = await request.app.state.directory.again()
    async with store.read() as reading:
        cases = await open_cases(reading)
    bodies = {code: (row["kind"], row["is_open"]) for code, row in known.bodies.items()}
    if known.demo:
        bodies = {code: (one["kind"], True) for code, one in organisations().items()} | bodies
    people = [
        AccountOut(
            account=one.account, name=one.name, role=one.role, organisation=one.organisation_code,
            organisation_name=one.organisation, districts=list(one.districts), active=active,
            open_cases=cases[one.account],
        )
        for one, active in known.everybody()
    ]  # fmt: skip
    return Book(
        known,
        sorted(people, key=lambda one: (one.name.casefold(), one.account)),
        sorted(
            (
                OrganisationOut(
                    organisation=code, name=known.organisation_name(code), kind=kind, is_open=is_open,
                    accounts=sum(one.active and one.organisation == code for one in people),
                )
                for code, (kind, is_open) in bodies.items()
            ),
            key=lambda one: (not one.is_open, one.name.casefold()),
        ),
    )  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """The page's filters; empty ones leave all."""

    q: Annotated[str, Query(max_length=100)] = ""
    ente: Annotated[str, Query(max_length=64)] = ""
    ruolo: Annotated[str, Query(max_length=64)] = ""
    attivo: Literal["", "si", "no"] = ""


def _matching(book: Book, wanted: Wanted) -> list[AccountOut]:
    words = wanted.q.casefold().split()

    def fits(one: AccountOut) -> bool:
        said = f"{one.name} {one.account} {one.organisation_name}".casefold()
        return (
            all(word in said for word in words)
            and wanted.ente in ("", one.organisation)
            and wanted.ruolo in ("", one.role)
            and (not wanted.attivo or one.active == (wanted.attivo == "si"))
        )

    return [one for one in book.accounts if fits(one)]


def _common(book: Book) -> dict[str, Any]:
    return {
        "roles": roles(), "bodies": {one.organisation: one.name for one in book.organisations},
        "open_bodies": book.open_organisations(), "districts": DISTRICTS, "labels": labels,
        "kinds": ORGANISATION_KINDS, "whys": DISABLED_WHY,
    }  # fmt: skip


@router.get("/utenti")
async def people(
    request: Request,
    wanted: Annotated[Wanted, Depends()],
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
    reader: Reader = requires(ACTION),
    store: Store = Depends(get_store),
) -> Response:
    """Everybody, filtered."""
    book = await read_book(request, store)
    found = _matching(book, wanted)
    first = (number - 1) * PER_PAGE
    return page(
        request, "intake/accounts.html", title="Utenti", rows=found[first : first + PER_PAGE], total=len(found),
        number=number, count=-(-len(found) // PER_PAGE), only=book.known.only_listed,
        values=asdict(wanted), **_common(book),
    )  # fmt: skip


@router.get("/utenti/esporta")
async def people_file(wanted: Annotated[Wanted, Depends()], out: Filing = filing(ACTION)) -> Response:
    """The same list as a file."""
    found = _matching(await read_book(out.request, out.store), wanted)
    return await list_file(out, "utenti", ACCOUNTS, [one.model_dump() for one in found])


async def _new(request: Request, store: Store, errors: Errors | Refused | None = None) -> Response:
    book = await read_book(request, store)
    return page(
        request, "intake/account_new.html", title="Nuovo utente", errors=errors, trail=(("Utenti", PEOPLE),),
        **_common(book),
    )  # fmt: skip


@router.get("/utenti/nuovo")
async def new(request: Request, reader: Reader = requires(ACTION), store: Store = Depends(get_store)) -> Response:
    """The form for somebody who begins."""
    return await _new(request, store)


async def _one(
    request: Request, store: Store, reader: Reader, account: str, errors: Errors | Refused | None = None
) -> Response:
    book = await read_book(request, store)
    row = next((one for one in book.accounts if one.account == account), None)
    if row is None:
        raise Problem(404, "no_account", "Questo utente non c'è.")
    state, version = await store.state(commands.account_of(store, account))
    async with store.read() as reading:
        work = await work_of(reading, account, clock.today())
    story = [
        {
            "when": fact.event.on, "title": label_of(fact.meta.type).capitalize(), "text": _told(book, fact.event),
            "by": f"registrato da {book.known.name(fact.meta.actor)}",
        }
        for fact in reversed(await store.history(account))
    ]  # fmt: skip
    return page(
        request, "intake/account.html", title=row.name, errors=errors, trail=(("Utenti", PEOPLE),), row=row,
        state=state, shown=version, here=f"{PEOPLE}/{account}", work=work, story=story, own=account == reader.account,
        hands=[roles()[role] for role in roles() if role_may(role, "intake.hand_over")],
        may_hand_over=may(reader, "intake.hand_over"),
        districts_named=", ".join(DISTRICTS[one] for one in row.districts),
        values={"role": state.role, "organisation": state.organisation, "districts": state.districts}, **_common(book),
    )  # fmt: skip


def _told(book: Book, event: Any) -> str:
    parts: list[str] = []
    if getattr(event, "role", None):
        parts += [roles().get(event.role, event.role), book.known.organisation_name(event.organisation)]
        parts += [DISTRICTS[one] for one in event.districts]
    if getattr(event, "why", None):
        parts.append(DISABLED_WHY[event.why])
    return ", ".join(parts)


@router.get("/utenti/{account}")
async def one(
    request: Request,
    account: Annotated[str, ACCOUNT],
    reader: Reader = requires(ACTION),
    store: Store = Depends(get_store),
) -> Response:
    """One account, and what can be done with it."""
    return await _one(request, store, reader, account)


async def _bodies(request: Request, store: Store, errors: Errors | Refused | None = None) -> Response:
    book = await read_book(request, store)
    return page(
        request, "intake/organisations.html", title="Enti", errors=errors, rows=book.organisations, **_common(book)
    )


@router.get("/enti")
async def bodies(request: Request, reader: Reader = requires(ACTION), store: Store = Depends(get_store)) -> Response:
    """The organisations."""
    return await _bodies(request, store)


@router.get("/enti/esporta")
async def bodies_file(out: Filing = filing(ACTION)) -> Response:
    """The organisations as a file."""
    rows = [one.model_dump() for one in (await read_book(out.request, out.store)).organisations]
    return await list_file(out, "enti", ORGANISATIONS, rows)


async def _new_again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return await _new(request, store, errors)


async def _one_again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return await _one(request, store, reader, ids["account"], errors)


async def _bodies_again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return await _bodies(request, store, errors)


def _to_account(outcome: Any, _: Ids) -> str:
    return f"{PEOPLE}/{outcome.events[-1].event.subject}"


OPENED = (
    Act(words="Aggiunge un utente", action=ACTION, page="/utenti/nuovo", api="/accounts", to=_to_account,
        run=commands.open_account, model=forms.AccountForm),
)  # fmt: skip
CHANGED = tuple(
    Act(words=words, action=ACTION, page=f"/utenti/{{account}}/{there}", api=f"/accounts/{{account}}/{api}",
        to=PEOPLE + "/{account}", run=run, model=model, types={"account": Annotated[str, ACCOUNT]})
    for words, there, api, run, model in (
        ("Cambia ruolo, ente, distretti o nome di un utente", "modifica", "moves", commands.move_account,
         forms.MoveAccountForm),
        ("Disattiva un utente", "disattiva", "disabling", commands.disable_account, forms.DisableForm),
        ("Riattiva un utente", "riattiva", "enabling", commands.enable_account, None),
    )
)  # fmt: skip
BODY_ACTS = (
    Act(words="Aggiunge o riapre un ente", action=ACTION, page="/enti", api="/organisations", to=BODIES,
        run=commands.open_organisation, model=forms.OrganisationForm),
    Act(words="Chiude un ente", action=ACTION, page="/enti/{organisation}/chiudi",
        api="/organisations/{organisation}/closing", to=BODIES, run=commands.close_organisation,
        types={"organisation": Annotated[str, CODE]}),
)  # fmt: skip
page_routes(router, OPENED, _new_again)
page_routes(router, CHANGED, _one_again)
page_routes(router, BODY_ACTS, _bodies_again)
ACTS = OPENED + CHANGED + BODY_ACTS

api = APIRouter()


@api.get("/accounts")
async def accounts_json(
    request: Request, reader: Reader = requires(ACTION), store: Store = Depends(get_store)
) -> list[AccountOut]:
    """The accounts."""
    return (await read_book(request, store)).accounts


@api.get("/organisations")
async def organisations_json(
    request: Request, reader: Reader = requires(ACTION), store: Store = Depends(get_store)
) -> list[OrganisationOut]:
    """The organisations."""
    return (await read_book(request, store)).organisations


async def _nobody_in_particular() -> None:
    """Open to who has just signed in; it gives nothing but the way on."""


@router.get("/entrata", dependencies=[anybody(_nobody_in_particular)])
async def entrance(request: Request, next: str = "/", store: Store = Depends(get_store)) -> Response:
    """Where the front, which has no database, sends who has just signed in: the guard has looked at the directory, and
    the entry is written down."""
    barred = getattr(request.state, "barred", None)
    if barred is not None:
        raise Problem(403, barred.code, barred.sentence)
    session: sessions.Session | None = request.state.session
    if session is None:
        return RedirectResponse("/sign-in", 303)
    response = RedirectResponse(safe_path(next), 303)
    if not session.noted:
        await Journal(lambda: store).write(request, "in", session.reader)
        cookie = sessions.write(replace(session, noted=True))
        response.headers.append("set-cookie", sessions.cookie(sessions.COOKIE, cookie, ENTRY_SECONDS))
    return response
