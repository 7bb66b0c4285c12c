"""How equations are solved, how finely, and how a solve ended."""

from dataclasses import dataclass
from enum import Enum
from typing import final

import jax.numpy as jnp

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.events import CovariateRule
from lymphocast.models.component import Scalar


@final
@dataclass(frozen=True)
class MarchSettings:
    """How finely the march looks.

    Parameters
    ----------
    head_nodes, tail_nodes
        Gauss nodes of a head and of a tail.
    tolerance
        Relative change of an end value, still to come in further sweeps, that is let pass.
    block
        Lanes that are crossed side by side; more are taken block after block.
    classes
        Whether tails and silent blocks have code of their own: faster to run, slower to compile.
    nodes_last
        Whether values stand as ``[lane, node]`` and the first sweeps are written out: the form for
        derivatives, faster there, slower to compile.
    structured
        Whether the structure of the equations is used; without it all states are one smooth block.
    """

    head_nodes: int = 12
    tail_nodes: int = 6
    tolerance: float = 1e-7
    block: int = 200
    classes: bool = True
    nodes_last: bool = False
    structured: bool = True


@final
class SolveStatus(Enum):
    """How a solve ended; every failure leaves NaN from its time on."""

    SOLVED = "The equations were solved to the tolerance asked for."
    STEPS_EXHAUSTED = (
        "The solver used up its steps: the equations are too stiff or change too fast for it."
    )
    STEP_TOO_SMALL = "The solver needed steps too small to take: the solution breaks down."
    NOT_FINITE = "A state, or the rate of one, is not a finite number."
    NOT_CONVERGED = "A step of the implicit method could not be solved."
    NO_STEADY_STATE = "No steady state was found for a steady-state dose."
    BAD_DOSING = (
        "The model gives a dose a fraction, lag, duration or rate that is negative or not finite, "
        "or no duration or rate where the dose leaves it to the model; or a traced time lies "
        "before the course begins."
    )
    LONG_MEMORY = (
        "Lag and duration of a steady-state dose reach back over more intervals than were kept."
    )
    NOT_SETTLED = "The sweeps of a smooth block did not settle within the tolerance."
    NOT_RESOLVED = "The nodes of a piece may have missed part of a rate that changes fast."
    STIFF = "A rate is too fast for the pieces of the plan; a stiff solver is needed."
    PLAN_TOO_SMALL = "A traced lag or duration cuts the course into more pieces than were kept."

    @property
    def code(self) -> int:
        """Position in this enumeration; 0 is solved."""
        return list(SolveStatus).index(self)

    @classmethod
    def of(cls, code: int) -> "SolveStatus":
        """Return the status at a position."""
        return list(cls)[code]


@final
class Method(Enum):
    """How the equations are solved."""

    MARCH = "by their structure, piece by piece; what that cannot solve, by a method below"
    EXPLICIT = "Dormand-Prince 8(7), for equations that are not stiff"
    IMPLICIT = "Kvaerno 5(4), for stiff equations"


@final
@dataclass(frozen=True)
class SolverSettings:
    """How the equations are solved, and how finely.

    Parameters
    ----------
    rtol, atol
        Local error allowed in a step of an adaptive method, relative and absolute (in each state's
        own unit).
    method
        The march, or straight away an adaptive method: explicit, or implicit for stiff equations.
    max_steps
        Most steps of an adaptive method between two events.
    march
        How finely the march looks.
    hands_on
        Whether lanes that the march cannot solve are handed to an adaptive method.
    forward
        Whether an adaptive method is made to be differentiated forward, column by column, as a fit
        does, and not backward.
    """

    rtol: float = 1e-10
    atol: float = 1e-12
    method: Method = Method.MARCH
    max_steps: int = 100_000
    march: MarchSettings = MarchSettings()
    hands_on: bool = True
    forward: bool = False


DEFAULT = SolverSettings()


@final
@dataclass(frozen=True)
class Layout:
    """What a compiled solve is made for, besides the model: names, rule and settings."""

    covariates: tuple[str, ...]
    rule: CovariateRule
    settings: SolverSettings


def worst(*codes: Scalar) -> Scalar:
    """Return the first code that is not 0."""
    found = jnp.asarray(0)
    for code in codes:
        found = jnp.where(found == 0, code, found)
    return found
