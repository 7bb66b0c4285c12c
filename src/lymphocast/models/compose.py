"""Model: components wired by name into one component.

An input of one component is an output of another or, if none offers it, a forcing: a known
function of time that the solver supplies (the relative dose, the presence of an antibiotic).
States are prefixed ``component.state``; parameters are shared by name, since a switch or a
baseline means the same thing wherever it is read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from lymphocast.errors import UsageError
from lymphocast.models.component import Component, Dosing, Scalar, Values, Variable


@final
@dataclass(frozen=True)
class Model:
    """Components in an order in which each reads only outputs of earlier ones.

    Raises
    ------
    UsageError
        If two components share a name or an output, or one reads an output of a later one.
    """

    name: str
    components: tuple[Component, ...]

    def __post_init__(self) -> None:
        """Check the wiring."""
        offered = [o.name for c in self.components for o in c.outputs]
        for label, names in (
            ("component", [c.name for c in self.components]),
            ("output", offered),
        ):
            twice = sorted({n for n in names if names.count(n) > 1})
            if twice:
                msg = f"model '{self.name}': {label} '{twice[0]}' is defined twice"
                raise UsageError(msg)
        seen: set[str] = set()
        for component in self.components:
            late = [i for i in component.inputs if i in offered and i not in seen]
            if late:
                msg = (
                    f"model '{self.name}': component '{component.name}' reads '{late[0]}', "
                    "which a later component offers; put that component first"
                )
                raise UsageError(msg)
            seen.update(o.name for o in component.outputs)

    @property
    def states(self) -> tuple[Variable, ...]:
        """All states, prefixed by component."""
        return tuple(
            Variable(f"{c.name}.{s.name}", s.unit, s.meaning)
            for c in self.components
            for s in c.states
        )

    @property
    def parameters(self) -> tuple[Variable, ...]:
        """All parameters, each once."""
        found = {p.name: p for c in self.components for p in c.parameters}
        return tuple(found.values())

    @property
    def outputs(self) -> tuple[Variable, ...]:
        """All outputs."""
        return tuple(o for c in self.components for o in c.outputs)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The forcings: inputs that no component offers."""
        offered = {o.name for o in self.outputs}
        found = {i: None for c in self.components for i in c.inputs if i not in offered}
        return tuple(found)

    def initial(self, theta: Values) -> Values:
        """Return every component's initial state."""
        return {
            f"{c.name}.{name}": value
            for c in self.components
            for name, value in c.initial(theta).items()
        }

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return how doses enter each prefixed state."""
        return {
            f"{c.name}.{name}": value
            for c in self.components
            for name, value in c.dosing(theta).items()
        }

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return d(state)/dt of every component, in cascade order."""
        return self.rates_of(self.components, t, state, inputs, theta)

    def rates_of(
        self,
        chosen: Sequence[Component],
        t: Scalar,
        state: Values,
        inputs: Values,
        theta: Values,
    ) -> Values:
        """Return d(state)/dt of some components, and compute nothing that they do not read."""
        known = {**inputs}
        result: dict[str, Scalar] = {}
        last = max(self.components.index(c) for c in chosen) if chosen else -1
        for c in self.components[: last + 1]:
            own = self._own(c, state)
            if c in chosen:
                rates = c.rates(t, own, known, theta)
                result.update({f"{c.name}.{name}": value for name, value in rates.items()})
            known.update(c.observe(t, own, known, theta))
        return result

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return every component's outputs, in cascade order."""
        known = {**inputs}
        for c in self.components:
            known.update(c.observe(t, self._own(c, state), known, theta))
        return {o.name: known[o.name] for o in self.outputs}

    @staticmethod
    def _own(component: Component, state: Values) -> Values:
        return {s.name: state[f"{component.name}.{s.name}"] for s in component.states}


def rates_of(
    model: Component, names: Iterable[str], t: Scalar, state: Values, inputs: Values, theta: Values
) -> Values:
    """Return d(state)/dt of these states, and perhaps of others that are computed beside them."""
    if not isinstance(model, Model):
        return model.rates(t, state, inputs, theta)
    wanted = set(names)
    chosen = [c for c in model.components if wanted & {f"{c.name}.{s.name}" for s in c.states}]
    return model.rates_of(chosen, t, state, inputs, theta)
