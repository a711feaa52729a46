"""The rules of reporting: the definitions of its figures, and when they are made public. Pure."""

from services.reporting.domain.figures import HalfYear, half_year
from services.reporting.domain.periods import PARAMETERS, Parameter, Period, period_of
from services.reporting.domain.publication import Report, correctable, evolve_report, publish, report_stream
from services.reporting.domain.small_counts import HIDDEN, masked

__all__ = [
    "HIDDEN", "PARAMETERS", "HalfYear", "Parameter", "Period", "Report", "correctable", "evolve_report",
    "half_year", "masked", "period_of", "publish", "report_stream",
]  # fmt: skip
