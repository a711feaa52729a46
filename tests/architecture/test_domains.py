"""Every fact that a service owns is folded by one of its own streams: forgotten branches are found here.

mypy sees a branch missing from a union (`assert_never`), but not an event missing from the union itself.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any, get_type_hints

import pytest

from shared.events import REGISTRY, SERVICES, Event
from shared.events.base import Correction
from tests.contracts.publish import example

Evolve = Callable[[Any, Event], Any]


def evolves(service: str) -> list[tuple[Any, Evolve]]:
    """The evolve functions of the service's domain, each with the state of a stream where nothing happened."""
    package = importlib.import_module(f"services.{service}.domain")
    modules = [package]
    if hasattr(package, "__path__"):
        modules += [
            importlib.import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__)
        ]
    found = {
        name: function
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if name.startswith("evolve")
    }
    hints = [(list(get_type_hints(function).values()), function) for function in found.values()]
    # A part of a stream's state takes its own few facts from the stream's evolve, which takes any Event.
    return [(types[0](), function) for types, function in hints if types[1] is Event]


def folds(found: list[tuple[Any, Evolve]], event: Event) -> bool:
    """Whether one of them takes the fact without protest."""
    for initial, evolve in found:
        try:
            evolve(initial, event)
        except AssertionError:
            continue
        return True
    return False


def own(service: str) -> list[type[Event]]:
    """What the service owns, corrections aside: those never reach evolve."""
    return [t for t in REGISTRY.values() if t.TYPE.split(".")[0] == service and not issubclass(t, Correction)]


@pytest.mark.parametrize("service", SERVICES)
def test_every_own_fact_is_folded(service: str) -> None:
    found = evolves(service)
    assert found
    missing = [t.TYPE for t in own(service) if not folds(found, t.model_validate(example(t)))]
    assert missing == []


def test_a_fact_of_another_service_is_not() -> None:
    """The negative control: intake's streams do not take matching's facts."""
    stranger = REGISTRY["matching.company-registered"]
    assert not folds(evolves("intake"), stranger.model_validate(example(stranger)))


@pytest.mark.parametrize("service", SERVICES)
def test_services_are_alike_inside(service: str) -> None:
    package = importlib.import_module(f"services.{service}")
    assert package.__doc__, "the service card"
    names = {m.name for m in pkgutil.iter_modules(package.__path__)}
    expected = {"__main__", "api", "app", "commands", "deadlines", "domain", "pages", "reactions", "service", "views"}
    assert expected <= names, f"missing: {expected - names}"
