"""Intake's read models: the people with their stage, and what the other services say about each of them."""

from services.intake.views.agenda import (
    absences,
    agenda,
    appointments_of,
    closures,
    colliding,
    due_today,
    invitable,
    messages,
    orphans,
    sessions,
    soon,
    waiting_messages,
)
from services.intake.views.appointments import APPOINTMENTS
from services.intake.views.duplicates import DUPLICATES
from services.intake.views.first_contact import days_left, first_contacts
from services.intake.views.groups import ABSENCES, CLOSURES, SESSIONS
from services.intake.views.messages import MESSAGES
from services.intake.views.others import (
    FULFILS,
    OTHERS,
    fold_others,
    fulfilments,
    provided_by_others,
)
from services.intake.views.people import (
    PEOPLE,
    fold_person,
    stage_of,
    unknown_row,
)
from services.intake.views.permits import PERMITS, ending
from services.intake.views.public import PUBLIC_VIEWS, RIGHTS_REQUESTED, SITE_CONTACTS, WORK, overdue
from services.intake.views.public_queries import rights_requested, site_contacts, site_contacts_to_forget, work
from services.intake.views.queries import (
    case_managers,
    caseloads,
    cases_of,
    people,
)
from services.intake.views.reception import (
    DESK_DAYS,
    QUICK,
)
from services.intake.views.referrals import (
    REFERRALS,
)
from services.intake.views.target import DRAWS, TARGET, declarations, draws, watched
from services.intake.views.worklist import FLAGS, OF_A_MANAGER, Scope, worklist
from shared.projection.aliases import ALIASES

VIEWS = (
    TARGET,
    DRAWS,
    ALIASES,
    DUPLICATES,
    PERMITS,
    APPOINTMENTS,
    SESSIONS,
    ABSENCES,
    CLOSURES,
    MESSAGES,
    PEOPLE,
    OTHERS,
    *PUBLIC_VIEWS,
    DESK_DAYS,
    QUICK,
    REFERRALS,
)

__all__ = [
    "ABSENCES",
    "ALIASES",
    "APPOINTMENTS",
    "CLOSURES",
    "DESK_DAYS",
    "DRAWS",
    "DUPLICATES",
    "FLAGS",
    "FULFILS",
    "MESSAGES",
    "OF_A_MANAGER",
    "OTHERS",
    "PEOPLE",
    "PERMITS",
    "PUBLIC_VIEWS",
    "QUICK",
    "REFERRALS",
    "RIGHTS_REQUESTED",
    "SESSIONS",
    "SITE_CONTACTS",
    "TARGET",
    "VIEWS",
    "WORK",
    "Scope",
    "absences",
    "agenda",
    "appointments_of",
    "case_managers",
    "caseloads",
    "cases_of",
    "closures",
    "colliding",
    "days_left",
    "declarations",
    "draws",
    "due_today",
    "ending",
    "first_contacts",
    "fold_others",
    "fold_person",
    "fulfilments",
    "invitable",
    "messages",
    "orphans",
    "overdue",
    "people",
    "provided_by_others",
    "rights_requested",
    "sessions",
    "site_contacts",
    "site_contacts_to_forget",
    "soon",
    "stage_of",
    "unknown_row",
    "waiting_messages",
    "watched",
    "work",
    "worklist",
]
