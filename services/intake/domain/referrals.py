"""Accredited referrers: who they are, and how much they hear back.

Public bodies refer and hear back on a task of public interest (art. 6.1.e GDPR, art. 2-ter D.Lgs. 196/2003:
by law or regulation); private bodies, the Church's included, only with the person's recorded agreement, which
can be withdrawn at any time (art. 7.3 GDPR). The kinds and levels are `[own]`, to be confirmed by the office.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, assert_never

from shared import names
from shared.decisions import Decision, Refused
from shared.events.intake import Channel
from shared.events.intake.referrals import (
    PersonReferred,
    ReferralAccepted,
    ReferralAgreementChanged,
    ReferralDeclined,
    ReferrerKind,
)

Own = PersonReferred | ReferralAccepted | ReferralDeclined | ReferralAgreementChanged
Reason = Literal["not_domiciled", "not_in_target", "refused_by_person", "unreachable"]


@dataclass(frozen=True, slots=True)
class Disclosure:
    """How much a kind of referrer hears back, from a civil date on."""

    kind: ReferrerKind
    level: int
    public: bool
    """Task of public interest; else the person's agreement is needed."""
    channel: Channel
    """The channel of a registration that comes of it."""
    valid_from: date
    source: str


_2017 = date(2017, 1, 1)
DISCLOSURES: tuple[Disclosure, ...] = (
    Disclosure("social_services", 3, True, "social_services", _2017, "[own] seguono il caso: L. 328/2000"),
    Disclosure("quartiere", 2, True, "quartiere", _2017, "[own]"),
    Disclosure("union", 2, True, "social_services", _2017, "[own]"),
    Disclosure("caritas", 2, False, "caritas", _2017, "[own]"),
    Disclosure("parish", 1, False, "parish", _2017, "[own]"),
    Disclosure("association", 1, False, "association", _2017, "[own]"),
)


def disclosure(kind: str, on: date, table: tuple[Disclosure, ...] = DISCLOSURES) -> Disclosure:
    """The line in force on that date; before the first one, the first. Raises KeyError for an unknown kind."""
    lines = sorted((each for each in table if each.kind == kind), key=lambda each: each.valid_from)
    if not lines:
        raise KeyError(kind)
    return next((each for each in reversed(lines) if each.valid_from <= on), lines[0])


@dataclass(frozen=True, slots=True)
class Organisation:
    """A body accredited to refer people; `name` is what the sign-in says of its accounts."""

    code: str
    name: str
    kind: ReferrerKind
    valid_from: date
    valid_until: date | None = None


ORGANISATIONS: tuple[Organisation, ...] = (
    Organisation("parrocchia-corticella", names.REFERRERS["parrocchia-corticella"], "parish", _2017),
    Organisation("caritas-bologna", names.REFERRERS["caritas-bologna"], "caritas", _2017),
    Organisation("sst-bologna", names.REFERRERS["sst-bologna"], "social_services", _2017),
    Organisation("quartiere-navile", names.REFERRERS["quartiere-navile"], "quartiere", _2017),
    Organisation("unione-appennino", names.REFERRERS["unione-appennino"], "union", _2017),
    Organisation("associazione-amici", names.REFERRERS["associazione-amici"], "association", _2017),
)
"""[own]: the list of the accredited is the office's; these are for the demonstration."""


def organisation_named(name: str, on: date, table: tuple[Organisation, ...] = ORGANISATIONS) -> Organisation | None:
    """The organisation that a reader belongs to, if it is accredited on that day."""
    held = (
        o for o in table if o.name == name and o.valid_from <= on and (o.valid_until is None or on <= o.valid_until)
    )
    return next(held, None)


def organisation_of(code: str) -> str:
    """The name of an organisation, accredited still or not."""
    return names.REFERRERS.get(code, code)


@dataclass(frozen=True, slots=True)
class Referral:
    """One referral of a person."""

    kind: ReferrerKind
    organisation: str
    level: int
    state: Literal["waiting", "accepted", "declined"] = "waiting"


@dataclass(frozen=True, slots=True)
class Referrals:
    """The referrals in a person's stream."""

    by_id: Mapping[str, Referral] = field(default_factory=dict)
    accepted: frozenset[str] = frozenset()
    """Also those that were made under another id of the same person."""


