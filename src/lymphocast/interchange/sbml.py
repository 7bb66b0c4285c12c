"""SBML Level 3 Version 2: a model with its parameter values and dose events for other programs.

The equations are those that are evaluated, read as expressions. How they stand in the document:

- A state is a parameter with a rate rule, not a species. A species is an amount of substance in a
  compartment, while states here are masses, international units, counts per volume and
  logarithms, each with its own unit; a parameter may have any unit, and every simulator
  integrates it.
- Time is in days. Parameters have values and units, initial states are initial assignments,
  outputs are assignment rules that the rates of later components read by name.
- A dose is an event at its time plus lag; an infusion is a rate that two events switch. Events of
  one time have priorities, so that they act in the order of the records, and each sees what the
  one before it did. Forcings are parameters that events set; the time after a dose follows from a
  parameter that holds the time of the last one.
- A name that is no identifier is mapped to one (``drug.central`` to ``drug_central``) and kept as
  the element's name. Units are UCUM's, by code.

The initial state holds at the document's time 0: study day 0, or the first event's day if that is
earlier; the document's notes say which.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import final

import sympy

from lymphocast._version import __version__
from lymphocast.errors import UsageError
from lymphocast.files import write_whole
from lymphocast.interchange.sbml_document import Element, SbmlDocument
from lymphocast.interchange.sbml_events import (
    GIVEN,
    INFLOW,
    LAST_DOSE,
    STATE,
    Change,
    Events,
    Numbers,
    Planned,
    Target,
    planned,
)
from lymphocast.interchange.sbml_math import Notation, math_node
from lymphocast.models.component import Component, Values, dose_clocks
from lymphocast.models.dimensions import check_units
from lymphocast.models.symbolic import Expression, Part, trace_parts
from lymphocast.models.unit_powers import DAY, ONE, UnitPowers, parse_unit

OUTPUT, CLOCK = "output", "time after dose"
STUDY_DAY, START_DAY = ("day", "study_day"), ("day", "start_day")
_TIME, _OTHER = sympy.symbols("time other", real=True)


def write_sbml(path: Path, model: Component, theta: Values, events: Events = ()) -> None:
    """Write a model, its parameter values and its dose events as SBML.

    Parameters
    ----------
    path
        The file; it appears complete or not at all.
    model, theta, events
        As in :func:`sbml_text`.

    Raises
    ------
    UsageError
        As :func:`sbml_text` does.
    """
    write_whole(path, sbml_text(model, theta, events).encode())


def sbml_text(model: Component, theta: Values, events: Events = ()) -> str:
    """Return a model, its parameter values and its dose events as an SBML document.

    Parameters
    ----------
    model
        The equations.
    theta
        A number for every parameter.
    events
        Dose events, or one individual's event records; a covariate of the records stands for the
        parameter or the input of its name.

    Raises
    ------
    UsageError
        If a parameter or input has no value, the units of an equation do not fit, SBML has no such
        unit or function, or the events hold a steady state, a reset or an unknown compartment.
    """
    checked = check_units(model)
    if checked.faults:
        msg = f"model '{model.name}' as SBML: {checked.faults[0]}"
        raise UsageError(msg)
    values = {name: _number(model, name, value) for name, value in theta.items()}
    units = {v.name: parse_unit(v.unit) for v in (*model.states, *model.parameters)}
    units |= {name: checked.inputs.get(name, ONE) for name in model.inputs}
    parts, numbers = trace_parts(model), Numbers()
    plan = planned(model, parts, values, events, units, numbers)
    return _Writing(model, parts, plan, {**values, **plan.given}, units, numbers).text()


def _number(model: Component, name: str, value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]  # what is no number is refused below
    except TypeError:
        msg = f"model '{model.name}' as SBML: '{name}' is {value}; needed one number"
        raise UsageError(msg) from None


@final
@dataclass(frozen=True)
class _Writing:
    """One model on its way into a document."""

    model: Component
    parts: Sequence[Part]
    plan: Planned
    values: Mapping[str, float]
    units: Mapping[str, UnitPowers]
    numbers: Numbers

    def text(self) -> str:
        """Return the document."""
        self._add_given()
        self._add_variables()
        self._add_helpers()
        for part in self.parts:
            self._write_part(part)
        for place, change in enumerate(self.plan.changes):
            self._write_change(change, len(self.plan.changes) - place)
        return self.document.text()

    @cached_property
    def document(self) -> SbmlDocument:
        """The document, empty at first."""
        return SbmlDocument(
            self.model.name,
            f"Written by lymphocast {__version__}. Time is in days; time 0 is study day "
            f"{self.plan.start:g}. Research software: not a medical device.",
        )

    @cached_property
    def clocks(self) -> Mapping[str, str]:
        """The state of each input that is a time after a dose."""
        names = [state.name for state in self.model.states]
        return {name: names[i] for name, i in dose_clocks(self.model).items()}

    def _add_given(self) -> None:
        """Add parameters and forcings, each with its value."""
        meanings = {p.name: p.meaning for p in self.model.parameters}
        meanings |= {n: "given from outside" for n in self.model.inputs if n not in self.clocks}
        missing = [name for name in meanings if name not in self.values]
        if missing:
            names = ", ".join(missing)
            msg = f"model '{self.model.name}' as SBML: no value for {names}; needed one each"
            raise UsageError(msg)
        moving = {*self.plan.targets(GIVEN), *self.model.inputs}
        for name, meaning in meanings.items():
            element = Element((GIVEN, name), name, self.units[name], meaning)
            self.document.add(element, self.values[name], constant=name not in moving)

    def _add_variables(self) -> None:
        """Add states and outputs; rules and initial assignments give their values."""
        for kind, variables in ((STATE, self.model.states), (OUTPUT, self.model.outputs)):
            for v in variables:
                element = Element((kind, v.name), v.name, parse_unit(v.unit), v.meaning)
                self.document.add(element, None)

    def _add_helpers(self) -> None:
        """Add inflows, times of last doses, times after doses, and the study day."""
        add, follow = self.document.add, self.document.follow
        for state in self.plan.targets(INFLOW):
            unit = self.units[state] / DAY
            add(Element((INFLOW, state), f"inflow.{state}", unit, "running infusions"), 0.0)
        for state in dict.fromkeys(self.clocks.values()):
            meaning = "time of the last dose, before it 0"
            add(Element((LAST_DOSE, state), f"last_dose.{state}", DAY, meaning), 0.0)
        for name, state in self.clocks.items():
            add(Element((CLOCK, name), name, DAY, "time since the last dose, or the start"), None)
            read = self._notation({_OTHER: (LAST_DOSE, state)})
            follow((CLOCK, name), math_node(_TIME - _OTHER, DAY, read), rate=False)
        if self.plan.start != 0.0:
            start = Element(START_DAY, "start_day", DAY, "study day of time 0")
            add(start, self.plan.start, constant=True)
            add(Element(STUDY_DAY, "study_day", DAY, "study day"), None)
            read = self._notation({_OTHER: START_DAY})
            follow(STUDY_DAY, math_node(_TIME + _OTHER, DAY, read), rate=False)

    def _write_part(self, part: Part) -> None:
        """Write the equations of one component."""
        traced, document = part.traced, self.document
        inflows = {name: _value((INFLOW, name)) for name in self.plan.targets(INFLOW)}
        read = self._notation(
            self._part_symbols(part) | {s: (INFLOW, n) for n, s in inflows.items()}
        )
        for name, rate in traced.rates.items():
            full = part.prefix + name
            whole = rate + inflows.get(full, 0)
            node = math_node(whole, self.units[full] / DAY, read)
            document.follow((STATE, full), node, rate=True)
        for name, value in part.initial.items():
            full = part.prefix + name
            document.start((STATE, full), math_node(value, self.units[full], read))
        for output in part.component.outputs:
            node = math_node(traced.outputs[output.name], parse_unit(output.unit), read)
            document.follow((OUTPUT, output.name), node, rate=False)

    def _part_symbols(self, part: Part) -> dict[Expression, Target]:
        """What the symbols of a component's equations stand for."""
        traced = part.traced
        offered = {output.name for output in self.model.outputs}
        symbols = {s: (STATE, part.prefix + name) for name, s in traced.states.items()}
        symbols |= {s: (GIVEN, name) for name, s in traced.parameters.items()}
        for name, symbol in traced.inputs.items():
            kind = OUTPUT if name in offered else CLOCK if name in self.clocks else GIVEN
            symbols[symbol] = (kind, name)
        if self.plan.start != 0.0:
            symbols[traced.time] = STUDY_DAY
        return symbols

    def _write_change(self, change: Change, priority: int) -> None:
        """Write an event."""
        targets = [*change.sets, *change.adds]
        symbols = {s: (GIVEN, n) for p in self.parts for n, s in p.traced.parameters.items()}
        read = self._notation(symbols | {_value(target): target for target in targets})
        new = {**change.sets, **{t: _value(t) + more for t, more in change.adds.items()}}
        self.document.happen(
            change.what,
            math_node(sympy.Ge(_TIME, change.time, evaluate=False), DAY, read),
            math_node(sympy.Integer(priority), ONE, read),
            [(t, math_node(value, self.document.unit(t), read)) for t, value in new.items()],
        )

    def _notation(self, symbols: Mapping[Expression, Target]) -> Notation:
        return self.document.notation(symbols, self.numbers)


def _value(target: Target) -> Expression:
    """Return the symbol of an element's own value."""
    return sympy.Symbol(" ".join(target), real=True)
