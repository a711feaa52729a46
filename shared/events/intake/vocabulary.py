"""The words in which intake describes a person, coarsely."""

from __future__ import annotations

from typing import Literal

Channel = Literal[
    "parish", "caritas", "social_services", "quartiere", "employment_centre", "health_service", "association",
    "trade_union", "company", "desk", "web", "press", "word_of_mouth",
]  # fmt: skip
AgeBand = Literal["15-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70+"]
Sex = Literal["M", "F", "X"]
"""M and F as in the ISTAT vocabulary; X where the person did not want to say."""
CitizenshipArea = Literal["italy", "eu", "europe_other", "africa", "asia", "americas", "oceania", "stateless"]
Education = Literal["none", "primary", "lower_secondary", "vocational", "upper_secondary", "tertiary", "unknown"]
District = Literal[
    "citta-di-bologna", "pianura-est", "pianura-ovest", "reno-lavino-samoggia", "savena-idice",
    "appennino-bolognese", "imola",
]  # fmt: skip
RegistrationDistrict = Literal[District, "outside"]
"""A person's: `outside` where the domicile is in none of the 55 municipalities (the check of the domicile fails then,
but who asked for help stays known)."""
Direction = Literal["matching", "training", "enterprise"]
"""The three lines of the protocol: raccordo domanda-offerta, formazione, autoimprenditorialita'."""
