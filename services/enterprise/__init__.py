"""enterprise: line 3 of the protocol, autoimprenditorialità and social innovation.

Decides: who may propose a project, the technical judgement (Comitato di valutazione), approval and amount
within the year's line, or refusal (Comitato di gestione: another account and role), payments, corrections.
Emits: on `projects` BudgetSet, ProjectSubmitted, TechnicalJudgementGiven, FundingApproved, FundsCommitted,
FundingRefused, PaymentMade, FundsPaid, ProjectFactCorrected; on `pathway` EnterprisePathStarted,
EnterpriseFunded, PathwayFactCorrected.
Hears: from intake PersonRegistered, TakenInCharge, PlanAgreed, PathwayClosed (who may propose, who left).
"""
