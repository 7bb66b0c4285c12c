"""A component whose equations are data: read from a file, checked, and evaluated like any other."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

from lymphocast.models.component import Dosing, Scalar, Values, Variable
from lymphocast.models.formula import TIME, Definitions, define


@final
@dataclass(frozen=True)
class FormulaModel:
    """States, parameters and outputs, and the formulas that tie them.

    Parameters
    ----------
    name
        The model's name.
    description
        What the catalogue prints of it.
    states, parameters, outputs
        The variables.
    start
        What gives the value of each state at the start, from parameters; time is 0.
    fixed
        What gives the values, from parameters, of what is computed once, at the start.
    constants
        The names among ``fixed`` that the equations read.
    follows
        What gives the values of everything that follows states, constants and time.
    changes
        The name, among what follows, of the rate of each state.
    """

    name: str
    description: str
    states: tuple[Variable, ...]
    parameters: tuple[Variable, ...]
    outputs: tuple[Variable, ...]
    start: Definitions
    fixed: Definitions
    constants: tuple[str, ...]
    follows: Definitions
    changes: tuple[str, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """None: whatever the equations read is in them."""
        return ()

    @cached_property
    def _hash(self) -> int:
        return hash((self.name, self.states, self.parameters, self.start, self.follows))

    def __hash__(self) -> int:
        """Hash once: a solver looks its compiled equations up by their value again and again."""
        return self._hash

    def initial(self, theta: Values) -> Values:
        """Return the state at the start."""
        known = define(self.start, {**theta, TIME: 0.0})
        return {s.name: known[s.name] for s in self.states}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return nothing: every dose enters whole and at once, or as its record says."""
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return d(state)/dt, each in its state's unit per unit of time."""
        known = self._known(t, state, inputs, theta)
        return {s.name: known[c] for s, c in zip(self.states, self.changes, strict=True)}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the outputs."""
        known = self._known(t, state, inputs, theta)
        return {o.name: known[o.name] for o in self.outputs}

    def _known(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> dict[str, Any]:
        given = {**theta, **inputs}
        fixed = define(self.fixed, {**given, TIME: 0.0})
        constants = {name: fixed[name] for name in self.constants}
        return define(self.follows, {**given, **constants, **state, TIME: t})
