"""Doses and covariates as the changes that SBML events make, one by one.

A bolus after its lag adds fraction times amount to a state. An infusion is two changes: a rate is
added to the state's inflow when it begins and taken away when it ends. Fraction, lag and modelled
duration stay expressions of the parameters, so that they can be changed in the document. Changes
of one time act in the order of the records; additional doses and doses that a lag has moved come
before them, covariates before all.

A steady state and a reset are no changes at a time and are refused; so is a covariate that is
joined by straight lines.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import final

import sympy

from lymphocast.dataset.events import CovariateRule, EventTable
from lymphocast.dataset.occasions import Given, Knot, Occasion, occasions
from lymphocast.dataset.regimen import DoseEvent, Entry
from lymphocast.errors import UsageError
from lymphocast.models.component import Component, Dosing, dose_clocks
from lymphocast.models.symbolic import Expression, Part
from lymphocast.models.unit_powers import DAY, UnitPowers

STATE, INFLOW, LAST_DOSE, GIVEN = "state", "inflow", "last dose", "given"
"""Kinds of what a change acts on: a state, the rate into it, the day of its last dose, a
parameter or input."""

Target = tuple[str, str]
"""A kind and the name of a state, parameter or input."""

Events = EventTable | Sequence[DoseEvent]


@final
@dataclass
class Numbers:
    """Numbers with a unit, each as a symbol that can stand in an expression."""

    values: dict[Expression, float] = field(default_factory=dict)
    units: dict[Expression, UnitPowers] = field(default_factory=dict)

    def symbol(self, value: float, unit: UnitPowers) -> Expression:
        """Return a new symbol for a number; for 0 no symbol, since 0 has any unit."""
        if value == 0.0:
            return sympy.Integer(0)
        symbol = sympy.Dummy("number", positive=value > 0.0)
        self.values[symbol], self.units[symbol] = float(value), unit
        return symbol


@final
@dataclass(frozen=True)
class Change:
    """What happens at one time.

    Parameters
    ----------
    what
        In words.
    time
        Days after the document's start.
    adds, sets
        What is added to, and what replaces, the value of each target.
    """

    what: str
    time: Expression
    adds: Mapping[Target, Expression] = field(default_factory=dict)
    sets: Mapping[Target, Expression] = field(default_factory=dict)


@final
@dataclass(frozen=True)
class Planned:
    """All changes in the order in which they act at one time, and what holds at the start.

    Parameters
    ----------
    start
        The study day on which the document's time is 0.
    given
        The value at the start of each covariate that the model reads.
    changes
        What happens.
    """

    start: float
    given: Mapping[str, float]
    changes: tuple[Change, ...]

    def targets(self, kind: str) -> tuple[str, ...]:
        """Return the names that a change of this kind acts on, each once."""
        found = [t for change in self.changes for t in (*change.adds, *change.sets)]
        return tuple(dict.fromkeys(name for own, name in found if own == kind))


def planned(
    model: Component,
    parts: Sequence[Part],
    theta: Mapping[str, float],
    events: Events,
    units: Mapping[str, UnitPowers],
    numbers: Numbers,
) -> Planned:
    """Return the changes that the events make.

    Raises
    ------
    UsageError
        If the events cannot be written as changes at given times.
    """
    occasion, names, rule = _only_occasion(model, events)
    start = min(0.0, occasion.start, *(g.dose.time for g in occasion.given))
    read = {*(p.name for p in model.parameters), *model.inputs}
    columns = {
        name: _steps(model, name, _column(occasion.knots, i), rule)
        for i, name in enumerate(names)
        if name in read
    }
    moving = {name for name, steps in columns.items() if len(steps) > 1}
    values = {**theta, **{name: steps[0][1] for name, steps in columns.items()}}
    doses = _Doses(model, parts, values, start, units, numbers, moving)
    covariates = [
        Change(
            f"{name} becomes {value:g} on day {day:g}",
            numbers.symbol(day - start, DAY),
            sets={(GIVEN, name): numbers.symbol(value, units[name])},
        )
        for name, steps in columns.items()
        for day, value in steps[1:]
    ]
    entering = [(doses.rank(g), change) for g in occasion.given for change in doses.changes(g)]
    entering.sort(key=lambda item: item[0])
    given = {name: steps[0][1] for name, steps in columns.items()}
    return Planned(start, given, (*covariates, *(change for _, change in entering)))


def _only_occasion(
    model: Component, events: Events
) -> tuple[Occasion, tuple[str, ...], CovariateRule]:
    """The events as one occasion, with the names and the rule of its covariates."""
    if not isinstance(events, EventTable):
        ordered = sorted(events, key=lambda dose: dose.time)
        given = tuple(Given(dose, i, own_record=True) for i, dose in enumerate(ordered))
        return Occasion(0.0, empty=False, given=given), (), CovariateRule.LAST_CARRIED_FORWARD
    found = occasions(events)
    if any(part.steady for part in found):
        _refuse(model, "a steady-state dose; needed the doses that lead up to it")
    if len(found) > 1:
        _refuse(model, "a reset; needed records of one occasion")
    return found[0], events.covariates, events.rule


def _refuse(model: Component, what: str) -> None:
    msg = f"model '{model.name}' as SBML: found {what}"
    raise UsageError(msg)


def _column(knots: Sequence[Knot], position: int) -> list[tuple[float, float]]:
    """Days and values of one covariate, where it has any."""
    return [(k.time, v) for k in knots if (v := k.values[position]) is not None]


def _steps(
    model: Component, name: str, known: list[tuple[float, float]], rule: CovariateRule
) -> list[tuple[float, float]]:
    """From which day on a covariate has which value; the first holds from the start."""
    if rule is CovariateRule.LINEAR and len({value for _, value in known}) > 1:
        _refuse(model, f"covariate '{name}' joined by straight lines; needed steps")
    if rule is CovariateRule.NEXT_CARRIED_BACKWARD:
        later = [(before, value) for (before, _), (_, value) in pairwise(known)]
        known = [known[0], *later]
    changed = [step for last, step in pairwise(known) if step[1] != last[1]]
    return [known[0], *changed]


@final
@dataclass(frozen=True)
class _Doses:
    """What the doses of a model change."""

    model: Component
    parts: Sequence[Part]
    values: Mapping[str, float]
    start: float
    units: Mapping[str, UnitPowers]
    numbers: Numbers
    moving: set[str]

    def rank(self, given: Given) -> int:
        """Return the place of a dose among those of one time."""
        moved = self._value(self._way(given.dose).lag, given.dose, "lag") > 0.0
        return given.record + 1 if given.own_record and not moved else 0

    def changes(self, given: Given) -> Iterator[Change]:
        """Yield a bolus, or the beginning and the end of an infusion."""
        dose = given.dose
        way = self._way(dose)
        self._check(dose, way)
        unit = self.units[dose.compartment]
        if dose.amount == 0.0:
            return
        what = f"{dose.amount:g} {unit} into {dose.compartment} on day {dose.time:g}"
        amount = way.fraction * self.numbers.symbol(dose.amount, unit)
        begin = self.numbers.symbol(dose.time - self.start, DAY) + way.lag
        sets = {}
        if dose.compartment in self._clocked():
            sets[LAST_DOSE, dose.compartment] = begin
        lasting = self._lasting(dose, way, amount)
        if lasting is None:
            yield Change(what, begin, {(STATE, dose.compartment): amount}, sets)
            return
        duration, rate = lasting
        into = (INFLOW, dose.compartment)
        yield Change(f"{what} begins", begin, {into: rate}, sets)
        yield Change(f"{what} ends", begin + duration, {into: -rate})

    def _lasting(
        self, dose: DoseEvent, way: Dosing, amount: Expression
    ) -> tuple[Expression, Expression] | None:
        """Duration and rate of an infusion, nothing for a bolus."""
        if dose.entry is Entry.FIXED_RATE:
            rate = self.numbers.symbol(dose.rate, self.units[dose.compartment] / DAY)
            return amount / rate, rate
        if dose.entry is Entry.DEFAULT and dose.duration > 0.0:
            stated = self.numbers.symbol(dose.duration, DAY)
            return stated, amount / stated
        modelled = dose.entry is not Entry.BOLUS
        if modelled and self._value(way.duration, dose, "duration") > 0.0:
            return way.duration, amount / way.duration
        if dose.entry is Entry.MODELLED_DURATION:
            _refuse(self.model, f"no duration for {_where(dose)}; needed one above 0")
        return None

    def _way(self, dose: DoseEvent) -> Dosing:
        none = sympy.Integer(0)
        ways = {part.prefix + n: way for part in self.parts for n, way in part.dosing.items()}
        return ways.get(dose.compartment, Dosing(sympy.Integer(1), none, none))

    def _clocked(self) -> set[str]:
        return {self.model.states[i].name for i in dose_clocks(self.model).values()}

    def _check(self, dose: DoseEvent, way: Dosing) -> None:
        """Refuse what is no dose."""
        names = [state.name for state in self.model.states]
        if dose.compartment not in names:
            known = ", ".join(names)
            _refuse(self.model, f"a dose into '{dose.compartment}'; needed one of {known}")
        if dose.entry is Entry.MODELLED_RATE:
            _refuse(self.model, f"a modelled rate for {_where(dose)}; needed a rate or a duration")
        wanted = [dose.amount, dose.duration, dose.rate]
        usable = all(math.isfinite(x) and x >= 0.0 for x in wanted) and math.isfinite(dose.time)
        if not usable or (dose.entry is Entry.FIXED_RATE and dose.rate == 0.0):
            _refuse(self.model, f"{dose}; needed finite numbers, 0 or more, and a rate above 0")
        for name in ("fraction", "lag", "duration"):
            self._value(getattr(way, name), dose, name)

    def _value(self, expression: Expression, dose: DoseEvent, what: str) -> float:
        """The value of a fraction, lag or duration at the parameters of the document."""
        read = {symbol.name: symbol for symbol in expression.free_symbols}
        if self.moving & set(read):
            name = sorted(self.moving & set(read))[0]
            _refuse(self.model, f"a {what} that follows covariate '{name}'; needed a constant one")
        value = float(expression.subs({s: self.values[n] for n, s in read.items()}))
        if not (math.isfinite(value) and value >= 0.0):
            _refuse(self.model, f"{what} {value:g} for {_where(dose)}; needed 0 or more")
        return value


def _where(dose: DoseEvent) -> str:
    return f"the dose of day {dose.time:g} into '{dose.compartment}'"
