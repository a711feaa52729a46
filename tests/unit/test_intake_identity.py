"""Tax codes with tolerance, likeness of names and dates, permits of stay, joining and parting, files."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pillow_heif
import pytest
from PIL import Image

from services.intake import domain, files, tax_code
from services.intake.domain import Permit, person_stream
from services.intake.files import Kept, accepted
from services.intake.forms import IdentityForm, PermitForm
from services.intake.likeness import likeness, sound, tokens
from services.intake.views.duplicates import DUPLICATES
from services.intake.views.permits import PERMITS
from shared.decisions import Decision, Refused
from shared.events import intake as facts
from shared.events.base import Event
from shared.projection.aliases import ALIASES, roots_of
from tests.fixtures.gwt import given

AMINA, LUCA = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
REF = f"{LUCA}:1:{'a' * 64}"
TODAY = date(2024, 3, 20)


def registered(person: str = AMINA, on: date = date(2024, 1, 8)) -> facts.PersonRegistered:
    return facts.PersonRegistered(
        on=on, person_id=person, episode=1, channel="parish", entry="assisted", age_band="30-39", sex="F",
        citizenship_area="africa", education="upper_secondary", district="citta-di-bologna", union=None,
        in_capital=True, identity=REF,
    )  # fmt: skip


# --- the tax code -------------------------------------------------------------------------------------------


def warned(code: str, **changes: Any) -> list[str]:
    base: dict[str, Any] = {
        "family_name": "Rossi", "given_name": "Mario", "birth_date": date(1980, 4, 10), "sex": "M",
        "birth_place": "Faenza",
    }  # fmt: skip
    parsed = tax_code.parse(code)
    assert isinstance(parsed, tax_code.TaxCode), parsed
    return tax_code.warnings(parsed, **(base | changes))


def code(fifteen: str) -> str:
    from codicefiscale import codicefiscale

    return fifteen + codicefiscale.encode_cin(fifteen + "X")


@pytest.mark.parametrize(
    ("fifteen", "changes"),
    [
        ("RSSMRA80D10D458", {}),
        ("RSSMRA80D10D458", {"given_name": "Mario Ettore"}),  # the code took the first of two names
        ("RSSMRA80D10D458", {"birth_place": "Faenza (RA)"}),
        ("DLCMRA80D10D458", {"family_name": "De Lùca"}),
        ("RSSMRA80D10Z330", {"birth_place": "Casablanca, Marocco"}),
        ("RSSMRA80D10Z118", {"birth_place": "Serbia"}),  # Jugoslavia is no more
        ("RSSMRA80D10A726", {"birth_place": "Bazzano"}),  # merged into Valsamoggia in 2014
    ],
)
def test_what_registries_write_differently_is_no_warning(fifteen: str, changes: dict[str, Any]) -> None:
    assert warned(code(fifteen), **changes) == []


@pytest.mark.parametrize(
    ("fifteen", "changes", "words"),
    [
        ("RSSMRA80D10D458", {"family_name": "Mario", "given_name": "Rossi"}, "scambiati"),
        ("RSSMRA80D10D458", {"birth_date": date(1980, 10, 4)}, "giorno e mese"),
        ("RSSMRA80D50D458", {}, "di una donna"),
        ("RSSMRA80D10A726", {"birth_place": "Valsamoggia"}, "comune di allora (Bazzano)"),
        ("RSSMRA80D10Z330", {"birth_place": "Tunisia"}, "luogo di nascita"),
        ("RSSMRA80D10D458", {"given_name": "Ettore Mario"}, "Il nome"),
    ],
)
def test_each_disagreement_is_told_in_its_own_words(fifteen: str, changes: dict[str, Any], words: str) -> None:
    found = warned(code(fifteen), **changes)
    assert len(found) == 1
    assert words in found[0]


# --- likeness -----------------------------------------------------------------------------------------------


def person(family: str, given: str, born: str = "1985-06-10") -> dict[str, Any]:
    return {"family_name": family, "given_name": given, "birth_date": born}


@pytest.mark.parametrize(
    ("one", "other"),
    [("Mohamed", "Muhammad"), ("Rossi", "Rosi"), ("Chiara", "Kiara"), ("Youssef", "Yusuf"), ("Niccolò", "Nicolo")],
)
def test_the_same_name_sounds_the_same(one: str, other: str) -> None:
    assert sound(one) == sound(other) != ""


def test_other_names_sound_otherwise() -> None:
    assert len({sound(name) for name in ("Rossi", "Russo Neri", "Bianchi", "Amina", "Luca", "Fatou")}) == 6


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (person("Hadad", "Aminah"), "sound_and_date"),
        (person("Amina", "Haddad"), "sound_and_date"),
        (person("Haddad", "Amina", "1985-10-06"), "date_swapped"),
        (person("Haddad", "Amina", "1985-06-16"), "digit_off"),
        (person("Haddad", "Aminta"), "date_and_name"),
        (person("Haddad", "Salma"), None),
        (person("Haddad", "Amina", "1991-03-16"), None),
    ],
)
def test_alike_in_what(other: dict[str, Any], expected: str | None) -> None:
    amina = person("Haddad", "Amina")
    found = likeness(amina, other)
    assert (found[0] if found else None) == expected
    assert likeness(other, amina) == found
    if expected:
        assert set(tokens(amina)) & set(tokens(other)), "who is alike shares a token, or they would never meet"


# --- permits ------------------------------------------------------------------------------------------------


def permit(**changes: Any) -> Permit:
    base: dict[str, Any] = {
        "kind": "limited", "expires_on": date(2024, 5, 15), "may_work": True, "work_limit": "none",
        "renewal_asked_on": None,
    }  # fmt: skip
    return Permit(**(base | changes))


def decided(state: Any, **changes: Any) -> Decision:
    return domain.record_permit(
        state, person_id=AMINA, values=permit(**changes), details=REF, on=TODAY, today=TODAY
    )  # fmt: skip


def recorded(state: Any, **changes: Any) -> list[Event]:
    decision = decided(state, **changes)
    assert not isinstance(decision, Refused), decision
    return list(decision)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"expires_on": None}, "permit_without_end"),
        ({"expires_on": date(2024, 3, 1)}, "permit_expired"),
        ({"renewal_asked_on": date(2024, 3, 21)}, "receipt_later"),
        ({"may_work": False, "work_limit": "part_time"}, "limit_without_work"),
    ],
)
def test_a_permit_that_cannot_be(changes: dict[str, Any], refusal: str) -> None:
    given(person_stream(AMINA), registered()).when(lambda p: decided(p, **changes)).refused(refusal)


def test_with_the_receipt_the_right_to_work_goes_on() -> None:
    late = {"expires_on": date(2024, 3, 1), "renewal_asked_on": date(2024, 2, 1)}
    (fact,) = recorded(_state(registered()), **late)
    assert isinstance(fact, facts.PermitRecorded)
    assert domain.work_profile(fact) == {"may_work": True, "may_work_until": None, "work_limit": "none"}
    (plain,) = recorded(_state(registered()))
    assert isinstance(plain, facts.PermitRecorded)
    assert domain.work_profile(plain)["may_work_until"] == "2024-05-15"


def _state(*history: Event) -> Any:
    return given(person_stream(AMINA), *history).states[0]


def test_the_reminder_comes_sixty_days_before_and_once() -> None:
    (shown,) = recorded(_state(registered()))
    assert domain.reminder_on(date(2024, 5, 15)) == date(2024, 3, 16)
    state = _state(registered(), shown)
    assert domain.remind(state, person_id=AMINA, today=date(2024, 3, 15)) == []
    reminded = domain.remind(state, person_id=AMINA, today=date(2024, 3, 16))
    assert not isinstance(reminded, Refused)
    (due,) = reminded
    assert isinstance(due, facts.PermitReminderDue)
    assert domain.remind(_state(registered(), shown, due), person_id=AMINA, today=date(2024, 4, 1)) == []
    (renewed,) = recorded(_state(registered(), shown, due), expires_on=date(2026, 5, 15))
    assert domain.remind(_state(registered(), shown, due, renewed), person_id=AMINA, today=date(2026, 3, 16))


def test_the_form_tells_the_log_only_the_coarse_kind() -> None:
    form = PermitForm.model_validate({"type": "asylum_request", "number": "BO 123", "may_work": True, "on": TODAY})
    assert form.permit().kind == "request_pending"
    assert form.details()["type"] == "asylum_request"
    assert "asylum" not in str(form.permit())


def test_a_document_that_is_none_has_no_number_and_an_administrator_has_a_name() -> None:
    base = {
        "family_name": "Haddad", "given_name": "Amina", "birth_date": "1985-06-10", "sex": "F", "citizenship": "Z330",
        "municipality": "037006", "quartiere": "navile", "education": "none",
    }  # fmt: skip
    form = IdentityForm.model_validate(base | {"document_type": "none", "document_number": "AX1234567"})
    assert form.identity()["document_number"] is None
    assert "document_number" not in form.profile()
    with pytest.raises(ValueError, match="amministratore"):
        IdentityForm.model_validate(base | {"administrator_contact": "051 123456"})


# --- views, in any order ------------------------------------------------------------------------------------


def both(kind: type[Any], alias: str, root: str, ground: str) -> list[Any]:
    return [
        kind(on=TODAY, person_id=one, alias_id=alias, root_id=root, ground=ground, reasons=REF) for one in (alias, root)
    ]


def folded(view: Any, *history: Event) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    for fact in history:
        key = view.key(fact)
        if key is not None:
            rows[key] = view.fold(rows.get(key), fact, None)
            if rows[key] is not None:
                assert set(rows[key]) == set(view.column_names)
    return {key: row for key, row in rows.items() if row is not None}


def test_a_row_of_aliases_comes_and_goes_with_the_joined_persons_own_stream() -> None:
    join, parting = both(facts.PersonsJoined, AMINA, LUCA, "other"), both(facts.PersonsParted, AMINA, LUCA, "other")
    for order in (join, join[::-1], [join[1], join[0], parting[1]]):
        assert folded(ALIASES, *order)[AMINA]["root_id"] == LUCA
    assert folded(ALIASES, *join, *parting) == folded(ALIASES, join[1], parting[1], join[0], parting[0]) == {}
    assert roots_of(join) == {AMINA: LUCA}
    assert roots_of([*join, *parting]) == {}


def test_a_pair_is_the_same_in_any_order() -> None:
    proposals = [
        facts.DuplicateProposed(on=TODAY, person_id=LUCA, other_id=AMINA, likeness="digit_off"),
        facts.DuplicateProposed(on=date(2024, 3, 21), person_id=AMINA, other_id=LUCA, likeness="date_and_name"),
        facts.DuplicateDismissed(on=TODAY, person_id=AMINA, other_id=LUCA, reasons=REF),
    ]
    results = [folded(DUPLICATES, *order) for order in (proposals, proposals[::-1])]
    assert results[0] == results[1]
    (row,) = results[0].values()
    assert (row["likeness"], row["decided"]) == ("digit_off", True)


def test_the_last_permit_stands() -> None:
    (first,) = recorded(_state(registered()))
    due = facts.PermitReminderDue(on=TODAY, person_id=AMINA, expires_on=date(2024, 5, 15))
    (row,) = folded(PERMITS, first, due).values()
    assert row["reminded_for"] == row["expires_on"]
    (second,) = recorded(_state(registered()), expires_on=date(2026, 1, 1))
    (row,) = folded(PERMITS, first, due, second).values()
    assert row["reminded_for"] != row["expires_on"]


# --- files --------------------------------------------------------------------------------------------------


def photograph(kind: str, mode: str = "RGB") -> bytes:
    picture, out = Image.new(mode, (40, 20), "red"), io.BytesIO()
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Amina's phone", 6
    if kind == "HEIF":
        pillow_heif.from_pillow(picture).save(out, exif=exif.tobytes())
    else:
        picture.save(out, kind, exif=exif)
    return out.getvalue()


@pytest.mark.parametrize(("kind", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("HEIF", "image/jpeg")])
def test_of_a_photograph_only_the_picture_stays(kind: str, media_type: str) -> None:
    taken = photograph(kind)
    assert b"Amina's phone" in taken
    kept = accepted(taken, TODAY)
    assert isinstance(kept, Kept)
    assert kept.media_type == media_type
    assert b"phone" not in kept.content
    with Image.open(io.BytesIO(kept.content)) as image:
        assert dict(image.getexif()) == {}
        assert image.height >= image.width, "and it stands upright"


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a" + b"\0" * 40, b"<html><script>alert(1)</script>", b"MZ" + b"\0" * 99, b"\xff\xd8\xff\xe0 not one",
     b"\x89PNG\r\n\x1a\n" + b"\0" * 50],
)  # fmt: skip
def test_what_is_neither_a_pdf_nor_a_photograph_is_refused(content: bytes) -> None:
    assert isinstance(accepted(content, TODAY), Refused)


def test_a_pdf_is_kept_as_it_is_up_to_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    assert accepted(b"%PDF-1.7 x", TODAY) == Kept("application/pdf", b"%PDF-1.7 x")
    large = accepted(b"%PDF-1.7" + b"0" * 9_600_000, TODAY)
    assert isinstance(large, Refused)
    assert large.code == "file_large"
    monkeypatch.setattr(files, "PIXELS", 100)
    bomb = accepted(photograph("PNG"), TODAY)
    assert isinstance(bomb, Refused)
