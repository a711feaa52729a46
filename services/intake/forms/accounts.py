"""The directory's forms."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

from services.intake.domain.accounts import Why
from services.intake.forms.fields import Form, Line
from shared.events.base import Code
from shared.events.intake import District, OrganisationCode, OrganisationKind

LOGIN = re.compile(r"^[a-z0-9][a-z0-9_.-]{0,61}\Z")


def _login(value: object) -> object:
    """As the provider writes it, or as the platform does: `Elena.Conti`, `u-elena.conti`."""
    if not isinstance(value, str):
        return value
    login = value.strip().lower().removeprefix("u-")
    if not LOGIN.match(login):
        raise ValueError("Scrivi solo lettere senza accenti, cifre, punti e trattini, senza spazi: elena.conti.")
    return login


Login = Annotated[str, BeforeValidator(_login)]
Districts = Annotated[tuple[District, ...], Field(max_length=7)]


class AccountForm(Form):
    """Somebody who begins."""

    account: Login
    name: Line
    role: Code
    organisation: OrganisationCode
    districts: Districts = ()


class MoveAccountForm(Form):
    """What is to hold from now on; the name only where it is another one."""

    role: Code
    organisation: OrganisationCode
    districts: Districts = ()
    name: Line | None = None


class DisableForm(Form):
    """Why the account no longer enters."""

    why: Why


class OrganisationForm(Form):
    """An organisation that begins."""

    name: Line
    kind: OrganisationKind
