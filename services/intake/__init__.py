"""Intake: who comes, whether they are in the target, who follows them, with which plan and which outcome.

Decides   registration (a new episode after a closure), the three eligibility checks, interview, taking in
          charge, plan, closure; and which actions of the plan other services' facts have fulfilled.
Emits     on `pathway`: person-registered, eligibility-checked, interview-held, taken-in-charge, plan-agreed,
          plan-action-done, pathway-closed, pathway-fact-corrected; on `profiles`: the fine attributes.
Hears     all of `pathway`, to show it; placement-started, course-completed and funded, with their
          corrections, to close and reopen actions of the plan.
Alone     keeps the identities (vault), the index to find them, the three doors (tags, find, compose) and the
          log of who read them.
"""
