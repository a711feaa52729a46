"""training: courses of the three kinds of the protocol, and a person's way through them.

Decides: proposing, linking to vacancies, activating and cancelling a course; enrolling, leaving, completing.
Emits: CourseProposed, VacancyLinked, VacancyUnlinked, CourseActivated, PositionsLost, CourseCancelled,
SeatTaken, SeatReleased, CourseFactCorrected (`courses`); Enrolled, CourseCompleted, CourseLeft,
PathwayFactCorrected (`pathway`).
Hears: intake's PersonRegistered, TakenInCharge, PlanAgreed and PathwayClosed; matching's VacancyOpened,
PositionFilled and VacancyClosed, which say how many positions a 2.b course leads to; and its own facts.
"""
