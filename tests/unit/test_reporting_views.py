"""Reporting's rows and words: what each fact does to a row, and that every contract can be read by a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any, Literal, get_args, get_origin
from uuid import uuid4

import pytest

from services.reporting import labels, timeline
from services.reporting.pages.operations import state_of, todo
from services.reporting.service import SERVICE
from services.reporting.timeline import Words
from services.reporting.views import PATHWAYS, PLACEMENTS, THINGS, TROUBLES, VIEWS
from services.reporting.views.folds import trouble_id
from shared.envelope import Meta, Recorded
from shared.events import REGISTRY
from shared.events.base import Correction, Event
from shared.events.intake import KeptDuty, PathwayClosed, PathwayFactCorrected, PersonErased
from shared.events.matching import PlacementEnded
from shared.events.operations import (
    ReaderStopped,
    RecordParked,
    RecordRedriven,
    RecordRejected,
    ViewFaulty,
    ViewReplayed,
)
from shared.projection import Row, View
from shared.projection.aliases import ALIASES
from shared.projection.privacy import PRIVACY
from shared.web.labels import PERSON_DISTRICTS
from tests.fixtures.reporting import (
    AMINA,
    BAKERY,
    an_id,
    charged,
    extended,
    joined,
    met,
    placed,
    registered,
    selecting,
)

START = datetime(2024, 2, 1, 9, tzinfo=UTC)
WORDS = Words(lambda account: account)


def recorded(event: Event, n: int = 0, actor: str = "u-elena.conti") -> Recorded:
    meta = Meta(
        id=an_id(f"fact {n}"), source=event.TYPE.split(".")[0], type=event.TYPE, type_version=1, subject=event.subject,
        time=START + timedelta(hours=n), topic=event.TOPIC, partition=0, number=n + 1, predecessor=None, actor=actor,
        cause=AMINA, correlation=AMINA, causation=None, hops=0,
    )  # fmt: skip
    return Recorded(meta, event)


def folded(view: View, facts: Iterable[Recorded]) -> Row:
    row: Row | None = None
    for fact in facts:
        row = view.fold(row, fact.event, fact.meta)
    assert row is not None
    return row


# --- pathways ------------------------------------------------------------------------------------------------


def test_a_pathway_says_where_the_person_stands() -> None:
    row = folded(
        PATHWAYS,
        [recorded(e, n) for n, e in enumerate((registered(), met(), charged(), placed(on=date(2024, 3, 1))))],
    )
    assert (row["status"], row["readiness"], row["district"]) == ("in_charge", "ready", "citta-di-bologna")
    assert (row["first_interview_on"], row["first_placement_on"]) == (date(2024, 2, 1), date(2024, 3, 1))
    assert (row["last_type"], row["last_on"]) == ("matching.placement-started", date(2024, 3, 1))


def test_a_new_episode_begins_anew_but_the_first_placement_stays_the_first() -> None:
    closed = PathwayClosed(on=date(2024, 4, 1), person_id=AMINA, outcome="found_work")
    facts = [registered(), charged(), placed(on=date(2024, 3, 1)), closed, registered(on=date(2024, 9, 1), episode=2)]
    row = folded(PATHWAYS, [recorded(e, n) for n, e in enumerate(facts)])
    assert (row["status"], row["episode"], row["charged_on"], row["outcome"]) == ("registered", 2, None, None)
    assert row["first_placement_on"] == date(2024, 3, 1)


def test_the_facts_of_two_services_give_the_same_row_in_any_order() -> None:
    intake = [recorded(registered(), 0), recorded(met(), 1), recorded(charged(), 2)]
    others = [recorded(placed(on=date(2024, 3, 1)), 3), recorded(placed(on=date(2024, 2, 20), n=2), 4)]
    expected = folded(PATHWAYS, [*intake, *others])
    for order in permutations([*intake, *others]):
        if [f for f in order if f in intake] == intake:  # the order within a stream is given
            assert folded(PATHWAYS, order) == expected


def test_who_is_heard_of_before_the_registration_has_a_row_all_the_same() -> None:
    row = folded(PATHWAYS, [recorded(placed())])
    assert (row["status"], row["person_id"]) == ("unknown", AMINA)


# --- placements and things -------------------------------------------------------------------------------------


def test_a_placement_knows_its_extensions_and_its_end() -> None:
    ended = PlacementEnded(
        on=date(2024, 8, 1), person_id=AMINA, placement_id=placed().placement_id, company_id=BAKERY, reason="resigned"
    )
    row = folded(PLACEMENTS, [recorded(placed(), 0), recorded(extended(), 1), recorded(ended, 2)])
    assert (row["extensions"], row["ends_on"], row["end_reason"]) == (1, date(2025, 6, 30), "resigned")


def test_a_thing_says_what_it_is_without_a_name() -> None:
    row = folded(THINGS, [recorded(joined())])
    assert row["kind"] == "company"
    assert timeline.thing(BAKERY, row) == f"Manifattura, Da 6 a 20 dipendenti ({BAKERY[:8]})"
    vacancy = folded(THINGS, [recorded(selecting())])
    assert (vacancy["kind"], vacancy["card"]) == ("vacancy", {"company_id": BAKERY})
    assert timeline.thing(BAKERY, None) == BAKERY[:8]


# --- troubles ------------------------------------------------------------------------------------------------

NOTICE: dict[str, Any] = {"on": date(2024, 2, 1), "stream_id": "operations-matching-2024-02", "service": "matching",
                          "where": "pathway/3/17", "reason": "hears-KeyError"}  # fmt: skip


def test_what_is_parked_and_redriven_is_one_trouble_that_closes() -> None:
    facts = [recorded(RecordParked(**NOTICE), 0), recorded(RecordRedriven(**(NOTICE | {"reason": "redriven"})), 5)]
    for order in permutations(facts):
        row = folded(TROUBLES, order)
        assert (row["opened_at"], row["closed_at"]) == (facts[0].meta.time, facts[1].meta.time)
        assert row["reason"] == "hears-KeyError"


def test_a_view_that_was_only_rebuilt_is_no_trouble() -> None:
    assert folded(TROUBLES, [recorded(ViewReplayed(**NOTICE, view="candidates"))])["opened_at"] is None


def test_a_reader_that_passed_over_a_void_record_goes_on() -> None:
    void = RecordRejected(**(NOTICE | {"reason": "declared-void"}))
    row = folded(TROUBLES, [recorded(ReaderStopped(**(NOTICE | {"reason": "gap"})), 0), recorded(void, 1)])
    assert (row["kind"], row["reason"]) == ("stopped", "gap")
    assert row["closed_at"] > row["opened_at"]
    assert trouble_id(RecordRejected(**NOTICE)) != trouble_id(void)


@pytest.mark.parametrize("kind", [RecordParked, RecordRejected, ReaderStopped, ViewFaulty])
def test_each_trouble_says_what_to_do_in_italian(kind: type[Any]) -> None:
    more = {"view": "candidates"} if kind is ViewFaulty else {}
    row = folded(TROUBLES, [recorded(kind(**NOTICE, **more))])
    assert todo(row).endswith(".")
    assert "python -m services.matching" in todo(row) or kind is RecordRejected
    assert state_of(row["kind"], True)
    assert row["kind"] in labels.TROUBLES


@pytest.mark.parametrize("code", [*labels.REASONS, "hears-KeyError"])
def test_every_reason_has_a_sentence(code: str) -> None:
    assert labels.reason(code).endswith(".")


# --- what is heard, and its words ------------------------------------------------------------------------------

FACTS = [contract for contract in REGISTRY.values() if not issubclass(contract, Correction)]


def test_reporting_hears_every_fact_there_is_and_every_correction() -> None:
    assert SERVICE.hears == set(REGISTRY.values())
    assert set(SERVICE.topics) == {contract.TOPIC for contract in REGISTRY.values()}


def codes_of(annotation: Any) -> set[str]:
    """The codes of a field's vocabulary, however deep they stand in its type."""
    if get_origin(annotation) is Literal:
        return {str(code) for code in get_args(annotation)}
    found: set[str] = set()
    for part in get_args(annotation):
        found |= codes_of(part)
    return found


