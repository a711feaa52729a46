"""What the JSON routes share: the store and the ids of their addresses."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path

from shared.events.base import Id
from shared.store import Store
from shared.web.app import get_store

StoreOf = Annotated[Store, Depends(get_store)]
PersonId = Annotated[Id, Path(description="La persona.")]
CompanyId = Annotated[Id, Path(description="L'azienda.")]
VacancyId = Annotated[Id, Path(description="La ricerca di personale.")]
PlacementId = Annotated[Id, Path(description="L'inserimento.")]
