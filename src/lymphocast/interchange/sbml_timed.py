"""Events of an SBML document that happen at known times, as doses and covariates.

An event is read if its trigger is that time has come, ``time >= T`` with a T that does not change,
and if each of its assignments adds a known amount to a state, which is a dose, or gives a symbol
without a rule a new value, which is a covariate. Anything else needs to watch the states while they
change and is refused.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, final

from lymphocast.dataset.events import EventKind, EventRecord, EventTable
from lymphocast.errors import ExchangeError
from lymphocast.interchange.sbml_formula import FormulaReader
from lymphocast.models.formula import (
    TIME,
    Call,
    Formula,
    Name,
    Number,
    define,
    evaluate,
    names_read,
)
from lymphocast.models.formula_model import FormulaModel

LATER = {"geq": (0, 1), "gt": (0, 1), "leq": (1, 0), "lt": (1, 0)}
"""Where time and where the moment stand in a comparison."""

NEEDED = "a trigger that time has come, such as time >= 5"


@final
@dataclass(frozen=True)
class Timed:
    """An event: when it is triggered, how long it waits, and what it makes of which symbols."""

    where: str
    at: Formula
    delay: Formula
    priority: Formula
    sets: tuple[tuple[str, Formula], ...]
    at_trigger: bool
    from_start: bool


def read_events(model: Any, reader: FormulaReader) -> tuple[Timed, ...]:  # noqa: ANN401 (libSBML)
    """Return the events of a document.

    Raises
    ------
    ExchangeError
        If a trigger is not that time has come.
    """
    return tuple(
        found
        for index, event in enumerate(model.getListOfEvents(), 1)
        if (found := _timed(event, f"event '{event.getId() or index}'", reader)) is not None
    )


def _timed(event: Any, where: str, reader: FormulaReader) -> Timed | None:  # noqa: ANN401
    trigger = event.getTrigger()
    if trigger is None or trigger.getMath() is None:
        return None
    condition = reader.read(trigger.getMath(), f"{where}, trigger")
    sets = tuple(
        (a.getVariable(), reader.read(a.getMath(), f"{where}, '{a.getVariable()}'"))
        for a in event.getListOfEventAssignments()
        if a.getMath() is not None
    )
    return Timed(
        where,
        _moment(condition, where, reader.file),
        _optional(event.getDelay(), where, reader),
        _optional(event.getPriority(), where, reader),
        sets,
        event.getUseValuesFromTriggerTime(),
        trigger.getLevel() > 2 and not trigger.getInitialValue(),
    )


def _moment(condition: Formula, where: str, file: str) -> Formula:
    if isinstance(condition, Call) and condition.function in LATER:
        time, moment = LATER[condition.function]
        if len(condition.arguments) == 2 and condition.arguments[time] == Name(TIME):
            return condition.arguments[moment]
    raise ExchangeError(file, where, "a trigger that watches the model", NEEDED)


def _optional(part: Any, where: str, reader: FormulaReader) -> Formula:  # noqa: ANN401 (libSBML)
    if part is None or part.getMath() is None:
        return Number(0.0)
    return reader.read(part.getMath(), where)


def moved_symbols(events: Iterable[Timed]) -> frozenset[str]:
    """Return the symbols that events change."""
    return frozenset(name for event in events for name, _ in event.sets)


def symbols_read(events: Iterable[Timed], model: FormulaModel) -> frozenset[str]:
    """Return the symbols that make the times and amounts of events, and those that events set."""
    formulas = [f for e in events for f in (e.at, e.delay, e.priority, *(f for _, f in e.sets))]
    read = {n for formula in formulas for n in names_read(formula)}
    for name, formula in reversed(model.fixed):
        read |= names_read(formula) if name in read else set()
    return frozenset((read | moved_symbols(events)) - {s.name for s in model.states})


@final
@dataclass
class _Course:
    """The events of a document, one after another.

    Parameters
    ----------
    file
        For messages.
    model
        What the document became.
    known
        What never changes.
    current
        The present value of each symbol that events set.
    """

    file: str
    model: FormulaModel
    known: dict[str, Any]
    current: dict[str, float]

    def value(self, formula: Formula, where: str, current: Mapping[str, float]) -> float:
        """Return a number that does not hang on the states."""
        try:
            found = float(evaluate(formula, {**self.known, **current}))
        except KeyError as error:
            needed = "numbers and parameters in an event"
            raise ExchangeError(self.file, where, f"{error}, which changes", needed) from error
        if not math.isfinite(found):
            raise ExchangeError(self.file, where, f"a value of {found}", "a finite number")
        return found

    def added(
        self, event: Timed, name: str, formula: Formula, current: Mapping[str, float]
    ) -> float:
        """Return what an assignment adds to a state."""
        own = Name(name)
        terms = formula.arguments if isinstance(formula, Call) else ()
        is_sum = isinstance(formula, Call) and formula.function == "plus" and terms.count(own) == 1
        if not is_sum:
            found = f"a new value of the state '{name}'"
            raise ExchangeError(self.file, event.where, found, f"{name} + an amount")
        amount = sum(self.value(t, event.where, current) for t in terms if t != own)
        if amount < 0.0:
            raise ExchangeError(self.file, event.where, f"an amount of {amount:g}", "0 or more")
        return amount


def timed_events(
    events: Iterable[Timed], model: FormulaModel, values: Mapping[str, float], name: str, file: str
) -> EventTable | None:
    """Return the records of a document's events, or nothing if it has none.

    Raises
    ------
    ExchangeError
        If an event changes what no dose or covariate can change, or has no known time.
    """
    parameters = {p.name for p in model.parameters}
    moved = moved_symbols(events) & parameters
    given = {n: v for n, v in values.items() if n not in moved}
    fixed = define(model.fixed, {**given, TIME: 0.0})
    current = {n: values.get(n, math.nan) for n in sorted(moved)}
    course = _Course(file, model, fixed, current)
    del course.known[TIME]
    _check_delays(course, events)
    timed = [(course.value(e.at, e.where, current), e) for e in events]
    if not timed:
        return None
    happening = [
        (at + course.value(e.delay, e.where, current), e)
        for at, e in timed
        if at > 0.0 or (at == 0.0 and e.from_start)
    ]
    order = {id(e): -course.value(e.priority, e.where, current) for _, e in happening}
    happening.sort(key=lambda item: (item[0], order[id(item[1])]))
    records = [_record(0.0, course, "", 0.0)]
    for time, group in groupby(happening, key=lambda item: item[0]):
        records += _at_once(course, time, [event for _, event in group])
    return EventTable(name, tuple(records), tuple(course.current))


def _check_delays(course: _Course, events: Iterable[Timed]) -> None:
    """Refuse a delayed event that keeps values from the moment when it was triggered."""
    changing = {*course.current, *(s.name for s in course.model.states)}
    for event in events:
        read = sorted({n for _, formula in event.sets for n in names_read(formula)} & changing)
        waits = event.delay != Number(0.0)
        if waits and event.at_trigger and read:
            found = f"a delayed event that keeps the value of '{read[0]}' from before its delay"
            raise ExchangeError(course.file, event.where, found, "values of its own time")


def _at_once(course: _Course, time: float, events: list[Timed]) -> list[EventRecord]:
    """Return what happens at one time."""
    states = {s.name for s in course.model.states}
    before, doses = dict(course.current), dict[str, float]()
    for event in events:
        current = before if event.at_trigger else dict(course.current)
        for name, formula in event.sets:
            if name in states:
                if name in doses and event.at_trigger:
                    found = f"two events that set '{name}' from its value before both"
                    raise ExchangeError(course.file, event.where, found, "one")
                amount = course.added(event, name, formula, current)
                doses[name] = doses.get(name, 0.0) + amount
            elif name in course.current:
                course.current[name] = course.value(formula, event.where, current)
            else:
                found = f"a new value of '{name}', which follows a rule"
                raise ExchangeError(course.file, event.where, found, "a state or a parameter")
    given = [(name, amount) for name, amount in doses.items() if amount > 0.0]
    return [_record(time, course, *one) for one in given or [("", 0.0)]]


def _record(time: float, course: _Course, compartment: str, amount: float) -> EventRecord:
    kind = EventKind.DOSE if compartment else EventKind.OTHER
    covariates = tuple(course.current.values())
    return EventRecord(time, kind, compartment, amount, covariates=covariates)


def with_readings(
    events: EventTable | None, times: Iterable[float], name: str
) -> tuple[EventTable, tuple[int, ...]]:
    """Return events with an observation at each time, and the places of these records.

    Times begin at 0 or later, in increasing order. What is read at an event's time is what holds
    after the event, as simulators of SBML report it.
    """
    happening = events.records if events else (EventRecord(0.0),)
    covariates = events.covariates if events else ()
    none = (None,) * len(covariates)
    records = [(r.time, 0, r) for r in happening]
    records += [(t, 1, EventRecord(t, covariates=none)) for t in map(float, times)]
    records.sort(key=lambda item: item[:2])
    places = tuple(i for i, (_, kind, _) in enumerate(records) if kind == 1)
    return EventTable(name, tuple(r for _, _, r in records), covariates), places