@pytest.mark.parametrize("contract", FACTS, ids=lambda c: c.TYPE)
def test_every_contract_has_a_title_a_word_for_each_field_and_for_each_code(contract: type[Event]) -> None:
    assert timeline.fact_title(contract.TYPE) != contract.TYPE
    for name, info in contract.model_fields.items():
        if name in labels.HIDDEN_FIELDS or name == contract.SUBJECT:
            continue
        assert name in labels.FIELDS, name
        codes = codes_of(info.annotation)
        if codes:
            words = labels.VALUES_OF.get((contract.TYPE, name)) or labels.VALUES[name]
            assert codes <= set(words), (name, codes - set(words))


@pytest.mark.parametrize(
    ("type_name", "field", "value", "words"),
    [
        ("intake.appointment-booked", "desk", "malvezzi", "Palazzo Malvezzi"),
        ("intake.ticket-taken", "desk", "sportello-navile", "Sportello lavoro Navile"),
        ("intake.messaging-set", "quiet_desks", ("malvezzi", "appennino"),
         "Palazzo Malvezzi, Sportello itinerante Appennino"),
        ("intake.person-referred", "organisation", "unione-appennino",
         "Unione dei Comuni dell'Appennino Bolognese"),
        ("intake.language-assessed", "language", "ti", "Tigrino"),
        ("intake.language-assessed", "language", "xx", "xx"),
    ],
)  # fmt: skip
def test_desks_referrers_and_languages_are_told_by_their_names(
    type_name: str, field: str, value: Any, words: str
) -> None:
    assert timeline.say(type_name, field, value, WORDS) == words


