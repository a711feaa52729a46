"""What forms and API bodies hold. A wrong value is told under its field, in Italian, before any decision."""

from services.intake.forms.casework import (
    ChargeForm,
    CloseForm,
    CorrectForm,
    InterviewForm,
    PlanForm,
)
from services.intake.forms.checks import (
    DomicileForm,
    MeasuresForm,
    StatusForm,
)
from services.intake.forms.fields import (
    OUTSIDE,
    Day,
    Email,
    Form,
    Language,
    Licence,
    Line,
    Phone,
    Text,
)
from services.intake.forms.identity import (
    IdentityForm,
    RegisterForm,
)

__all__ = [
    "OUTSIDE",
    "ChargeForm",
    "CloseForm",
    "CorrectForm",
    "Day",
    "DomicileForm",
    "Email",
    "Form",
    "IdentityForm",
    "InterviewForm",
    "Language",
    "Licence",
    "Line",
    "MeasuresForm",
    "Phone",
    "PlanForm",
    "RegisterForm",
    "StatusForm",
    "Text",
]
