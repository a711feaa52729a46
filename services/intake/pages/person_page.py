"""A page for the person: opened by a code from the operator; appointments, proposals, documents, rights.

SPID and CIE will open the same door: whoever proves to be the person gets the same cookie.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import RedirectResponse

from services.intake import labels, views
from services.intake.accesses import seen_by
from services.intake.commands import attachments
from services.intake.commands import person_page as commands
from services.intake.commands.person_page import Entered
from services.intake.domain import person_stream
from services.intake.domain.person_page import ANSWERABLE, RIGHTS
from services.intake.files import ENDINGS
from services.intake.forms import self_registration as forms
from services.intake.pages.public import Entering, Sending, Visit, Visitor, counted, go, preferred, show
from shared import clock
from shared.decisions import Refused
from shared.projection.aliases import group
from shared.store import Command, Store
from shared.web import sessions, signing
from shared.web.acts import NoForm
from shared.web.app import PUBLIC, get_store
from shared.web.labels import OCCUPATIONS
from shared.web.pages import Errors, form
from shared.web.problems import SENTENCES, Problem
from shared.web.readers import actions, roles

router = APIRouter()
COOKIE = "insieme-persona"
SECONDS = 20 * 60
N_ = str
TITLE = N_("La tua pagina")
RIGHT_WORDS = {
    "access": N_("Vedere i miei dati e averne copia (art. 15)"),
    "rectification": N_("Correggere i miei dati (art. 16)"),
    "restriction": N_("Limitare l'uso dei miei dati (art. 18)"),
    "objection": N_("Oppormi all'uso dei miei dati (art. 21)"),
    "erasure": N_("Cancellare i miei dati (art. 17)"),
    "portability": N_("Portare i miei dati altrove (art. 20)"),
}
RIGHT_ANSWERS = {
    "granted": N_("richiesta accolta"), "partly": N_("richiesta accolta in parte"),
    "refused": N_("richiesta non accolta: i motivi sono allo sportello"),
}  # fmt: skip
ANSWERS = {"accepted": N_("Mi interessa"), "declined": N_("Non mi interessa")}
PROPOSAL = {
    "shortlisted": N_("Pensiamo a te per questo lavoro"), "presented": N_("Sei stata/o presentata/o all'azienda"),
    "placed": N_("Assunta/o"),
}  # fmt: skip
OVER = N_("Proposta conclusa")
DOCUMENT = N_("Documento")
DOCUMENTS = {
    "cv": N_("Curriculum"), "identity_document": N_("Documento d'identità"), "permit": N_("Permesso di soggiorno"),
    "signed_plan": N_("Piano firmato"),
}  # fmt: skip
SEEN_DAYS = 30
MODES = {"in_person": N_("Di persona"), "phone": N_("Per telefono"), "video": N_("In video")}


@router.get("/mia")
async def choose(request: Request, _: None = counted) -> Response:
    """To the person's page in the browser's language."""
    return RedirectResponse(f"/intake/mia/{preferred(request)}", 303, {"vary": "accept-language"})


def _cookie(entered: Entered) -> str:
    values = {"person": entered.person_id, "code": entered.code_id}
    token = signing.sign("person", values, clock.now() + timedelta(seconds=SECONDS))
    return sessions.cookie(COOKIE, token, SECONDS)


async def _entered(request: Request, store: Store) -> Entered | None:
    """Who is in, if their code still opens the page: a revoked one closes it at once."""
    try:
        values = signing.unsign("person", request.cookies.get(COOKIE, ""))
    except signing.BadToken:
        return None
    entered = await commands.still_open(store, values["person"])
    return entered if entered is not None and entered.code_id == values["code"] else None


def _door(request: Request, visit: Visit, errors: Errors | Refused | None = None) -> Response:
    return show(request, visit, "enter", TITLE, errors=errors)


@router.get("/mia/{lang}")
async def own(request: Request, visit: Visitor, store: Store = Depends(get_store)) -> Response:
    """The person's page, or the form for the code."""
    entered = await _entered(request, store)
    return _door(request, visit) if entered is None else await _own(request, visit, store, entered)


@router.post("/mia/{lang}")
async def enter(request: Request, visit: Entering, store: Store = Depends(get_store)) -> Response:
    """The code is tried."""
    values = await form(request, forms.EnterForm)
    if isinstance(values, Errors):
        return _door(request, visit, values)
    entered = await commands.enter(store, Command(str(uuid4()), PUBLIC, clock.now()), values)
    if isinstance(entered, Refused):
        return _door(request, visit, entered)
    return go(visit, "", _cookie(entered))


