"""Read models of training, and the queries on them.

The queries live in a module of their own: a view is built again whenever the module of its fold changes.
"""

from services.training.views.folds import (
    COURSES,
    ENROLMENTS,
    PEOPLE,
    VACANCIES,
    VIEWS,
    fold_course,
    fold_enrolment,
    fold_person,
    fold_vacancy,
)

__all__ = [
    "COURSES", "ENROLMENTS", "PEOPLE", "VACANCIES", "VIEWS", "fold_course", "fold_enrolment", "fold_person",
    "fold_vacancy",
]  # fmt: skip
