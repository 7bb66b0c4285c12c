"""Component: named states, rates and outputs; the one form in which an equation is written.

A component knows no solver, no patient and no prior. Its ``rates`` and ``observe`` use plain
arithmetic and the functions of :mod:`lymphocast.models.maths` on named values, so that the same
text is evaluated with numbers, with whole arrays of draws, or traced.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, final

TIME_AFTER_DOSE = "time_after_dose."
"""An input of this name and a state's is the time since the last dose into that state, in days."""
Scalar = Any  # a float, an array of lanes, or a traced value: all take plain arithmetic
Values = Mapping[str, Scalar]


@final
@dataclass(frozen=True)
class Variable:
    """A state, parameter or output: its name, UCUM unit and meaning."""

    name: str
    unit: str
    meaning: str


@final
@dataclass(frozen=True)
class Dosing:
    """How a dose enters a state.

    Parameters
    ----------
    fraction
        Share of the amount that is absorbed.
    lag
        Days from the dose to its entry.
    duration
        Days over which a dose enters that leaves its duration to the model; 0 if at once.
    rate
        Amount per day at which a dose enters that leaves its rate to the model; the input then
        lasts ``fraction * amount / rate``. No other dose reads it.
    """

    fraction: Scalar = 1.0
    lag: Scalar = 0.0
    duration: Scalar = 0.0
    rate: Scalar = 0.0

    @property
    def values(self) -> tuple[Scalar, Scalar, Scalar, Scalar]:
        """Fraction, lag, duration and rate."""
        return self.fraction, self.lag, self.duration, self.rate


class Component(Protocol):
    """What every component and every composed model offers; all attributes are read-only."""

    @property
    def name(self) -> str:
        """Name under which the component's variables are prefixed."""
        ...

    @property
    def states(self) -> tuple[Variable, ...]:
        """What the differential equations integrate."""
        ...

    @property
    def parameters(self) -> tuple[Variable, ...]:
        """What the equations need to be given."""
        ...

    @property
    def outputs(self) -> tuple[Variable, ...]:
        """What an assay, or another component, could see."""
        ...

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of outputs of other components, or of forcings, that the equations read."""
        ...

    def initial(self, theta: Values) -> Values:
        """Return the state at the start."""
        ...

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return how doses enter, by state; empty where no dose enters."""
        ...

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return d(state)/dt, each in its state's unit per day."""
        ...

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the outputs."""
        ...


def dose_clocks(model: Component) -> Mapping[str, int]:
    """Return the inputs that are times after a dose, with the position of their state.

    ``time_after_dose.depot`` reads the state ``depot``, or the only one that ends in ``.depot``.
    Before the first dose it is the time since the occasion began.
    """
    names = [s.name for s in model.states]
    found = {}
    for name in model.inputs:
        wanted = name.removeprefix(TIME_AFTER_DOSE)
        if wanted == name:
            continue
        exact = [i for i, state in enumerate(names) if state == wanted]
        ending = [i for i, state in enumerate(names) if state.endswith(f".{wanted}")]
        if len(exact or ending) == 1:
            found[name] = (exact or ending)[0]
    return found