async def _own(
    request: Request, visit: Visit, store: Store, entered: Entered, errors: Errors | Refused | None = None
) -> Response:
    person_id, on = entered.person_id, clock.today()
    person, shown = await store.state(person_stream(person_id))
    async with store.read() as reading:
        people = await group(reading, person_id)
        others = [await reading.row(views.OTHERS, one) for one in people]
        presentations: dict[str, Any] = {}
        for row in others:
            presentations |= row["presentations"] if row else {}
        work = await views.work(reading, list(presentations))
        appointments = await views.appointments_of(reading, person_id)
        identity = (await store.vault.latest(reading.conn, "identity", [person_id])).get(person_id) or {}
    states = [person] + [(await store.state(person_stream(one)))[0] for one in people if one != person_id]
    given = {vacancy: answer for state in states for vacancy, answer in state.own_page.answers.items()}
    proposals = [
        {
            "vacancy_id": vacancy_id, "on": known["on"], "answer": given.get(vacancy_id),
            "open": known["state"] in ANSWERABLE, "state": visit.say(PROPOSAL.get(known["state"], OVER)),
            "work": labels_of(visit, work.get(vacancy_id)),
        }
        for vacancy_id, known in sorted(presentations.items(), key=lambda item: item[1]["on"], reverse=True)
    ]  # fmt: skip
    looked = await seen_by(store, people, clock.now() - timedelta(days=SEEN_DAYS))
    return show(
        request, visit, "own", TITLE, errors=errors,
        looked=[
            {"day": one["day"], "organisation": one["organisation"], "role": roles().get(one["role"], one["role"]),
             "purposes": [actions().get(purpose, purpose) for purpose in one["purposes"]]}
            for one in looked
        ],
        shown=shown, name=identity.get("given_name", ""),
        proposals=proposals, on=on,
        requests=[
            (
                visit.say(RIGHT_WORDS[one.right]), one.due_on,
                visit.say(RIGHT_ANSWERS[one.outcome]) if one.outcome else "",
            )
            for state in states for one in state.rights.requests.values()
        ],
        documents=[
            {"id": one, "kind": visit.say(DOCUMENTS.get(added.kind, DOCUMENT)), "on": added.on}
            for state in states for one, added in state.identity.attachments.items()
        ],
        appointments=[one for one in appointments if one["state"] == "booked" and one["day"] >= on],
        modes={code: visit.say(words) for code, words in MODES.items()},
        rights={right: visit.say(RIGHT_WORDS[right]) for right in RIGHTS},
        answers={code: visit.say(words) for code, words in ANSWERS.items()},
    )  # fmt: skip


def labels_of(visit: Visit, work: dict[str, Any] | None) -> dict[str, str]:
    """A vacancy in words: the occupation (Italian, from ISCO-08) and the contract."""
    if work is None:
        return {"occupation": "", "contract": ""}
    contract = labels.CONTRACTS[work["contract"]]
    return {
        "occupation": OCCUPATIONS.get(work["occupation"][:2], ""),
        "contract": visit.say(contract),
    }


def _command(request: Request, entered: Entered) -> Command:
    cause = uuid5(NAMESPACE_URL, f"{form.token(request)} {entered.person_id} {request.scope['path']}")
    return Command(str(cause), PUBLIC, clock.now())


@router.get("/mia/{lang}/documenti/{attachment_id}")
async def document(
    request: Request, attachment_id: UUID, visit: Visitor, store: Store = Depends(get_store)
) -> Response:
    """One of the person's own documents, as a download."""
    entered = await _entered(request, store)
    if entered is None:
        return go(visit)
    async with store.read() as reading:
        people = await group(reading, entered.person_id)
    opened = [await attachments.opened(store, one, str(attachment_id)) for one in people]
    found = next(filter(None, opened), None)
    if found is None:
        raise Problem(404, "http_404", SENTENCES[404])
    kind, kept = found
    headers = {"content-disposition": f'attachment; filename="{kind}.{ENDINGS[kept.media_type]}"'}
    return Response(kept.content, media_type=kept.media_type, headers=headers)


@router.post("/mia/{lang}/proposte/{vacancy_id}")
async def answer(request: Request, vacancy_id: UUID, visit: Sending, store: Store = Depends(get_store)) -> Response:
    """The person says whether a proposed job interests them."""
    values = await form(request, forms.ProposalForm)
    entered = await _entered(request, store)
    if entered is None:
        return go(visit)
    if isinstance(values, Errors):
        return await _own(request, visit, store, entered, values)
    outcome = await commands.answer_proposal(
        store, _command(request, entered), entered.person_id, str(vacancy_id), values
    )
    if isinstance(outcome, Refused):
        return await _own(request, visit, store, entered, outcome)
    return go(visit, "#proposte")


@router.post("/mia/{lang}/diritti")
async def right(request: Request, visit: Sending, store: Store = Depends(get_store)) -> Response:
    """The person exercises a right over their data."""
    values = await form(request, forms.RightForm)
    entered = await _entered(request, store)
    if entered is None:
        return go(visit)
    if isinstance(values, Errors):
        return await _own(request, visit, store, entered, values)
    outcome = await commands.request_right(store, _command(request, entered), entered.person_id, values)
    if isinstance(outcome, Refused):
        return await _own(request, visit, store, entered, outcome)
    return go(visit, "#diritti")


@router.post("/mia/{lang}/esci")
async def leave(request: Request, visit: Visitor) -> Response:
    """Closes the page in this browser."""
    await form(request, NoForm)
    return go(visit, "", sessions.cookie(COOKIE, "", 0))
