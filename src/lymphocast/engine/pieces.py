"""One piece of a trajectory: between two events, by an adaptive Runge-Kutta method.

States are vectors in the model's order here. Time runs from 0 to 1 over a piece, so that the
ends of a piece may be traced; a piece of length 0 costs nothing. Nothing raises: a failed piece
gives NaN and a code, the position in :class:`SolveStatus`, and the pieces after it are skipped.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, final

import diffrax
import jax
import jax.numpy as jnp

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.events import CovariateRule
from lymphocast.models.component import Component, Dosing, Scalar, Values, dose_clocks

SMALLEST_STEP = 1e-13  # of a piece


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
        "or no duration or rate where the dose leaves it to the model."
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
    """

    rtol: float = 1e-10
    atol: float = 1e-12
    method: Method = Method.MARCH
    max_steps: int = 100_000
    march: MarchSettings = MarchSettings()
    hands_on: bool = True


DEFAULT = SolverSettings()


@final
class Knots(NamedTuple):
    """Times and values of covariates, ``[covariate, knot]``."""

    time: Scalar
    value: Scalar


@final
@dataclass(frozen=True)
class Layout:
    """What a compiled solve is made for, besides the model: names, rule and settings."""

    covariates: tuple[str, ...]
    rule: CovariateRule
    settings: SolverSettings


@final
@dataclass(frozen=True)
class Equations:
    """A model's equations on vectors, with parameters, covariates and times after doses put in."""

    model: Component
    layout: Layout
    theta: Values
    knots: Knots

    @property
    def names(self) -> tuple[str, ...]:
        """The states in order."""
        return tuple(s.name for s in self.model.states)

    def covariates(self, t: Scalar, inside: Scalar) -> list[Scalar]:
        """Return the covariates at ``t`` in a piece that contains the day ``inside``."""
        rule = self.layout.rule
        found = []
        for i in range(len(self.layout.covariates)):
            times, values = self.knots.time[i], self.knots.value[i]
            if rule is CovariateRule.LINEAR:
                found.append(jnp.interp(t, times, values))
                continue
            forward = rule is CovariateRule.LAST_CARRIED_FORWARD
            place = jnp.searchsorted(times, inside, side="right" if forward else "left")
            place = place - 1 if forward else place
            found.append(values[jnp.clip(place, 0, values.shape[0] - 1)])
        return found

    def put_in(
        self, covariates: list[Scalar], t: Scalar, last: Scalar
    ) -> tuple[dict[str, Scalar], dict[str, Scalar]]:
        """Return parameters and inputs: covariates stand for either, by name."""
        theta, inputs = dict(self.theta), dict[str, Scalar]()
        for name, value in zip(self.layout.covariates, covariates, strict=True):
            (inputs if name in self.model.inputs else theta)[name] = value
        for name, state in dose_clocks(self.model).items():
            inputs[name] = t - last[state]
        return theta, inputs

    def rates(self, t: Scalar, y: Scalar, covariates: list[Scalar], last: Scalar) -> Scalar:
        """Return dy/dt; ``last`` is the day of the last dose into each state."""
        theta, inputs = self.put_in(covariates, t, last)
        rates = self.model.rates(t, self.named(y), inputs, theta)
        return self.vector(rates)

    def observe(self, t: Scalar, y: Scalar, last: Scalar) -> dict[str, Scalar]:
        """Return the outputs."""
        theta, inputs = self.put_in(self.covariates(t, t), t, last)
        found = self.model.observe(t, self.named(y), inputs, theta)
        return {o.name: jnp.asarray(found[o.name], float) for o in self.model.outputs}

    def initial(self, start: Scalar) -> Scalar:
        """Return the initial state."""
        theta, _ = self.put_in(
            self.covariates(start, start), start, jnp.full(len(self.names), start)
        )
        return self.vector(self.model.initial(theta))

    def dosing(self, covariates: Scalar) -> tuple[Scalar, Scalar, Scalar, Scalar]:
        """Return fraction, lag, duration and rate of every state for one record's covariates."""
        start = jnp.zeros(len(self.names))
        theta, _ = self.put_in([covariates[i] for i in range(covariates.shape[0])], 0.0, start)
        found = self.model.dosing(theta)
        ways = {name: found.get(name, Dosing()) for name in self.names}
        return (
            self.vector({name: way.fraction for name, way in ways.items()}),
            self.vector({name: way.lag for name, way in ways.items()}),
            self.vector({name: way.duration for name, way in ways.items()}),
            self.vector({name: way.rate for name, way in ways.items()}),
        )

    def durations(self, covariates: Scalar) -> dict[str, Scalar]:
        """Return the modelled duration of input of each state that has one, as declared."""
        start = jnp.zeros(len(self.names))
        theta, _ = self.put_in([covariates[i] for i in range(covariates.shape[0])], 0.0, start)
        return {name: way.duration for name, way in self.model.dosing(theta).items()}

    def vector(self, values: Values) -> Scalar:
        """Return named values as a state vector."""
        parts = [jnp.asarray(values[name], float) for name in self.names]
        return jnp.stack(parts) if parts else jnp.zeros(0)

    def named(self, y: Scalar) -> dict[str, Scalar]:
        """Return a state vector by name."""
        return {name: y[i] for i, name in enumerate(self.names)}


