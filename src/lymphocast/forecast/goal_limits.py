"""Limits of a goal file: bounds on doses, injections and counts, and on adverse events.

An adverse event needs a model, which the goal states with its source: ::

    models:
      - {event: fever, of: injection, at_maintenance: 0.3, slope: 1.5, source: an assumption}
    limits:
      - {event: fever, probability: 0.9}
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite, nan
from typing import final

from lymphocast.dataset.maintenance import Maintenance
from lymphocast.forecast.amounts import a_week, an_injection
from lymphocast.forecast.goal import EventLimit, GoalLimit, LimitKind
from lymphocast.forecast.plan_kinds import Share, check_product, relative_amount
from lymphocast.record.fields import Field, Group, Listing
from lymphocast.record.kinds import JsonObject, Kind, Scope, Text, Word, shown, text_of
from lymphocast.record.misread import Misread
from lymphocast.record.numbers import Measure, Number
from lymphocast.record.printed import printed
from lymphocast.record.yamltree import Node, Table
from lymphocast.units import DAYS_PER_WEEK, Quantity

ONLY_NO_DRUG = (
    "(a limit of 0 leaves only the regimen 'no drug', which is always among those compared)"
)
INJECTION, WEEKLY_DOSE = "injection", "weekly_dose"
IN_AMOUNTS = {
    LimitKind.WEEKLY_DOSE: a_week,
    LimitKind.MEAN_WEEKLY_DOSE: a_week,
    LimitKind.INJECTION: an_injection,
}


@final
@dataclass(frozen=True)
class Bound(Kind):
    """A bound above 0: a limit of 0 would leave nothing to search."""

    def read(self, node: Node, scope: Scope) -> float:
        """Return the value of a node."""
        text = text_of(node, scope)
        try:
            value = float(text)
        except ValueError:
            value = nan
        if not (isfinite(value) and value > 0.0):
            raise scope.error(node, f"a limit of {shown(text)}", f"a number above 0 {ONLY_NO_DRUG}")
        return value

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"type": "number", "exclusiveMinimum": 0}


def _event_model(
    event: str, of: str, at_maintenance: float, slope: float, spread: float, source: str
) -> EventLimit:
    if not 0.0 < at_maintenance < 1.0:
        found = f"a probability of {at_maintenance:g} at maintenance"
        raise Misread(found=found, needed="one between 0 and 1, neither included")
    return EventLimit(event, of == INJECTION, at_maintenance, slope, spread, source)


EVENT_MODELS = Listing(
    Group(
        (
            Field("event", Text(), "what happens, such as fever"),
            Field("of", Word((INJECTION, WEEKLY_DOSE)), "the dose that it depends on"),
            Field("at_maintenance", Share(zero=False), "its probability at the maintenance dose"),
            Field("slope", Number(zero=True), "change of its log odds per ln of the dose"),
            Field("spread", Number(zero=True), "SD of its log odds", False, 0.0),
            Field("source", Text(), "where these numbers come from"),
        ),
        _event_model,
    )
)
"""Models of adverse events; each becomes a limit when one names it."""


def event_models(root: Table, scope: Scope) -> tuple[EventLimit, ...]:
    """Return the models of adverse events that a goal file states; ``RecordError`` if two agree."""
    node = root.get("models")
    if node is None:
        return ()
    EVENT_MODELS.check(node, scope)
    found = tuple(m for m in EVENT_MODELS.read(node, scope) if isinstance(m, EventLimit))
    names = [model.event for model in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise scope.error(node, f"two models of {shown(twice)}", "one model of each event")
    return found


def limit_group(maintenance: Maintenance, models: tuple[EventLimit, ...]) -> Group:
    """Return how one limit is read."""
    kinds = [Field(str(kind), Bound(), "the bound", False) for kind in LimitKind]
    return Group(
        (
            *kinds,
            Field("injection_amount", Measure(zero=True), "amount of one injection", False),
            Field("weekly_amount", Measure(zero=True), "amount of one week", False),
            Field("product", Text(), "the product that the amount is of", False),
            Field("event", Text(), "an adverse event that must not happen", False),
            Field("probability", Share(zero=False), "with which it must hold", False, 1.0),
        ),
        partial(_limit, maintenance, models),
    )


def _limit(
    maintenance: Maintenance,
    models: tuple[EventLimit, ...],
    *,
    injection_amount: Quantity | None,
    weekly_amount: Quantity | None,
    product: str | None,
    event: str | None,
    probability: float,
    **bounds: float | None,
) -> GoalLimit | EventLimit:
    given: list[tuple[str, Callable[[], GoalLimit | EventLimit]]] = [
        (name, partial(_bound, maintenance, LimitKind(name), bound, probability))
        for name, bound in bounds.items()
        if bound is not None
    ]
    check_product(maintenance, None, product)
    if injection_amount is not None:
        one = _relative(maintenance, injection_amount) * DAYS_PER_WEEK / maintenance.apart
        given.append(
            (
                "injection_amount",
                partial(
                    GoalLimit, LimitKind.INJECTION, one, probability, printed(injection_amount)
                ),
            )
        )
    if weekly_amount is not None:
        week = _relative(maintenance, weekly_amount)
        given.append(
            (
                "weekly_amount",
                partial(
                    GoalLimit, LimitKind.WEEKLY_DOSE, week, probability, printed(weekly_amount)
                ),
            )
        )
    if event is not None:
        given.append(("event", partial(_on_event, models, event, probability)))
    if len(given) != 1:
        found = " and ".join(name for name, _ in given) or "no bound"
        words = ", ".join([*map(str, LimitKind), "injection_amount", "weekly_amount", "event"])
        raise Misread(found=found, needed=f"one of {words} in each limit")
    ((_, make),) = given
    return make()


def _bound(
    maintenance: Maintenance, kind: LimitKind, bound: float, probability: float
) -> GoalLimit:
    """A limit in fractions, with its amount if that can be stated."""
    limit = GoalLimit(kind, bound, probability)
    if not maintenance.amounts_known or kind not in IN_AMOUNTS:
        return limit
    return replace(limit, amount=printed(IN_AMOUNTS[kind](maintenance, bound)))


def _relative(maintenance: Maintenance, amount: Quantity) -> float:
    relative = relative_amount(maintenance, amount)
    if relative == 0.0:
        raise Misread(found=f"a limit of '{amount}'", needed=f"an amount above 0 {ONLY_NO_DRUG}")
    return relative


def _on_event(models: tuple[EventLimit, ...], event: str, probability: float) -> EventLimit:
    for model in models:
        if model.event == event:
            return replace(model, probability=probability)
    known = ", ".join(f"'{model.event}'" for model in models) or "none is stated"
    needed = f"an event that 'models' has a model of ({known})"
    raise Misread(found=f"a limit on '{event}'", needed=needed)