def evolve_referrals(referrals: Referrals, own: Own) -> Referrals:
    """The referrals after one more fact."""
    known = referrals.by_id.get(own.referral_id)
    match own:
        case PersonReferred():
            return _put(referrals, own.referral_id, Referral(own.kind, own.organisation, own.level))
        case ReferralAccepted():
            accepted = replace(referrals, accepted=referrals.accepted | {own.referral_id})
            return accepted if known is None else _put(accepted, own.referral_id, replace(known, state="accepted"))
        case ReferralDeclined():
            return referrals if known is None else _put(referrals, own.referral_id, replace(known, state="declined"))
        case ReferralAgreementChanged():
            return referrals if known is None else _put(referrals, own.referral_id, replace(known, level=own.level))
        case _:
            assert_never(own)


def _put(referrals: Referrals, referral_id: str, referral: Referral) -> Referrals:
    return replace(referrals, by_id={**referrals.by_id, referral_id: referral})


def heard(kind: str, agreed: int, on: date) -> int:
    """The level that the referrer hears on that day: never more than the person was told or agreed to."""
    return min(disclosure(kind, on).level, agreed)


def refer(
    *, person_id: str, referral_id: str, organisation: Organisation, informed_on: date | None, consent: bool,
    agreed: bool, identity: str, on: date,
) -> Decision:  # fmt: skip
    """An organisation refers somebody. Everybody is informed first (art. 13-14 GDPR); to a private body the
    person must have said yes to the referral itself, and a second time to its hearing back."""
    line = disclosure(organisation.kind, on)
    if informed_on is None or informed_on > on:
        return Refused("not_informed", "Indica il giorno in cui la persona ha ricevuto l'informativa.", "informed_on")
    if not line.public and not consent:
        return Refused(
            "no_consent",
            "Un ente privato può segnalare una persona solo con il suo consenso: fallo firmare, poi registralo qui.",
            "consent",
        )
    return [
        PersonReferred(
            on=on, person_id=person_id, referral_id=referral_id, organisation=organisation.code,
            kind=organisation.kind, level=line.level if line.public or agreed else 0, informed_on=informed_on,
            identity=identity,
        )
    ]  # fmt: skip


def _waiting(referrals: Referrals, referral_id: str) -> Referral | Refused:
    referral = referrals.by_id.get(referral_id)
    if referral is None:
        return Refused("referral_unknown", "Questa segnalazione non c'è.")
    if referral.state != "waiting":
        return Refused("referral_answered", "A questa segnalazione è già stata data risposta.")
    return referral


def accept(referrals: Referrals, *, referral_id: str, person_id: str, on: date) -> Decision:
    """The referred person was registered, under the id of the referral."""
    found = _waiting(referrals, referral_id)
    if isinstance(found, Refused):
        return found
    return [ReferralAccepted(on=on, person_id=person_id, referral_id=referral_id, known=False)]


def accept_known(
    referrals: Referrals, *, referral_id: str, referred_id: str, known_id: str, registered: bool, on: date
) -> Decision:
    """The referred person was in the programme already: the referral follows them there."""
    found = _waiting(referrals, referral_id)
    if isinstance(found, Refused):
        return found
    if not registered or known_id == referred_id:
        return Refused("not_registered", "Scegli una persona già iscritta.", "person_id")
    return [
        ReferralDeclined(on=on, person_id=referred_id, referral_id=referral_id, reason="known_already"),
        ReferralAccepted(on=on, person_id=known_id, referral_id=referral_id, known=True),
    ]


def decline(referrals: Referrals, *, referral_id: str, person_id: str, reason: Reason, on: date) -> Decision:
    """The referral is answered without a registration."""
    found = _waiting(referrals, referral_id)
    if isinstance(found, Refused):
        return found
    return [ReferralDeclined(on=on, person_id=person_id, referral_id=referral_id, reason=reason)]


def change_agreement(referrals: Referrals, *, referral_id: str, person_id: str, agreed: bool, on: date) -> Decision:
    """The person agrees that a private body hears back, or withdraws it (then only that it was received).

    A public body hears on a task of public interest, for which there is nothing to agree to or withdraw; the
    person may object (art. 21 GDPR), which is another procedure.
    """
    referral = referrals.by_id.get(referral_id)
    if referral is None:
        return Refused("referral_unknown", "Questa segnalazione non c'è.")
    line = disclosure(referral.kind, on)
    if line.public:
        return Refused("public_body", "È un ente pubblico: ciò che riceve non dipende dal consenso della persona.")
    level = line.level if agreed else 0
    if level == referral.level:
        return []
    return [ReferralAgreementChanged(on=on, person_id=person_id, referral_id=referral_id, level=level)]
