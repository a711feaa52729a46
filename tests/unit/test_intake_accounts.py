"""The directory's rules, and what is made of claims: nobody is left without a colleague, nor the platform without an
administrator."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from services.intake import forms
from services.intake.commands.accounts import code_of
from services.intake.domain import accounts as rules
from services.intake.domain.accounts import Account, Organisation, Work, account_stream, organisation_stream
from shared.events import intake as facts
from shared.projection.accounts import ACCOUNTS
from shared.web import directory
from shared.web.app import name_of
from shared.web.directory import DISABLED, UNLISTED, Known
from shared.web.readers import Reader, accounts
from tests.fixtures.gwt import given

TODAY = date(2024, 5, 6)
GIULIA, NADIA, OMAR = "u-giulia.rossi", "u-nadia.rizzo", "u-omar.said"
IMOLA, CARITAS = "o-comune-imola", "o-caritas-diocesana"
NAME = f"33333333-3333-4333-8333-333333333333:1:{'a' * 64}"
BODY = organisation_stream(IMOLA)
OPEN = facts.OrganisationOpened(on=TODAY, organisation=IMOLA, kind="municipality", name=NAME)
CLOSED = facts.OrganisationClosed(on=TODAY, organisation=IMOLA)


def opened(role: str = "case_manager", account: str = OMAR, organisation: str = IMOLA) -> facts.AccountOpened:
    return facts.AccountOpened(
        on=TODAY, account=account, role=role, organisation=organisation, districts=("imola",), name=NAME
    )


def disabled(why: Any = "left") -> facts.AccountDisabled:
    return facts.AccountDisabled(on=TODAY, account=OMAR, why=why)


def opening(state: Account, at: Organisation) -> Any:
    return rules.open_account(
        state, at, account=OMAR, role="case_manager", organisation=IMOLA, districts=("imola",), name=NAME, today=TODAY
    )


def moving(actor: str = NADIA, left: Work | None = None, administrators: int = 1, **changes: Any) -> Any:
    values: dict[str, Any] = {"role": "case_manager", "organisation": IMOLA, "districts": ("imola",), "name": None}
    return lambda state, at: rules.move_account(
        state, at, account=OMAR, actor=actor, left=left or Work(), administrators=administrators,
        administrator="administrator", today=TODAY, **(values | changes),
    )  # fmt: skip


def disabling(why: Any = "left", actor: str = NADIA, left: Work | None = None, administrators: int = 1) -> Any:
    return lambda state: rules.disable_account(
        state, account=OMAR, actor=actor, why=why, left=left or Work(), administrators=administrators,
        administrator="administrator", today=TODAY,
    )  # fmt: skip


def test_somebody_begins_once_in_an_open_organisation() -> None:
    stream = account_stream(OMAR)
    given(stream).given(BODY, OPEN).when(opening).then(opened())
    given(stream, opened()).given(BODY, OPEN).when(opening).refused("account_known")
    given(stream).given(BODY).when(opening).refused("organisation_closed")
    given(stream).given(BODY, OPEN, CLOSED).when(opening).refused("organisation_closed")


def test_a_demonstration_account_is_there_before_any_fact() -> None:
    there = account_stream(OMAR, Account("case_manager", IMOLA, (), True))
    given(there).given(BODY, OPEN).when(opening).refused("account_known")
    given(there).when(disabling()).then(disabled())


def test_who_has_open_cases_or_appointments_is_not_disabled_until_they_passed() -> None:
    stream = account_stream(OMAR)
    given(stream, opened()).when(disabling()).then(disabled())
    refused = given(stream, opened()).when(disabling(left=Work(4, 2))).refused("open_cases")
    assert "4 persone in carico" in refused.sentence
    assert "2 appuntamenti" in refused.sentence
    refused = given(stream, opened()).when(disabling(left=Work(0, 1))).refused("open_appointments")
    assert "1 appuntamento" in refused.sentence


def test_an_account_that_must_be_stopped_at_once_is_whatever_it_leaves_behind() -> None:
    given(account_stream(OMAR), opened()).when(disabling("security", left=Work(4, 2))).then(disabled("security"))


def test_nobody_disables_moves_or_enables_themselves_and_an_administrator_stays() -> None:
    stream = account_stream(OMAR)
    given(stream, opened()).when(disabling(actor=OMAR)).refused("own_account")
    given(stream, opened()).given(BODY, OPEN).when(moving(actor=OMAR, districts=())).refused("own_account")
    chief = opened("administrator")
    for why in ("left", "security"):
        given(stream, chief).when(disabling(why, administrators=0)).refused("last_administrator")
    given(stream, chief).when(disabling(administrators=1)).then(disabled())
    given(stream, chief).given(BODY, OPEN).when(moving(administrators=0)).refused("last_administrator")
    given(stream, opened(), disabled()).given(BODY, OPEN).when(
        lambda state, at: rules.enable_account(state, at, account=OMAR, actor=OMAR, today=TODAY)
    ).refused("own_account")


def test_a_move_says_what_changed_and_leaves_no_case_behind() -> None:
    stream = account_stream(OMAR)
    moved = facts.AccountMoved(on=TODAY, account=OMAR, role="case_manager", organisation=IMOLA, districts=())
    start = given(stream, opened()).given(BODY, OPEN)
    start.when(moving(districts=())).then(moved)
    start.when(moving(districts=(), left=Work(3, 3))).then(moved)
    start.when(moving()).refused("nothing_changed")
    start.when(moving(role="monitoring", left=Work(1, 0))).refused("open_cases")
    start.when(moving(role="monitoring")).then(moved.model_copy(update={"role": "monitoring", "districts": ("imola",)}))
    given(stream, opened()).given(BODY, CLOSED).when(moving(districts=())).refused("organisation_closed")
    given(stream).given(BODY, OPEN).when(moving()).refused("account_unknown")


def test_a_role_that_goes_on_with_the_work_leaves_none() -> None:
    assert Work(3, 2).left_by(follows=True, meets=True) == Work()
    assert Work(3, 2).left_by(follows=False, meets=True) == Work(3, 0)
    assert Work(3, 2).left_by(follows=False, meets=False) == Work(3, 2)


def test_a_disabled_account_comes_back_as_it_was_if_its_organisation_is_still_there() -> None:
    def enabling(state: Account, at: Organisation) -> Any:
        return rules.enable_account(state, at, account=OMAR, actor=NADIA, today=TODAY)

    stream = account_stream(OMAR)
    given(stream, opened(), disabled()).given(BODY, OPEN).when(enabling).then(
        facts.AccountEnabled(on=TODAY, account=OMAR)
    )
    given(stream, opened()).given(BODY, OPEN).when(enabling).refused("account_active")
    given(stream, opened(), disabled()).given(BODY, OPEN, CLOSED).when(enabling).refused("organisation_closed")


def test_an_organisation_closes_when_nobody_works_for_it_and_can_open_again() -> None:
    def closing(active: int) -> Any:
        return lambda state: rules.close_organisation(state, organisation=IMOLA, active=active, today=TODAY)

    def opening_again(state: Organisation) -> Any:
        return rules.open_organisation(state, organisation=IMOLA, kind="municipality", name=NAME, today=TODAY)

    given(BODY, OPEN).when(closing(1)).refused("organisation_in_use")
    given(BODY, OPEN).when(closing(0)).then(CLOSED)
    given(BODY, OPEN, CLOSED).when(closing(0)).refused("organisation_closed")
    given(BODY).when(closing(0)).refused("organisation_unknown")
    given(BODY, OPEN).when(opening_again).refused("organisation_known")
    given(BODY, OPEN, CLOSED).when(opening_again).then(OPEN)


@pytest.mark.parametrize(
    ("name", "code"),
    [("Comune di Imola", "o-comune-di-imola"), ("Città di Ànzola", "o-citta-di-anzola"), ("العربية", "o-ente"),
     ("x" * 200, "o-" + "x" * 60)],
)  # fmt: skip
def test_an_organisations_code_is_made_of_its_name(name: str, code: str) -> None:
    assert code_of(name) == code
    assert facts.OrganisationClosed(on=TODAY, organisation=code).organisation == code


@pytest.mark.parametrize("typed", ["Omar.Said", " u-omar.said ", "omar.said"])
def test_an_account_is_typed_as_the_provider_or_as_the_platform_writes_it(typed: str) -> None:
    values = {"name": "Omar Said", "role": "case_manager", "organisation": IMOLA, "districts": []}
    assert forms.AccountForm.model_validate({"account": typed} | values).account == "omar.said"
    for bad in ("omar said", "omar<b>", "", ".omar", "x" * 63):
        with pytest.raises(ValidationError):
            forms.AccountForm.model_validate({"account": bad} | values)


# What the directory makes of claims


def row(**changes: Any) -> dict[str, Any]:
    return {
        "account": OMAR, "role": "case_manager", "organisation": IMOLA, "districts": ["imola"], "name": NAME,
        "active": True, "changed_on": TODAY,
    } | changes  # fmt: skip


CLAIMED = Reader(OMAR, "Omar Said", "monitoring", "Qualche ente", ())


def test_the_directory_wins_over_the_claims() -> None:
    known = Known({OMAR: row()}, {}, {IMOLA: "Comune di Imola"}, demo=False)
    here = known.admit(CLAIMED)
    assert here == Reader(OMAR, "Omar Said", "case_manager", "Comune di Imola", ("imola",), IMOLA)
    assert known.admit(here) == here, "and says the same again"
    assert Known({OMAR: row(active=False)}).admit(CLAIMED) == DISABLED
    elsewhere = Known({OMAR: row()}, demo=False)
    assert elsewhere.admit(here) == here, "a service without the vault keeps the names that another one wrote"


def test_who_is_not_in_it_enters_by_claims_unless_only_the_listed_do() -> None:
    assert Known(demo=False).admit(CLAIMED) == CLAIMED
    listed = Known({GIULIA: row(account=GIULIA)}, demo=False, only_listed=True)
    assert listed.admit(CLAIMED) == UNLISTED
    assert isinstance(listed.admit(replace(CLAIMED, account=GIULIA)), Reader)
    machine = Reader("c-region", "region", "region", "region")
    assert listed.admit(machine) == machine, "a program shows its own token with every request"


def test_an_organisation_that_is_only_claimed_is_known_by_its_name() -> None:
    claimed = replace(CLAIMED, organisation="Comune di Imola")
    here = Known(organisations={"o-imola": "Comune di Imola"}, demo=False).admit(claimed)
    assert here == replace(claimed, organisation_code="o-imola")


async def test_a_database_that_is_away_leaves_the_last_look_and_is_not_asked_by_everybody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def away() -> Any:
        asked.append("?")
        raise OSError

    look = directory.Directory(away)
    assert [(await look.known()).rows for _ in range(3)] == [{}, {}, {}]
    assert asked == ["?"], "once in two seconds"
    last = Known({OMAR: row(active=False)}, demo=False)
    monkeypatch.setattr(look, "_known", last)
    assert await look.again() is last
    assert len(asked) == 2


def test_the_first_administrator_of_an_empty_directory_is_who_the_provider_says() -> None:
    chief = replace(CLAIMED, account=NADIA, role="administrator")
    assert Known(demo=False, only_listed=True).admit(chief) == chief
    other = Known({OMAR: row(role="administrator")}, demo=False, only_listed=True)
    assert other.admit(chief) == UNLISTED
    stopped = Known({OMAR: row(role="administrator", active=False)}, demo=False, only_listed=True)
    assert stopped.admit(chief) == chief


def test_the_demonstration_accounts_are_in_it_until_a_fact_tells_otherwise() -> None:
    assert Known(demo=True).readers == accounts()
    assert Known(demo=False).readers == {}
    known = Known({GIULIA: row(account=GIULIA, active=False), OMAR: row()}, {OMAR: "Omar Saïd"}, demo=True)
    assert set(known.readers) == {*accounts(), OMAR} - {GIULIA}
    follows = known.who_may("intake.charge")
    assert (OMAR in follows, GIULIA in follows, "u-roberto.costa" in follows) == (True, False, False)
    assert follows[OMAR] == "Omar Saïd"
    assert known.name(GIULIA) == "Giulia Rossi", "who left keeps the name"
    assert known.organisation_of(GIULIA) == IMOLA
    assert known.organisation_of("u-nessuno") == ""


def test_an_account_whose_name_is_not_known_is_called_by_its_id() -> None:
    assert Known(demo=False).name("u-anna_maria.de-rossi") == "Anna Maria De-rossi"
    assert name_of("system:intake") == "la piattaforma"
    assert name_of("c-region") == "c-region"
    with directory.standing(Known(names={OMAR: "Omar Saïd"}, rows={OMAR: row()})):
        assert name_of(OMAR) == "Omar Saïd"
    assert name_of(OMAR) == "Omar Said"


def test_the_view_holds_what_every_service_needs_and_forgives_a_cancelled_opening() -> None:
    stated: Any = None
    meta: Any = None  # the fold asks nothing of it
    for fact in (opened(), disabled(), facts.AccountEnabled(on=TODAY, account=OMAR)):
        stated = ACCOUNTS.fold(stated, fact, meta)
    assert stated == row()
    assert set(stated) == set(ACCOUNTS.column_names)
    assert ACCOUNTS.fold(None, disabled(), meta) is None
