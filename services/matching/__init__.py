"""Matching: companies, their vacancies, and what happens between them and a person (protocol, line 1).

Decides: who joins the network, what is sought, who is shortlisted, presented, placed, extended.
Emits: on `supply` CompanyRegistered, VacancyOpened, SelectionOpened, PositionFilled, VacancyClosed; on
`pathway` Shortlisted, Presented, PresentationAnswered, PlacementStarted, PlacementExtended, PlacementEnded;
corrections of each.
Hears: intake (PersonRegistered, InterviewHeld, TakenInCharge, CaseTransferred, PathwaySuspended,
        PathwayResumed, PathwayClosed, their corrections) and itself.
"""