def test_every_column_of_a_view_is_filled_by_its_fold() -> None:
    facts = {PATHWAYS: registered(), PLACEMENTS: placed(), THINGS: joined(), TROUBLES: RecordParked(**NOTICE)}
    alike = (ALIASES, PRIVACY)  # folded by all services alike: test_aliases, test_erasure
    for view in (one for one in VIEWS if one not in alike):
        assert set(folded(view, [recorded(facts[view])])) == set(view.column_names)


# --- timelines -----------------------------------------------------------------------------------------------


def correction(of: Recorded, n: int, **changes: Any) -> Recorded:
    original = of.event.model_dump(mode="json")
    event = PathwayFactCorrected(
        on=date(2024, 3, 1), subject_id=AMINA, fact_id=of.meta.id, fact_type=of.event.TYPE, fact_version=1,
        fact=original, corrected=original | changes if changes else None, motive="wrong_value",
    )  # fmt: skip
    return recorded(event, n, actor="u-giulia.rossi")


def test_a_timeline_is_in_plain_italian() -> None:
    entry = timeline.entries([recorded(registered())], WORDS)[0]
    assert entry.title == "Iscrizione al programma"
    assert "canale: Caritas; modalità: Allo sportello; età: 30-39 anni; sesso: Donna" in entry.text
    assert "distretto: Città di Bologna" in entry.text
    assert AMINA not in entry.text


def test_a_corrected_fact_is_struck_through_with_who_when_and_why() -> None:
    wrong = recorded(registered(), 0)
    entries = timeline.entries([wrong, recorded(met(), 1), correction(wrong, 2, district="imola")], WORDS)
    assert [entry.struck for entry in entries] == [True, False, False]
    assert entries[0].correction == (
        "Rettificato da u-giulia.rossi il 01/02/2024 12:00: distretto: Città di Bologna → Imola; "
        "motivo: valore sbagliato"
    )
    assert entries[2].title == "Correzione di «iscrizione al programma» del 01/02/2024"


def test_a_cancelled_fact_says_so_and_of_two_corrections_the_last_one_holds() -> None:
    wrong = recorded(registered(), 0)
    entries = timeline.entries([wrong, correction(wrong, 1, district="imola"), correction(wrong, 2)], WORDS)
    assert entries[0].correction.startswith("Annullato da u-giulia.rossi il 01/02/2024 12:00")


def test_before_it_was_corrected_the_fact_stands() -> None:
    wrong = recorded(registered(), 0)
    assert not timeline.entries([wrong], WORDS)[0].struck


def test_the_things_of_a_timeline_are_found_also_in_corrections() -> None:
    wrong = recorded(placed(), 0)
    other = str(uuid4())
    changed = correction(wrong, 1, company_id=other)
    assert timeline.things_in([replace(changed)]) == {BAKERY, other}


def test_districts_are_called_as_everywhere() -> None:
    assert set(labels.DISTRICT_LABELS) == {*PERSON_DISTRICTS, "unknown"}


def test_an_erasure_is_told_with_what_the_law_keeps() -> None:
    duty = KeptDuty(rule="de_minimis", since=date(2024, 3, 4), until=date(2034, 3, 4))
    erased = PersonErased(on=date(2026, 3, 4), person_id=AMINA, proposal_id=AMINA, scope="partial", kept=(duty,))
    entry = timeline.entries([recorded(erased)], WORDS)[0]
    assert "Aiuti «de minimis» fino al 04/03/2034" in entry.text
