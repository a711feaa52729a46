"""The public questionnaire: notice, three steps, summary, receipt; and a code to go on or to ask how it stands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import RedirectResponse

from services.intake import codes, human, labels, notice, questionnaire, tax_code, translations, views
from services.intake.commands import self_registration as commands
from services.intake.domain import parameter
from services.intake.domain.self_registration import answers_refused
from services.intake.forms import self_registration as forms
from services.intake.pages.public import (
    Asking,
    Beginning,
    Sending,
    Visit,
    Visitor,
    counted,
    go,
    labelled,
    preferred,
    show,
)
from shared import clock
from shared.decisions import Refused
from shared.projection import Row
from shared.store import Command, Store
from shared.web import sessions, signing
from shared.web.acts import NoForm
from shared.web.app import PUBLIC, get_store
from shared.web.pages import Errors, form
from shared.web.problems import SENTENCES, Problem

router = APIRouter()
COOKIE = "insieme-domanda"
SECONDS = 2 * 3600
N_ = str
"""Marks words for the catalogues where they are not yet said to anybody."""
TITLES = {1: N_("Chi sei"), 2: N_("Dove abiti e come trovarti"), 3: N_("Studio e lavoro")}
CALL_AT = {"any": N_("In qualsiasi momento"), "morning": N_("La mattina"), "afternoon": N_("Il pomeriggio")}
STATES = {
    "received": (N_("Ricevuta."), N_("Un operatore la leggerà presto.")),
    "in_contact": (
        N_("In contatto."),
        N_("Ti stiamo contattando, o lo faremo presto: rispondi anche ai numeri sconosciuti."),
    ),
    "appointment": (N_("Colloquio."), N_("C'è un appuntamento o un colloquio: segui le indicazioni dell'operatore.")),
    "closed": (N_("Chiusa."), N_("La domanda non è più in corso. Per parlarne vieni allo sportello.")),
}
UNKNOWN = Refused("no_code", "Questo codice non c'è, o è scaduto. Controlla di averlo scritto giusto.", "code")
GONE = Refused(
    "draft_gone", "Non troviamo il questionario aperto in questo browser: scrivi il tuo codice per riprenderlo."
)
INCOMPLETE = Refused("incomplete", "Manca ancora qualcosa: completa i passi prima di inviare.")
NO_CONTACT = Refused(
    "unreachable", "Lascia almeno un recapito, telefono o posta elettronica: serve per contattarti.", "phone"
)


def _draft_of(request: Request) -> str | None:
    try:
        return str(signing.unsign("questionnaire", request.cookies.get(COOKIE, ""))["id"])
    except (signing.BadToken, KeyError):
        return None


def _cookie(draft_id: str) -> str:
    token = signing.sign("questionnaire", {"id": draft_id}, clock.now() + timedelta(seconds=SECONDS))
    return sessions.cookie(COOKIE, token, SECONDS)


async def _open(request: Request, store: Store) -> questionnaire.Draft | None:
    """The draft that this browser has open."""
    draft_id = _draft_of(request)
    return await questionnaire.load(store, draft_id) if draft_id else None


@router.get("/domanda")
async def choose(request: Request, _: None = counted) -> Response:
    """To the questionnaire in the browser's language."""
    return RedirectResponse(f"/intake/domanda/{preferred(request)}", 303, {"vary": "accept-language"})


def _start(request: Request, visit: Visit, errors: Errors | Refused | None = None) -> Response:
    on = clock.today()
    return show(
        request, visit, "start", N_("Chiedi di partecipare"), errors=errors, notice=notice.in_force(on).version,
        days=parameter("questionnaire_days", on), weeks=parameter("first_contact_days", on) // 7,
        kept_months=parameter("contact_days", on) // 30, open_here=_draft_of(request) is not None,
    )  # fmt: skip


@router.get("/domanda/{lang}")
async def start(request: Request, visit: Visitor) -> Response:
    """What this is, the notice, and the beginning."""
    return _start(request, visit)


@router.post("/domanda/{lang}")
async def begin(request: Request, visit: Beginning, store: Store = Depends(get_store)) -> Response:
    """A draft is begun."""
    values = await form(request, forms.StartForm)
    if isinstance(values, Errors):
        return _start(request, visit, values)
    if (doubt := human.doubtful(values)) is not None:
        return _start(request, visit, doubt)
    version = notice.in_force(clock.today()).version
    draft = await questionnaire.begin(store, form.token(request), visit.csrf, visit.language, version)
    return go(visit, "/passo/1", _cookie(draft.id))


