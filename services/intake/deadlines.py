"""What time alone makes happen in intake. Overdue contacts and actions are queries of 'Oggi'."""

from services.intake import announcements, questionnaire, views
from services.intake.commands import draft_deadline, erasure, permits
from services.intake.commands.reception import end_day
from services.intake.commands.self_registration import forget
from services.intake.views import referrals
from services.intake.views.reception import days_to_end
from shared.service import Deadline

DEADLINES: tuple[Deadline, ...] = (
    Deadline("desk-days", days_to_end, end_day),
    Deadline("drafts", draft_deadline.due, draft_deadline.delete),
    Deadline("permit-reminder", permits.due, permits.remind),
    Deadline("questionnaires", questionnaire.expired, forget),
    Deadline("referrals", referrals.to_forget, forget),
    Deadline("contacts", views.site_contacts_to_forget, forget),
    Deadline("erasures", views.erasures_to_carry_out, erasure.carry_out_due),
    Deadline("retention", views.to_propose, erasure.propose_by_rule),
    *announcements.DEADLINES,
)