@final
class Piece(NamedTuple):
    """A stretch of time with constant input: its start, length, input per day, last doses."""

    start: Scalar
    length: Scalar
    inflow: Scalar
    last: Scalar


def cross(
    equations: Equations,
    piece: Piece,
    y: Scalar,
    adjoint: diffrax.AbstractAdjoint | None = None,
    sharper: float = 1.0,
) -> tuple[Scalar, Scalar]:
    """Return the state at the end of a piece, and a status code.

    ``sharper`` divides the relative tolerance.
    """
    if not equations.names:
        return y, jnp.asarray(SolveStatus.SOLVED.code)
    settings = equations.layout.settings
    middle = piece.start + 0.5 * piece.length

    def field(u: Scalar, state: Scalar, _: object) -> Scalar:
        t = piece.start + u * piece.length
        rates = equations.rates(t, state, equations.covariates(t, middle), piece.last)
        return piece.length * (rates + piece.inflow)

    shift = field(0.0, y, None)
    finite = jnp.all(jnp.isfinite(shift))
    live = (piece.length > 0.0) & finite
    implicit = settings.method is Method.IMPLICIT
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(field),
        diffrax.Kvaerno5() if implicit else diffrax.Dopri8(),
        0.0,
        jnp.where(live, 1.0, 0.0),
        None,
        y,
        stepsize_controller=diffrax.PIDController(
            rtol=settings.rtol / sharper,
            atol=settings.atol,
            dtmin=SMALLEST_STEP,
            force_dtmin=False,
        ),
        adjoint=diffrax.RecursiveCheckpointAdjoint() if adjoint is None else adjoint,
        max_steps=settings.max_steps,
        throw=False,
    )
    # A piece without length changes nothing, yet its ends may move apart: shift has derivatives.
    end = jnp.where(live, solution.ys[-1], y + jnp.where(finite, shift, 0.0))
    code = _code(solution.result)
    lost = (code == 0) & (piece.length > 0.0) & ~(finite & jnp.all(jnp.isfinite(end)))
    code = jnp.where(lost, SolveStatus.NOT_FINITE.code, code)
    return jnp.where(code == 0, end, jnp.nan), code


def _code(result: diffrax.RESULTS) -> Scalar:
    known = (
        (diffrax.RESULTS.successful, SolveStatus.SOLVED),
        (diffrax.RESULTS.max_steps_reached, SolveStatus.STEPS_EXHAUSTED),
        (diffrax.RESULTS.dt_min_reached, SolveStatus.STEP_TOO_SMALL),
    )
    code = jnp.asarray(SolveStatus.NOT_CONVERGED.code)
    for kind, status in known:
        code = jnp.where(result == kind, status.code, code)
    return code


def worst(*codes: Scalar) -> Scalar:
    """Return the first code that is not 0."""
    found = jnp.asarray(0)
    for code in codes:
        found = jnp.where(found == 0, code, found)
    return found


def still(value: Values) -> dict[str, Scalar]:
    """Return parameters through which no derivative passes."""
    return {name: jax.lax.stop_gradient(v) for name, v in value.items()}