def _vocabularies(visit: Visit) -> dict[str, Any]:
    return {
        "sexes": labelled(visit, labels.SEXES), "countries": translations.countries(visit.language),
        "municipalities": labels.MUNICIPALITIES | {"outside": visit.say("Un altro comune")},
        "quartieri": labels.QUARTIERI | {"unknown": visit.say("Non lo so")},
        "spoken": translations.spoken(visit.language), "call_at": labelled(visit, CALL_AT),
        "education": labelled(visit, labels.EDUCATION), "channels": labelled(visit, labels.CHANNELS),
        "licences": labelled(visit, labels.LICENCES),
    }  # fmt: skip


def _step(
    request: Request, visit: Visit, store: Store, draft: questionnaire.Draft, number: int,
    errors: Errors | Refused | None = None,
) -> Response:  # fmt: skip
    return show(
        request, visit, f"step_{number}", TITLES[number], errors=errors, number=number, steps=len(forms.STEPS),
        values={"citizenship": tax_code.ITALY, "spoken": visit.language} | draft.values,
        code=codes.shown(questionnaire.code_of(store.vault, draft.id)), done=draft.steps, **_vocabularies(visit),
    )  # fmt: skip


def _known(number: int) -> int:
    if not 1 <= number <= len(forms.STEPS):
        raise Problem(404, "http_404", SENTENCES[404])
    return number


@router.get("/domanda/{lang}/passo/{number}")
async def step(request: Request, number: int, visit: Visitor, store: Store = Depends(get_store)) -> Response:
    """One step of the questionnaire; never one further than the first that is not done."""
    _known(number)
    draft = await _open(request, store)
    if draft is None:
        return go(visit, "/ricevuta" if _draft_of(request) else "/codice")
    if number > draft.steps + 1:
        return go(visit, f"/passo/{draft.steps + 1}")
    return _step(request, visit, store, draft, number)


def _fits(values: Any) -> Refused | None:
    """What of a step can be refused without knowing anybody."""
    on = clock.today()
    if isinstance(values, forms.WhoForm):
        return answers_refused(values.birth_date, None, on)
    if isinstance(values, forms.WhereForm):
        if values.phone is None and values.email is None:
            return NO_CONTACT
        return answers_refused(None, values.municipality, on)
    return None


@router.post("/domanda/{lang}/passo/{number}")
async def keep(request: Request, number: int, visit: Visitor, store: Store = Depends(get_store)) -> Response:
    """The answers of a step are kept."""
    values = await form(request, forms.STEPS[_known(number) - 1])
    draft = await _open(request, store)
    if draft is None:
        return go(visit, "/ricevuta" if _draft_of(request) else "/codice")
    if isinstance(values, Errors):
        return _step(request, visit, store, draft, number, values)
    if (refused := _fits(values)) is not None:
        return _step(request, visit, store, draft, number, refused)
    answers = values.model_dump(mode="json")
    if isinstance(values, forms.WhereForm) and values.municipality != "037006":
        answers["quartiere"] = None
    elif isinstance(values, forms.WhereForm) and values.quartiere is None:
        answers["quartiere"] = "unknown"
    if not await questionnaire.save(store, draft.id, answers | {"language": visit.language}, number):
        return go(visit, "/ricevuta")
    done = max(draft.steps, number)
    return go(visit, "/riepilogo" if done == len(forms.STEPS) else f"/passo/{number + 1}")


def _summary(
    request: Request, visit: Visit, store: Store, draft: questionnaire.Draft, errors: Errors | Refused | None = None
) -> Response:
    words = _vocabularies(visit)
    answers = {
        name: words[vocabulary].get(draft.values.get(name), draft.values.get(name))
        for name, vocabulary in (
            ("sex", "sexes"), ("citizenship", "countries"), ("municipality", "municipalities"),
            ("quartiere", "quartieri"), ("spoken", "spoken"), ("call_at", "call_at"), ("education", "education"),
            ("channel", "channels"),
        )
    }  # fmt: skip
    for name, vocabulary in (("languages", "spoken"), ("licences", "licences")):
        answers[name] = ", ".join(words[vocabulary].get(one, one) for one in draft.values.get(name, ()))
    return show(
        request, visit, "summary", N_("Controlla e invia"), errors=errors, answers={**draft.values, **answers},
        code=codes.shown(questionnaire.code_of(store.vault, draft.id)),
    )  # fmt: skip


