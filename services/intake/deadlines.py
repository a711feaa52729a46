"""What time alone makes happen in intake. Overdue contacts and actions are queries of 'Oggi'."""

from services.intake import announcements, questionnaire, views
from services.intake.commands import draft_deadline, permits
from services.intake.commands.reception import end_day
from services.intake.commands.self_registration import forget
from services.intake.views.reception import days_to_end
from shared.service import Deadline

DEADLINES: tuple[Deadline, ...] = (
    Deadline("desk-days", days_to_end, end_day),
    Deadline("drafts", draft_deadline.due, draft_deadline.delete),
    Deadline("permit-reminder", permits.due, permits.remind),
    Deadline("questionnaires", questionnaire.expired, forget),
    Deadline("contacts", views.site_contacts_to_forget, forget),
    *announcements.DEADLINES,
)
