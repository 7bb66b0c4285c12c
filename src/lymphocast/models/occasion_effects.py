"""Inter-occasion variability: parameters that differ between the occasions of one individual.

On occasion k a parameter is its individual value moved by kappa_k, log-normal as a rule:
theta exp(kappa_k), kappa_k ~ Normal(0, omega), one kappa for each parameter and occasion (Karlsson
and Sheiner 1993, doi:10.1007/BF01113502). Which occasion it is stands in a column of the records.

The equations stay as they are: the parameter they read is made of the individual's value, the
kappas, and one indicator for each occasion, which is 1 on that occasion and 0 elsewhere. Indicators
are covariates of the event table (:mod:`lymphocast.dataset.occasion_column`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from lymphocast.errors import UsageError
from lymphocast.models.component import Component, Dosing, Scalar, Values, Variable
from lymphocast.models.random_effects import EffectTransform


def indicator_name(occasion: int) -> str:
    """Return the name of an occasion's indicator; occasions count from 1."""
    return f"occasion_{occasion}"


def effect_name(parameter: str, occasion: int) -> str:
    """Return the name of a parameter's effect on an occasion."""
    return f"{parameter}.{indicator_name(occasion)}"


@final
@dataclass(frozen=True)
class OccasionModel:
    """A model some of whose parameters differ between occasions.

    Parameters
    ----------
    base
        The equations.
    effects
        Parameters that differ, each with how an effect changes it.
    occasions
        How many occasions there are.

    Raises
    ------
    UsageError
        If a parameter is not the model's.
    """

    base: Component
    effects: tuple[tuple[str, EffectTransform], ...]
    occasions: int

    def __post_init__(self) -> None:
        """Check the names."""
        known = [p.name for p in self.base.parameters]
        for name, _ in self.effects:
            if name not in known:
                msg = (
                    f"model '{self.base.name}' has no parameter '{name}' that could differ "
                    f"between occasions; needed one of {', '.join(known)}"
                )
                raise UsageError(msg)

    @property
    def name(self) -> str:
        """The base model's name."""
        return self.base.name

    @property
    def states(self) -> tuple[Variable, ...]:
        """The base model's states."""
        return self.base.states

    @property
    def outputs(self) -> tuple[Variable, ...]:
        """The base model's outputs."""
        return self.base.outputs

    @property
    def inputs(self) -> tuple[str, ...]:
        """The base model's inputs."""
        return self.base.inputs

    @property
    def parameters(self) -> tuple[Variable, ...]:
        """The base model's parameters, the effects, and the indicators."""
        numbers = range(1, self.occasions + 1)
        effects = tuple(
            Variable(effect_name(name, k), "1", f"effect on {name} on occasion {k}")
            for name, _ in self.effects
            for k in numbers
        )
        indicators = tuple(Variable(indicator_name(k), "1", f"1 on occasion {k}") for k in numbers)
        return (*self.base.parameters, *effects, *indicators)

    def initial(self, theta: Values) -> Values:
        """Return the state at the start."""
        return self.base.initial(self.moved(theta))

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return how doses enter, by state."""
        return self.base.dosing(self.moved(theta))

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return d(state)/dt."""
        return self.base.rates(t, state, inputs, self.moved(theta))

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the outputs."""
        return self.base.observe(t, state, inputs, self.moved(theta))

    def moved(self, theta: Values) -> dict[str, Scalar]:
        """Return the base model's parameters on the occasion that the indicators show."""
        found = {p.name: theta[p.name] for p in self.base.parameters}
        for name, transform in self.effects:
            effect: Scalar = 0.0
            for k in range(1, self.occasions + 1):
                effect = effect + theta[effect_name(name, k)] * theta[indicator_name(k)]
            found[name] = transform.apply(theta[name], effect)
        return found