@router.get("/domanda/{lang}/riepilogo")
async def summary(request: Request, visit: Visitor, store: Store = Depends(get_store)) -> Response:
    """All answers, to look over once more."""
    draft = await _open(request, store)
    if draft is None:
        return go(visit, "/ricevuta" if _draft_of(request) else "/codice")
    if draft.steps < len(forms.STEPS):
        return go(visit, f"/passo/{draft.steps + 1}")
    return _summary(request, visit, store, draft)


@router.post("/domanda/{lang}/riepilogo")
async def send(request: Request, visit: Sending, store: Store = Depends(get_store)) -> Response:
    """The questionnaire is sent. The answer is the same whoever it is about."""
    values = await form(request, forms.SendForm)
    draft = await _open(request, store)
    if draft is None:
        return go(visit, "/ricevuta" if _draft_of(request) else "/codice")
    if isinstance(values, Errors) or draft.steps < len(forms.STEPS):
        return _summary(request, visit, store, draft, INCOMPLETE)
    if (doubt := human.doubtful(values)) is not None:
        return _summary(request, visit, store, draft, doubt)
    command = Command(commands.sent_cause(draft.id), PUBLIC, clock.now())
    await commands.receive_contact(store, command, draft)
    return go(visit, "/ricevuta")


@router.get("/domanda/{lang}/ricevuta")
async def receipt(request: Request, visit: Visitor, store: Store = Depends(get_store)) -> Response:
    """The code, and what happens next."""
    draft_id = _draft_of(request)
    sent = await store.history(draft_id) if draft_id else []
    if draft_id is None or not sent:
        return go(visit, "/codice")
    return show(
        request, visit, "receipt", N_("Domanda inviata"), on=sent[0].event.on,
        code=codes.shown(questionnaire.code_of(store.vault, draft_id)),
        weeks=parameter("first_contact_days", clock.today()) // 7,
    )  # fmt: skip


@router.get("/domanda/{lang}/codice")
async def code_form(request: Request, visit: Visitor) -> Response:
    """Where a code is typed."""
    return show(request, visit, "code", N_("Hai già un codice?"), how=None)


@router.post("/domanda/{lang}/codice")
async def use_code(request: Request, visit: Asking, store: Store = Depends(get_store)) -> Response:
    """Goes on with a draft, or says how a sent questionnaire stands: four words and no more."""
    values = await form(request, forms.CodeForm)
    if isinstance(values, Errors):
        return show(request, visit, "code", N_("Hai già un codice?"), errors=values, how=None)
    code = codes.typed(values.code)
    found = await questionnaire.find(store, code) if code else None
    if found is None:
        return show(request, visit, "code", N_("Hai già un codice?"), errors=UNKNOWN, how=None)
    draft = await questionnaire.load(store, found)
    if draft is not None:
        step_ = draft.steps + 1
        return go(visit, "/riepilogo" if step_ > len(forms.STEPS) else f"/passo/{step_}", _cookie(found))
    how = tuple(visit.say(words) for words in STATES[await state_of(store, found)])
    return show(request, visit, "code", N_("A che punto è la domanda"), how=how)


async def state_of(store: Store, contact_id: str) -> str:
    """received, in_contact, appointment or closed. A duplicate of somebody known says what an accepted one says:
    the state must not tell who is registered."""
    async with store.read() as reading:
        contact: Row | None = await reading.row(views.SITE_CONTACTS, contact_id)
        if contact is None or contact["status"] == "received":
            return "received"
        if contact["status"] == "discarded":
            return "in_contact" if contact["reason"] == "duplicate" else "closed"
        person = await reading.row(views.PEOPLE, contact["person_id"])
        booked = [one for one in await views.appointments_of(reading, contact["person_id"]) if one["state"] == "booked"]
    if person is None:
        return "in_contact"
    if person["closed_on"] is not None:
        return "closed"
    if booked or person["first_interview_on"] is not None:
        return "appointment"
    return "in_contact"


@router.post("/domanda/{lang}/esci")
async def leave(request: Request, visit: Visitor) -> Response:
    """Closes the draft in this browser; it waits under its code."""
    await form(request, NoForm)
    return go(visit, "/codice", sessions.cookie(COOKIE, "", 0))
