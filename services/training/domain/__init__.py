"""The rules of training. Pure: state, evolve, one function per decision.

Two streams: a course (`courses`) with its seats, and a person's way through the courses (`pathway`). A
seat and the enrolment it belongs to are decided, and undone, together.
"""

from services.training.domain.checks import italian_date
from services.training.domain.corrections import check_course_correction, check_enrolment_correction
from services.training.domain.courses import (
    CancelReason,
    Positions,
    activate_course,
    cancel_course,
    check_proposal,
    link_vacancy,
    lose_positions,
    open_positions,
    propose_course,
    unlink_vacancy,
)
from services.training.domain.enrolments import (
    Certificate,
    LeaveReason,
    as_one,
    complete,
    end_enrolments,
    enrol,
    leave,
)
from services.training.domain.parameters import (
    PARAMETERS,
    Parameter,
    attendance_default,
    parameter,
    positions_needed,
)
from services.training.domain.state import Course, Trainee, course_stream, person_stream

__all__ = [
    "PARAMETERS", "CancelReason", "Certificate", "Course", "LeaveReason", "Parameter", "Positions", "Trainee",
    "activate_course", "as_one", "attendance_default", "cancel_course", "check_course_correction",
    "check_enrolment_correction", "check_proposal", "complete", "course_stream", "end_enrolments", "enrol",
    "italian_date", "leave", "link_vacancy", "lose_positions", "open_positions", "parameter", "person_stream",
    "positions_needed", "propose_course", "unlink_vacancy",
]  # fmt: skip
