"""What an operator may ask of training: one function per command, and the form that carries it."""

from services.training.commands.corrections import correct_course, correct_enrolment
from services.training.commands.courses import (
    activate_course,
    cancel_course,
    link_vacancy,
    positions_of,
    propose_course,
    unlink_vacancy,
)
from services.training.commands.enrolments import complete, enrol, leave
from services.training.commands.forms import (
    CancelForm,
    CompletionForm,
    CourseCorrectionForm,
    Day,
    DayForm,
    EnrolForm,
    EnrolmentCorrectionForm,
    LeaveForm,
    LinkForm,
    ProposalForm,
)

__all__ = [
    "CancelForm", "CompletionForm", "CourseCorrectionForm", "Day", "DayForm", "EnrolForm",
    "EnrolmentCorrectionForm", "LeaveForm", "LinkForm", "ProposalForm", "activate_course", "cancel_course",
    "complete", "correct_course", "correct_enrolment", "enrol", "leave", "link_vacancy", "positions_of",
    "propose_course", "unlink_vacancy",
]  # fmt: skip
