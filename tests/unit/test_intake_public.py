"""The public pages without a database: rules, catalogues, codes, limits."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from uuid import uuid4

import pytest
from babel import Locale
from babel.messages.pofile import read_po
from starlette.requests import Request
from starlette.routing import Route

from services.intake import codes, notice, translations
from services.intake.domain import Person, person_stream
from services.intake.domain import person_page as rules
from services.intake.domain.own_page import Answer
from services.intake.domain.self_registration import (
    Contact,
    DiscardReason,
    accept_contact,
    answers_refused,
    contact_stream,
    discard_contact,
    receive_contact,
)
from shared.decisions import Decision
from shared.events.intake import (
    ContactAccepted,
    ContactDiscarded,
    ContactReceived,
    DeclarationSigned,
    PathwayClosed,
    PersonCodeGiven,
    PersonCodeRevoked,
    PersonRegistered,
    ProposalAnswered,
    RightRequested,
)
from shared.settings import settings
from shared.vault import Vault
from shared.web import readers
from shared.web.limits import KEPT, Counters, Limit, address_of
from shared.web.problems import Problem
from shared.web.sentences import sentence
from tests.fixtures.gwt import given

AMINA, CONTACT, CODE_ID, VACANCY = (str(uuid4()) for _ in range(4))
REF = f"{uuid4()}:1:{'0' * 64}"
ON = date(2024, 5, 6)
CHOSEN = [code for code in translations.languages() if code != "it"]


def received(**changes: object) -> ContactReceived:
    values = {
        "on": ON, "contact_id": CONTACT, "language": "ar", "notice": "2026-01", "channel": "web",
        "district": "imola", "answers": REF,
    }  # fmt: skip
    return ContactReceived.model_validate(values | changes)


def registered(on: date = ON, episode: int = 1) -> PersonRegistered:
    return PersonRegistered(
        on=on, person_id=AMINA, episode=episode, channel="web", entry="questionnaire", age_band="30-39", sex="F",
        citizenship_area="africa", education="none", district="imola", union=None, in_capital=False, identity=REF,
    )  # fmt: skip


# A contact


def test_a_contact_is_received_once() -> None:
    def sent(contact: Contact) -> Decision:
        return receive_contact(
            contact, contact_id=CONTACT, language="ar", notice="2026-01", channel="web",
            municipality="037032", answers=REF, on=ON,
        )  # fmt: skip

    given(contact_stream(CONTACT)).when(sent).then(received())
    given(contact_stream(CONTACT), received()).when(sent).then()


def test_it_is_decided_once_and_a_duplicate_names_the_person() -> None:
    here = contact_stream(CONTACT)
    accepted = ContactAccepted(on=ON, contact_id=CONTACT, person_id=AMINA)
    given(here, received()).when(lambda c: accept_contact(c, contact_id=CONTACT, person_id=AMINA, on=ON)).then(accepted)

    def discard(reason: DiscardReason, person: str | None, known: bool = True) -> Callable[[Contact], Decision]:
        return lambda c: discard_contact(
            c,
            contact_id=CONTACT,
            reason=reason,
            person_id=person,
            known=known,
            on=ON,
        )

    spam = ContactDiscarded(on=ON, contact_id=CONTACT, reason="spam", person_id=None)
    given(here, received()).when(discard("spam", AMINA)).then(spam)
    given(here, received()).when(discard("duplicate", None)).refused("duplicate_of")
    given(here, received()).when(discard("duplicate", AMINA, False)).refused("duplicate_of")
    given(here, received(), accepted).when(discard("spam", None)).refused("contact_decided")
    given(here).when(discard("spam", None)).refused("no_contact")


@pytest.mark.parametrize(
    ("born", "municipality", "code"),
    [
        (ON - timedelta(days=15 * 366), None, None), (ON - timedelta(days=14 * 365), None, "too_young"),
        (date(1900, 1, 1), None, "birth_date"), (None, "037006", None), (None, "outside", "domicile_outside"),
        (None, "058091", "domicile_outside"),
    ],
)  # fmt: skip
def test_age_and_domicile_are_all_that_anybody_is_told(
    born: date | None, municipality: str | None, code: str | None
) -> None:
    refused = answers_refused(born, municipality, ON)
    assert (refused.code if refused else None) == code


# The person's own page


def test_the_declaration_is_of_the_episode() -> None:
    here = person_stream(AMINA)
    signed = DeclarationSigned(on=ON, person_id=AMINA)
    closed = PathwayClosed(on=ON, person_id=AMINA, outcome="withdrew")

    def sign(person: Person, on: date = ON) -> Decision:
        return rules.sign_declaration(person, person_id=AMINA, on=on, today=ON)

    given(here, registered()).when(sign).then(signed)
    given(here, registered(), signed).when(sign).refused("already_declared")
    given(here, registered(), signed, closed, registered(episode=2)).when(sign).then(signed)
    given(here, registered(), closed).when(sign).refused("pathway_closed")
    given(here, registered()).when(lambda p: sign(p, ON - timedelta(days=1))).refused("before_registration")


def test_a_code_is_given_replaced_and_revoked() -> None:
    here = person_stream(AMINA)
    first = PersonCodeGiven(on=ON, person_id=AMINA, code_id=CODE_ID, expires_on=ON + timedelta(days=180))
    other = PersonCodeGiven(on=ON, person_id=AMINA, code_id=VACANCY, expires_on=ON + timedelta(days=180))
    revoked = PersonCodeRevoked(on=ON, person_id=AMINA, code_id=CODE_ID, reason="revoked")

    def revoke(person: Person) -> Decision:
        return rules.revoke_code(person, person_id=AMINA, reason="revoked", today=ON)

    given(here, registered()).when(lambda p: rules.give_code(p, person_id=AMINA, code_id=CODE_ID, today=ON)).then(first)
    given(here).when(lambda p: rules.give_code(p, person_id=AMINA, code_id=CODE_ID, today=ON)).refused("not_registered")
    given(here, registered(), first).when(revoke).then(revoked)
    given(here, registered(), first, revoked).when(revoke).refused("no_code")
    (still,) = given(here, registered(), first, other, revoked).states
    assert still.own_page.opens(ON), "an older code's end does not close the newer"
    assert not still.own_page.opens(ON + timedelta(days=181))


def test_an_answer_may_change_while_the_proposal_is_open() -> None:
    here = person_stream(AMINA)
    yes = ProposalAnswered(on=ON, person_id=AMINA, vacancy_id=VACANCY, answer="accepted")
    no = ProposalAnswered(on=ON, person_id=AMINA, vacancy_id=VACANCY, answer="declined")

    def answer(state: str | None, said: Answer) -> Callable[[Person], Decision]:
        return lambda p: rules.answer_proposal(
            p,
            person_id=AMINA,
            vacancy_id=VACANCY,
            state=state,
            answer=said,
            today=ON,
        )

    given(here, registered()).when(answer("presented", "accepted")).then(yes)
    given(here, registered(), yes).when(answer("presented", "accepted")).then()
    given(here, registered(), yes).when(answer("shortlisted", "declined")).then(no)
    for state in ("placed", "withdrawn", None):
        given(here, registered()).when(answer(state, "accepted")).refused("no_proposal")


@pytest.mark.parametrize(
    ("on", "due"),
    [(date(2024, 1, 31), date(2024, 2, 29)), (date(2023, 1, 31), date(2023, 2, 28)),
     (date(2024, 5, 6), date(2024, 6, 6)), (date(2024, 12, 31), date(2025, 1, 31)),
     (date(2024, 3, 31), date(2024, 4, 30))],
)  # fmt: skip
def test_a_right_is_due_in_a_month(on: date, due: date) -> None:
    here = person_stream(AMINA)

    def ask(person: Person) -> Decision:
        return rules.request_right(person, person_id=AMINA, request_id=CODE_ID, right="access", today=on)

    asked = RightRequested(on=on, person_id=AMINA, request_id=CODE_ID, right="access", due_on=due)
    given(here, registered(on)).when(ask).then(asked)
    given(here, registered(on), asked).when(ask).refused("already_requested")


# Languages


def test_the_four_languages_are_there_and_arabic_goes_from_right_to_left() -> None:
    known = translations.languages()
    assert list(known)[:4] == ["it", "en", "fr", "ar"]
    assert [code for code, locale in known.items() if locale.text_direction == "rtl"] == ["ar"]


@pytest.mark.parametrize("language", CHOSEN)
def test_each_catalogue_is_whole_and_keeps_the_placeholders(language: str) -> None:
    with (translations.LOCALES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        known = {str(message.id): message for message in read_po(file, locale=language) if message.id}
    assert set(known) == translations.messages(), "run python -m services.intake.translations"
    for text, message in known.items():
        assert message.string, text
        assert not message.fuzzy, text
        holes = [sorted(re.findall(r"%\(\w+\)s|\{\w+\}", str(words))) for words in (text, message.string)]
        assert holes[0] == holes[1], text


def test_a_missing_message_would_be_seen() -> None:
    """The control of the test above: what a template says is among the messages, and Italian falls through."""
    assert "Salva e continua" in translations.messages()
    assert translations.translator("ar")("Non tradotto.") == "Non tradotto."


@pytest.mark.parametrize("language", CHOSEN)
def test_what_pydantic_says_is_said_in_the_language(language: str) -> None:
    say = translations.translator(language)
    told = sentence({"type": "string_too_long", "ctx": {"max_length": 120}}, say)
    assert "120" in told
    assert told != sentence({"type": "string_too_long", "ctx": {"max_length": 120}})


@pytest.mark.parametrize("language", [*CHOSEN, "it"])
def test_countries_and_languages_have_names_in_the_language(language: str) -> None:
    countries = translations.countries(language)
    own = Locale.parse(language).territories
    assert countries["IT"] == own["IT"]
    assert countries["Z330"] == own["MA"]
    assert len(countries) > 190
    assert translations.spoken(language)["fr"] == Locale.parse(language).languages["fr"]


def test_every_notice_that_was_ever_shown_has_its_words() -> None:
    for one in notice.NOTICES:
        assert (translations.PUBLIC / "notices" / f"{one.version}.html").exists()
    assert notice.in_force(date(2026, 6, 1)) in notice.NOTICES


# Codes


def test_a_code_is_read_however_it_was_typed() -> None:
    vault = Vault("intake", settings)
    code = codes.made(vault, "person-code", AMINA)
    assert code == codes.made(vault, "person-code", AMINA)
    assert code != codes.made(vault, "person-code", CONTACT)
    assert code != codes.made(vault, "questionnaire", AMINA)
    assert codes.typed(codes.shown(code)) == code
    assert codes.typed(f" {codes.shown(code).lower().replace('-', ' ')} ") == code
    assert codes.typed("oIl0-1111-1111") == "011011111111"
    assert codes.typed("٠١٢٣-٤٥٦٧-٨٩AB") == "0123456789AB"
    for wrong in ("", "ABC", "U000-0000-0000", "0000-0000-00000", "²000-0000-0000"):
        assert codes.typed(wrong) is None, wrong


# Limits and the open door


def asking(client: str, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", one.encode()) for one in forwarded]
    return Request({"type": "http", "client": (client, 1), "headers": headers})


def test_forwarded_addresses_are_believed_only_as_far_as_our_proxies_wrote_them() -> None:
    assert address_of(asking("192.0.2.1", "203.0.113.9"), 0) == "192.0.2.1"
    assert address_of(asking("10.0.0.1", "203.0.113.9"), 1) == "203.0.113.9"
    assert address_of(asking("10.0.0.1", "1.1.1.1, 203.0.113.9"), 1) == "203.0.113.9", "the caller's own is not"
    assert address_of(asking("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2"), 2) == "203.0.113.9"
    assert address_of(asking("10.0.0.1"), 1) == "10.0.0.1"
    assert address_of(asking("10.0.0.1", "<script>"), 1) == "unknown"
    assert address_of(asking("2001:db8:1:2:3::1"), 0) == address_of(asking("2001:db8:1:2:ffff::9"), 0)


def test_a_window_fills_says_how_long_and_opens_again() -> None:
    counters, limit = Counters(), Limit("try", 3, 60)
    for _ in range(3):
        counters.take(limit, "192.0.2.1", 30.0)
    with pytest.raises(Problem) as stopped:
        counters.take(limit, "192.0.2.1", 31.0)
    assert (stopped.value.status, stopped.value.extra["retry_after"]) == (429, 30)
    counters.take(limit, "192.0.2.2", 31.0)
    counters.take(limit, "192.0.2.1", 60.0)


def test_a_flood_of_addresses_does_not_fill_the_memory() -> None:
    counters, limit = Counters(), Limit("try", 3, 60)
    for number in range(KEPT + 100):
        counters.take(limit, str(number), 1.0)
    assert len(counters.counted) == KEPT


def test_an_open_door_says_so_and_names_no_action() -> None:
    from fastapi import APIRouter, Depends, FastAPI

    async def check() -> None: ...

    opened = readers.anybody(check)
    app, router = FastAPI(), APIRouter()

    @router.get("/aperta", dependencies=[opened])
    async def one() -> None: ...

    @router.get("/chiusa")
    async def two(reader: readers.Reader = readers.requires("intake.view")) -> None: ...

    app.include_router(router)
    doors = {door.path: (door.action, door.anybody) for door in readers.walk(app) if isinstance(door.route, Route)}
    assert doors == {"/aperta": (None, True), "/chiusa": ("intake.view", False)}

    @app.get("/doppia", dependencies=[opened, Depends(readers.requires("intake.view").dependency)])
    async def both() -> None: ...

    with pytest.raises(ValueError, match="open to anybody"):
        readers.walk(app)
