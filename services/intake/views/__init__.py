"""Intake's read models: the people with their stage, and what the other services say about each of them."""

from services.intake.views.accounts import ORGANISATIONS
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
from services.intake.views.emergencies import EMERGENCIES
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
from services.intake.views.public import PUBLIC_VIEWS, SITE_CONTACTS, WORK
from services.intake.views.public_queries import site_contacts, site_contacts_to_forget, work
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
from services.intake.views.rights import ERASURES, RIGHTS_REQUESTED, overdue
from services.intake.views.rights_queries import erasures, erasures_to_carry_out, rights_requested, to_propose
from services.intake.views.target import DRAWS, TARGET, declarations, draws, watched
from services.intake.views.worklist import FLAGS, OF_A_MANAGER, Scope, worklist
from shared.projection.accounts import ACCOUNTS
from shared.projection.aliases import ALIASES
from shared.projection.privacy import PRIVACY

VIEWS = (
    ACCOUNTS,
    ORGANISATIONS,
    TARGET,
    DRAWS,
    ALIASES,
    PRIVACY,
    RIGHTS_REQUESTED,
    ERASURES,
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
    EMERGENCIES,
)

__all__ = [
    "ABSENCES",
    "ALIASES",
    "APPOINTMENTS",
    "CLOSURES",
    "DESK_DAYS",
    "DRAWS",
    "DUPLICATES",
    "EMERGENCIES",
    "ERASURES",
    "FLAGS",
    "FULFILS",
    "MESSAGES",
    "OF_A_MANAGER",
    "OTHERS",
    "PEOPLE",
    "PERMITS",
    "PRIVACY",
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
    "erasures",
    "erasures_to_carry_out",
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
    "to_propose",
    "unknown_row",
    "waiting_messages",
    "watched",
    "work",
    "worklist",
]
