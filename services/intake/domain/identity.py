"""What intake's facts say about who a person is: permit of stay, attachments, and who is the same person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import assert_never

from shared.events.intake import (
    AttachmentAdded,
    AttachmentRemoved,
    DuplicateDismissed,
    DuplicateProposed,
    PermitRecorded,
    PermitReminderDue,
    PersonsJoined,
    PersonsParted,
)

IdentityFact = (
    PermitRecorded
    | PermitReminderDue
    | DuplicateProposed
    | DuplicateDismissed
    | PersonsJoined
    | PersonsParted
    | AttachmentAdded
    | AttachmentRemoved
)


@dataclass(frozen=True, slots=True)
class Identity:
    """It is the person's, not an episode's: a new registration keeps all of it."""

    permit: PermitRecorded | None = None
    reminded: frozenset[date] = frozenset()
    """The last days of permits of which the person was reminded."""
    attachments: Mapping[str, AttachmentAdded] = field(default_factory=dict)
    proposed: frozenset[str] = frozenset()
    """Who was proposed as the same person, once and for all."""
    different: frozenset[str] = frozenset()
    """Who was found to be somebody else."""
    joined_into: str | None = None
    """The id under which this person is shown and counted, if another."""
    members: frozenset[str] = frozenset()
    """The ids that are shown and counted under this one."""


def evolve_identity(state: Identity, own: IdentityFact) -> Identity:
    """After one more fact."""
    match own:
        case PermitRecorded():
            return replace(state, permit=own)
        case PermitReminderDue():
            return replace(state, reminded=state.reminded | {own.expires_on})
        case DuplicateProposed():
            return replace(state, proposed=state.proposed | {own.other_id})
        case DuplicateDismissed():
            return replace(state, different=state.different | {own.other_id})
        case PersonsJoined():
            if own.person_id == own.alias_id:
                return replace(state, joined_into=own.root_id)
            return replace(state, members=state.members | {own.alias_id})
        case PersonsParted():
            other = own.root_id if own.person_id == own.alias_id else own.alias_id
            state = replace(state, different=state.different | {other})
            if own.person_id == own.alias_id:
                return replace(state, joined_into=None)
            return replace(state, members=state.members - {own.alias_id})
        case AttachmentAdded():
            return replace(state, attachments={**state.attachments, own.attachment_id: own})
        case AttachmentRemoved():
            left = {key: one for key, one in state.attachments.items() if key != own.attachment_id}
            return replace(state, attachments=left)
        case _:
            assert_never(own)
