"""What the provider's claims mean here is configuration; whom the programme does not know is told so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.web.oidc import Claims, SignInRefused, read_claims, reader_of

AMINA = {
    "preferred_username": "Amina.Haddad", "name": "Amina Haddad", "roles": ["default-roles-x", "case_manager"],
    "organisation": "Comune di Imola", "districts": ["imola"],
}  # fmt: skip


def test_claims_of_the_programmes_own_realm_need_no_configuration() -> None:
    reader = reader_of(AMINA, Claims())
    assert (reader.account, reader.name, reader.role) == ("u-amina.haddad", "Amina Haddad", "case_manager")
    assert (reader.organisation, reader.districts) == ("Comune di Imola", ("imola",))


def test_another_providers_habits_are_configured(tmp_path: Path) -> None:
    file = tmp_path / "claims.json"
    file.write_text(
        json.dumps({"account": "uid", "roles": "realm_access.roles", "role_of": {"IPL-OPER": "desk_operator"}})
    )
    reader = reader_of({"uid": "luca", "realm_access": {"roles": ["IPL-OPER"]}}, read_claims(file))
    assert (reader.account, reader.role, reader.name) == ("u-luca", "desk_operator", "luca")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"roles": ["somebody_else"]}, "no_role"),
        ({"roles": None}, "no_role"),
        ({"roles": ["case_manager", "dpo"]}, "many_roles"),
        ({"preferred_username": ""}, "account"),
        ({"preferred_username": "amina haddad<script>"}, "account"),
    ],
)
def test_whom_the_programme_does_not_know_is_refused(changed: dict[str, object], code: str) -> None:
    with pytest.raises(SignInRefused) as refused:
        reader_of(AMINA | changed, Claims())
    assert refused.value.code == code
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("text", ["{", '{"colour": "blue"}', '{"role_of": {"X": "king"}}'])
def test_a_wrong_configuration_stops_the_start(tmp_path: Path, text: str) -> None:
    file = tmp_path / "claims.json"
    file.write_text(text)
    with pytest.raises(SystemExit, match="INSIEME_CLAIMS"):
        read_claims(file)
