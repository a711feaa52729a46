"""The 55 municipalities: counted, partitioned, and dated."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from shared import territory

NOW = date(2026, 6, 1)


def code(name: str) -> str:
    found = territory.by_name(name)
    assert found is not None, name
    return found.code


def test_there_are_fifty_five_with_distinct_codes() -> None:
    everyone = territory.municipalities()
    assert len(everyone) == 55
    assert len({each.code for each in everyone}) == len({each.belfiore for each in everyone}) == 55
    assert all(each.code.startswith("037") and each.population > 0 for each in everyone)


def test_the_districts_are_a_partition_of_the_known_sizes() -> None:
    sizes = Counter(territory.district_of(each.code, NOW) for each in territory.municipalities())
    assert sizes == {
        "citta-di-bologna": 1, "pianura-est": 15, "pianura-ovest": 6, "reno-lavino-samoggia": 5,
        "savena-idice": 6, "appennino-bolognese": 12, "imola": 10,
    }  # fmt: skip
    assert set(sizes) == set(territory.DISTRICTS)


def test_every_union_has_a_name_and_no_municipality_is_in_two_at_once() -> None:
    assert {each.union for each in territory.memberships()} == set(territory.UNIONS)
    for each in territory.municipalities():
        assert sum(m.code == each.code and m.holds(NOW) for m in territory.memberships()) <= 1


def test_persiceto_left_its_union_on_new_years_day_2026() -> None:
    persiceto = code("San Giovanni in Persiceto")
    assert territory.union_of(persiceto, date(2025, 12, 31)) == "unione-terred-acqua"
    assert territory.union_of(persiceto, date(2026, 1, 1)) is None
    assert territory.district_of(persiceto, date(2026, 1, 1)) == "pianura-ovest"


def test_san_lazzaro_left_its_union_in_july_2015() -> None:
    san_lazzaro = code("San Lazzaro di Savena")
    assert territory.union_of(san_lazzaro, date(2015, 7, 21)) == "unione-savena-idice"
    assert territory.union_of(san_lazzaro, date(2015, 7, 22)) is None
    assert territory.district_of(san_lazzaro, NOW) == "savena-idice"


def test_the_merged_municipalities_know_their_birthday() -> None:
    alto_reno = territory.municipality(code("alto reno terme"))
    assert alto_reno.belfiore == "M369"
    assert alto_reno.created == date(2016, 1, 1)
    assert territory.union_of(alto_reno.code, NOW) is None
    valsamoggia = territory.municipality(code("VALSAMOGGIA"))
    assert valsamoggia.created == date(2014, 1, 1)
    assert territory.union_of(valsamoggia.code, NOW) == "unione-reno-lavino-samoggia"
    assert territory.by_name("Porretta Terme") is None


def test_those_in_no_union_are_the_known_ones() -> None:
    outside = {each.name for each in territory.municipalities() if territory.union_of(each.code, NOW) is None}
    assert outside == {
        "Bologna", "San Lazzaro di Savena", "Molinella", "Alto Reno Terme", "San Giovanni in Persiceto",
    }  # fmt: skip


def test_names_are_found_however_they_are_written() -> None:
    assert code("anzola dell’emilia") == code("ANZOLA DELL'EMILIA") == "037001"
    assert territory.by_name("Modena") is None


def test_a_code_outside_the_55_is_an_error() -> None:
    assert not territory.is_metropolitan("036023")
    with pytest.raises(KeyError):
        territory.union_of("036023", NOW)
    with pytest.raises(KeyError):
        territory.district_of("036023", NOW)


def test_quartieri_have_names_and_weights() -> None:
    assert len(territory.QUARTIERI) == 6
    assert set(territory.QUARTIERI) == set(territory.QUARTIERI_POPULATION)
    assert territory.municipality(territory.CAPITAL).name == "Bologna"
    assert dict(territory.weights())[territory.CAPITAL] == 371_337
