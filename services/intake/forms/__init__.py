"""What forms and API bodies hold. A wrong value is told under its field, in Italian, before any decision."""

from services.intake.forms.accounts import AccountForm, DisableForm, MoveAccountForm, OrganisationForm
from services.intake.forms.agenda import AbsenceForm, At, ClosureForm, DaysForm, SlotForm
from services.intake.forms.appointments import BookForm, CancelForm, Choice, ChoicesForm, KeptForm, MissedForm, MoveForm
from services.intake.forms.assessment import AssessmentForm, FragilityForm, LanguageForm, ReadinessForm
from services.intake.forms.casework import (
    ChargeForm,
    CloseForm,
    CorrectForm,
    InterviewForm,
)
from services.intake.forms.checks import (
    DomicileForm,
    MeasuresForm,
    StatusForm,
)
from services.intake.forms.contacts import (
    ContactForm,
    HandOverForm,
    NoteForm,
    ResumeForm,
    SuspendForm,
    TransferForm,
)
from services.intake.forms.documents import (
    AttachmentForm,
    DismissForm,
    JoinForm,
    PartForm,
    PermitForm,
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
from services.intake.forms.groups import AttendanceForm, InviteForm, SessionForm
from services.intake.forms.identity import (
    IdentityForm,
    RegisterForm,
)
from services.intake.forms.messages import MessagingForm, WishesForm
from services.intake.forms.plans import (
    ROWS,
    ConfirmForm,
    PlanForm,
    PlanSheet,
    ReviewForm,
    SignForm,
    StepForm,
)
from services.intake.forms.reception import (
    CallForm,
    QuickForm,
    StandForm,
)
from services.intake.forms.referrals import (
    AgreementForm,
    DeclineForm,
    KnownForm,
    ReferForm,
)
from services.intake.forms.sampling import DrawForm, NoticeForm, VerifyForm

__all__ = [
    "OUTSIDE",
    "ROWS",
    "AbsenceForm",
    "AccountForm",
    "AgreementForm",
    "AssessmentForm",
    "At",
    "AttachmentForm",
    "AttendanceForm",
    "BookForm",
    "CallForm",
    "CancelForm",
    "ChargeForm",
    "Choice",
    "ChoicesForm",
    "CloseForm",
    "ClosureForm",
    "ConfirmForm",
    "ContactForm",
    "CorrectForm",
    "Day",
    "DaysForm",
    "DeclineForm",
    "DisableForm",
    "DismissForm",
    "DomicileForm",
    "DrawForm",
    "Email",
    "Form",
    "FragilityForm",
    "HandOverForm",
    "IdentityForm",
    "InterviewForm",
    "InviteForm",
    "JoinForm",
    "KeptForm",
    "KnownForm",
    "Language",
    "LanguageForm",
    "Licence",
    "Line",
    "MeasuresForm",
    "MessagingForm",
    "MissedForm",
    "MoveAccountForm",
    "MoveForm",
    "NoteForm",
    "NoticeForm",
    "OrganisationForm",
    "PartForm",
    "PermitForm",
    "Phone",
    "PlanForm",
    "PlanSheet",
    "QuickForm",
    "ReadinessForm",
    "ReferForm",
    "RegisterForm",
    "ResumeForm",
    "ReviewForm",
    "SessionForm",
    "SignForm",
    "SlotForm",
    "StandForm",
    "StatusForm",
    "StepForm",
    "SuspendForm",
    "Text",
    "TransferForm",
    "VerifyForm",
    "WishesForm",
]
