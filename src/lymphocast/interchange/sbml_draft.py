"""An SBML model in the making: what each symbol is at the start and from then on.

Every symbol ends as one of four: a *parameter*, whose value is given; a *constant*, computed once
at the start; a *state*; or something that *follows* the others at every time. A state is what its
symbol means in SBML, an amount or a concentration. Only where a compartment changes its size is
the state of a species in it the amount, and the concentration follows.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, final

from lymphocast.errors import ExchangeError, UsageError
from lymphocast.interchange.sbml_formula import RATE
from lymphocast.interchange.sbml_parts import Parts
from lymphocast.models.component import Variable
from lymphocast.models.formula import (
    TIME,
    Formula,
    Name,
    Number,
    call,
    define,
    names_read,
    ordered,
    product,
    replaced,
)
from lymphocast.models.formula_model import FormulaModel

MOST_SYMBOLS: Final = 20_000
"""Symbols of a document; whole-cell models have fewer."""


@final
@dataclass
class Draft:
    """What is known of the symbols so far; ``moved`` are those that events change."""

    parts: Parts
    moved: frozenset[str]
    parameters: dict[str, Variable] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)
    states: dict[str, Variable] = field(default_factory=dict)
    outputs: dict[str, Variable] = field(default_factory=dict)
    start: dict[str, Formula] = field(default_factory=dict)
    follows: dict[str, Formula] = field(default_factory=dict)
    begins: dict[str, str] = field(default_factory=dict)
    amounts: dict[str, str] = field(default_factory=dict)

    def parameter(self, variable: Variable, value: float | None) -> None:
        """Add a parameter, with its value if it has one."""
        self.parameters[variable.name] = variable
        if value is not None and value == value:
            self.values[variable.name] = value

    def begin(self, variable: Variable, value: float | None, symbol: str = "") -> Formula:
        """Add the parameter that a symbol starts at, and return it.

        ``variable`` is in the words and the unit of what is stated; ``symbol`` is another if it is.
        """
        symbol = symbol or variable.name
        name = self.parts.free(f"initial_{symbol}")
        self.parameter(Variable(name, variable.unit, f"{variable.meaning} at the start"), value)
        self.begins[symbol] = name
        return Name(name)

    def state(self, variable: Variable, change: Formula) -> None:
        """Add a state and its rate of change."""
        self.states[variable.name] = variable
        self.follows[f"{RATE}{variable.name}"] = change

    def output(self, variable: Variable) -> None:
        """Add an output, unless the symbol can be read already."""
        if variable.name not in self.parameters and variable.name not in self.states:
            self.outputs[variable.name] = variable

    def varies(self, name: str) -> bool:
        """Whether a symbol changes after the start."""
        return name in self.states or name in self.follows or name in self.moved

    def plain(self, variable: Variable, value: float | None) -> None:
        """Add a compartment, a parameter or a stoichiometry."""
        name, parts = variable.name, self.parts
        begins = parts.starting.get(name)
        if name in parts.assigned:
            self.follows[name] = self.start[name] = parts.assigned[name]
        elif name in parts.changing:
            self.start[name] = begins or self.begin(variable, value)
            self.state(variable, parts.changing[name])
        elif begins is not None and name not in self.moved:
            self.start[name] = begins
        else:
            if begins is not None:
                self.start[name] = begins
            self.parameter(variable, value)
        self.output(variable)

    def model(self, name: str, description: str) -> FormulaModel:
        """Return the component.

        Raises
        ------
        ExchangeError
            If a formula reads what is not defined, or symbols define each other in a circle.
        """
        self._add_rates()
        changes = tuple(f"{RATE}{state}" for state in self.states)
        try:
            follows = ordered(self.follows, (*changes, *self.outputs))
            begin = {**self.follows, **self.start}
            read = {n for _, f in follows for n in names_read(f)} | set(self.outputs)
            derived = {n for n in self.start if n not in self.parameters}
            constants = tuple(sorted((read & derived) - set(self.states) - set(self.follows)))
            fixed, start = ordered(begin, constants), ordered(begin, self.states)
        except UsageError as error:
            needed = "symbols that can be computed one after another"
            raise ExchangeError(self.parts.file, None, str(error), needed) from error
        fixed, start = self._unmoved(fixed), self._unmoved(start)
        self._check_names(follows, {*self.states, *self.parameters, *constants})
        self._check_names((*fixed, *start), {*self.parameters})
        kept = {n for _, f in (*follows, *fixed, *start) for n in names_read(f)} | set(self.values)
        return FormulaModel(
            name,
            description,
            tuple(self.states.values()),
            tuple(p for n, p in self.parameters.items() if n in kept),
            tuple(self.outputs.values()),
            start,
            fixed,
            constants,
            follows,
            changes,
        )

    def computed_starts(self) -> dict[str, float]:
        """Return the values at the start of the symbols that events move and the document computes.

        Raises
        ------
        ExchangeError
            If such a value hangs on a symbol without one.
        """
        names = [n for n in self.moved if n in self.start and n in self.parameters]
        begin = ordered({**self.follows, **self.start}, names)
        given = {n: v for n, v in self.values.items() if n not in names}
        try:
            known = define(begin, {**given, TIME: 0.0})
        except KeyError as error:
            needed = "symbols with a value"
            raise ExchangeError(self.parts.file, "an event", f"{error}", needed) from error
        return {n: float(known[n]) for n in names}

    def _unmoved(
        self, definitions: Iterable[tuple[str, Formula]]
    ) -> tuple[tuple[str, Formula], ...]:
        """At the start a parameter that events move has the value that it begins with."""

        def at_start(name: Name) -> Formula:
            if name.name not in self.moved or name.name not in self.parameters:
                return name
            if name.name in self.start:  # computed at the start
                return name
            begin = self.begins.get(name.name)
            if begin is None:
                return self.begin(self.parameters[name.name], self.values.get(name.name))
            return Name(begin)

        return tuple((name, replaced(formula, at_start)) for name, formula in definitions)

    def _add_rates(self) -> None:
        """Define every rate of change that a formula reads."""
        groups = (self.follows, self.start)
        read = {n for group in groups for f in group.values() for n in names_read(f)}
        for name in sorted(n for n in read if n.startswith(RATE) and n not in self.follows):
            self._known_rate(name.removeprefix(RATE))

    def _rate_of(self, name: str) -> Formula:
        amount = self.amounts.get(name)
        if amount is not None:
            size = self.parts.model.getSpecies(name).getCompartment()
            diluted = product(Name(name), self._known_rate(size))
            return call("divide", call("minus", self._known_rate(amount), diluted), Name(size))
        if name in self.follows:
            found = f"the rate of change of '{name}', which follows a rule"
            raise ExchangeError(self.parts.file, None, found, "that of a state")
        return Number(0.0)

    def _known_rate(self, name: str) -> Formula:
        rate = f"{RATE}{name}"
        if rate not in self.follows:
            self.follows[rate] = Number(0.0)  # until it is found: a symbol without a rate has none
            self.follows[rate] = self._rate_of(name)
        return Name(rate)

    def _check_names(self, definitions: Iterable[tuple[str, Formula]], given: set[str]) -> None:
        known = {TIME, *given}
        for name, formula in definitions:
            strange = sorted(names_read(formula) - known)
            if strange:
                where = f"what gives '{name.removeprefix(RATE)}'"
                found = f"'{strange[0]}', which has no value there"
                raise ExchangeError(self.parts.file, where, found, "a symbol that is defined")
            known.add(name)


def meaning(kind: str, name: str, identifier: str) -> str:
    """Return what a symbol is, in words."""
    return f"{kind} {name}" if name and name != identifier else kind
