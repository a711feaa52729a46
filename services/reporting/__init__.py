"""reporting: what the whole programme looks like, computed from everybody's facts and from nothing else.

Decides: that the figures of a half-year are made public (once, as of a day that is over).
Emits: ReportPublished, GovernanceFactCorrected (`governance`).
Hears: every fact of every service (`pathway`, `supply`, `courses`, `projects`, `governance`) and what the
readers of the log say about themselves (`dead-letters`).
Beside the worker there is `streams.py`, a Faust application with an environment of its own, which counts what
happens now in windows and publishes them on `monitoring`: for watching only, nothing true lives there.
"""
