"""Intake: who comes, whether they are in the target, who follows them, with which plan and which outcome.

Decides   registration (also the public questionnaire, referrals, imports; a new episode after a closure),
          eligibility with its checks and samples, interview and finding, assessment, taking in charge, plan,
          closure; appointments, reception, contacts, transfers, suspensions; who is the same person.
Emits     on `pathway`: everything that it decides about a person, messages to them (also of other services'
          facts: only intake writes to persons) and its corrections; on `desks`: a desk's day and week; on
          `governance`: samples of declarations; on `profiles`: the fine attributes.
Hears     all of `pathway`, to show it; placement-started, course-completed and funded, with their
          corrections, to close and reopen actions of the plan.
Alone     keeps the identities (vault), the index to find them, the three doors (tags, find, compose) and the
          log of who read them.
"""
