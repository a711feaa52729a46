"""Accounts and organisations: who is let into the programme, as what, and for whom.

The cases of who leaves go to colleagues first (protocol: each person has an operator of reference), so that an account
with open cases is not disabled; but for one that has to be stopped at once (D.Lgs. 138/2024 art. 24 and art. 32 GDPR:
access is taken away as soon as it is abused), whose cases then wait to be handed over. The platform is never without
an administrator, and nobody decides on themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, assert_never, cast

from shared.decisions import Decision, Refused, Stream
from shared.events.base import Event
from shared.events.intake import (
    AccountDisabled,
    AccountEnabled,
    AccountMoved,
    AccountOpened,
    District,
    OrganisationClosed,
    OrganisationKind,
    OrganisationOpened,
)

Why = Literal["left", "absence", "security"]
AccountFact = AccountOpened | AccountMoved | AccountDisabled | AccountEnabled
OrganisationFact = OrganisationOpened | OrganisationClosed


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the directory; `role` is "" before it was opened."""

    role: str = ""
    organisation: str = ""
    districts: tuple[District, ...] = ()
    active: bool = False


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation of the directory; `kind` is None before it was opened."""

    kind: OrganisationKind | None = None
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """What would be left behind: cases in charge, and appointments and group sessions to come."""

    cases: int = 0
    appointments: int = 0

    def left_by(self, follows: bool, meets: bool) -> Work:
        """What of it somebody would leave behind who may follow people or meet them, or may not."""
        return Work(0 if follows else self.cases, 0 if meets else self.appointments)


def evolve_account(state: Account, event: Event) -> Account:
    """One more fact about an account."""
    own = cast(AccountFact, event)  # the stream holds nothing else
    match own:
        case AccountOpened():
            return Account(own.role, own.organisation, own.districts, True)
        case AccountMoved():
            return replace(state, role=own.role, organisation=own.organisation, districts=own.districts)
        case AccountDisabled():
            return replace(state, active=False)
        case AccountEnabled():
            return replace(state, active=True)
        case _:
            assert_never(own)


def evolve_organisation(state: Organisation, event: Event) -> Organisation:
    """One more fact about an organisation."""
    own = cast(OrganisationFact, event)  # the stream holds nothing else
    match own:
        case OrganisationOpened():
            return Organisation(own.kind, True)
        case OrganisationClosed():
            return replace(state, is_open=False)
        case _:
            assert_never(own)


def account_stream(account: str, beginning: Account | None = None) -> Stream[Account]:
    """The stream of an account; `beginning` is what it is before any fact (a demonstration account is there)."""
    return Stream(account, beginning or Account(), evolve_account, subject="account")


def organisation_stream(code: str, beginning: Organisation | None = None) -> Stream[Organisation]:
    """The stream of an organisation."""
    return Stream(code, beginning or Organisation(), evolve_organisation, subject="organisation")


def open_account(
    state: Account, at: Organisation, *, account: str, role: str, organisation: str, districts: Sequence[District],
    name: str, today: date,
) -> Decision:  # fmt: skip
    """Somebody begins to work in the programme."""
    if state.role:
        return Refused("account_known", "Questo utente c'è già: si modifica o si riattiva dalla sua pagina.", "account")
    if not at.is_open:
        return _closed()
    return [
        AccountOpened(
            on=today, account=account, role=role, organisation=organisation, districts=tuple(districts), name=name
        )
    ]


def move_account(
    state: Account, at: Organisation, *, account: str, actor: str, role: str, organisation: str,
    districts: Sequence[District], name: str | None, left: Work, administrators: int, administrator: str, today: date,
) -> Decision:  # fmt: skip
    """Another role, organisation, district or name. `left` is the work that the new role cannot go on with,
    `administrators` how many others are active under the role `administrator`."""
    refused = _not_known(state) or _own(account, actor)
    if refused is not None:
        return refused
    if not at.is_open:
        return _closed()
    if (state.role, state.organisation, state.districts) == (role, organisation, tuple(districts)) and name is None:
        return Refused("nothing_changed", "Non è cambiato niente.")
    if role != state.role and state.active:
        if state.role == administrator and not administrators:
            return _last()
        if (refused := _left(left, "cambiargli ruolo")) is not None:
            return refused
    return [
        AccountMoved(
            on=today, account=account, role=role, organisation=organisation, districts=tuple(districts), name=name
        )
    ]


def disable_account(
    state: Account, *, account: str, actor: str, why: Why, left: Work, administrators: int, administrator: str,
    today: date,
) -> Decision:  # fmt: skip
    """The account no longer enters. Its cases have gone to colleagues before, unless it must be stopped at once."""
    refused = _not_known(state) or _own(account, actor)
    if refused is not None:
        return refused
    if not state.active:
        return Refused("account_disabled", "L'utente è già disattivato.")
    if state.role == administrator and not administrators:
        return _last()
    if why != "security" and (refused := _left(left, "disattivarlo")) is not None:
        return refused
    return [AccountDisabled(on=today, account=account, why=why)]


def enable_account(state: Account, at: Organisation, *, account: str, actor: str, today: date) -> Decision:
    """The disabled account enters again, as it was."""
    refused = _not_known(state) or _own(account, actor)
    if refused is not None:
        return refused
    if state.active:
        return Refused("account_active", "L'utente è già attivo.")
    if not at.is_open:
        return Refused("organisation_closed", "L'ente dell'utente è chiuso: prima si sposta l'utente a un altro ente.")
    return [AccountEnabled(on=today, account=account)]


def open_organisation(
    state: Organisation, *, organisation: str, kind: OrganisationKind, name: str, today: date
) -> Decision:
    """An organisation begins to have people in the programme, or does again."""
    if state.is_open:
        return Refused("organisation_known", "C'è già un ente aperto con questo nome.", "name")
    return [OrganisationOpened(on=today, organisation=organisation, kind=kind, name=name)]


def close_organisation(state: Organisation, *, organisation: str, active: int, today: date) -> Decision:
    """An organisation ends; `active` accounts still work for it."""
    if state.kind is None:
        return Refused("organisation_unknown", "Questo ente non c'è.")
    if not state.is_open:
        return Refused("organisation_closed", "L'ente è già chiuso.")
    if active:
        who = "c'è ancora un utente attivo" if active == 1 else f"ci sono ancora {active} utenti attivi"
        return Refused("organisation_in_use", f"Nell'ente {who}: prima si disattivano o si spostano.")
    return [OrganisationClosed(on=today, organisation=organisation)]


def _not_known(state: Account) -> Refused | None:
    return None if state.role else Refused("account_unknown", "Questo utente non c'è.")


def _own(account: str, actor: str) -> Refused | None:
    if account != actor:
        return None
    return Refused("own_account", "Il proprio utente lo cambia un altro amministratore.")


def _closed() -> Refused:
    return Refused("organisation_closed", "Scegli un ente aperto dall'elenco.", "organisation")


def _last() -> Refused:
    return Refused(
        "last_administrator", "È l'ultimo amministratore attivo: prima se ne aggiunge o se ne riattiva un altro."
    )


def _left(left: Work, what: str) -> Refused | None:
    parts = []
    if left.cases:
        parts.append("1 persona in carico" if left.cases == 1 else f"{left.cases} persone in carico")
    if left.appointments:
        one = left.appointments == 1
        parts.append(
            "1 appuntamento o incontro da tenere" if one else f"{left.appointments} appuntamenti o incontri da tenere"
        )
    if not parts:
        return None
    sentence = (
        f"L'utente ha ancora {' e '.join(parts)}. Prima di {what} il lavoro passa a colleghi: la sua pagina dice come."
    )
    return Refused("open_cases" if left.cases else "open_appointments", sentence)
