"""Projects and the money for them. Pure: state, evolve, one function per decision.

Protocol, "Governance": the Comitato di valutazione gives the technical judgement, the Comitato di gestione
approves and funds; the money is the year's, shared out by the work plan. Two keys, two accounts, two roles.
All amounts are euro cents.
"""

from services.enterprise.domain.corrections import CORRECTABLE, check_correction, check_project_after
from services.enterprise.domain.decisions import (
    JUDGES,
    MANAGERS,
    approve_funding,
    judge_project,
    make_payment,
    refuse_funding,
    set_budget,
    submit_project,
)
from services.enterprise.domain.parameters import PARAMETERS, Parameter, euros, parameter
from services.enterprise.domain.rules import sound, sound_budget
from services.enterprise.domain.state import (
    Budget,
    Charge,
    Path,
    Project,
    budget_stream,
    path_stream,
    project_stream,
    status,
)

__all__ = [
    "CORRECTABLE", "JUDGES", "MANAGERS", "PARAMETERS", "Budget", "Charge", "Parameter", "Path", "Project",
    "approve_funding", "budget_stream", "check_correction", "check_project_after",
    "euros", "judge_project", "make_payment", "parameter", "path_stream", "project_stream",
    "refuse_funding", "set_budget", "sound", "sound_budget", "status", "submit_project",
]  # fmt: skip
