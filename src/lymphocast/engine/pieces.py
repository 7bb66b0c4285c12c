"""One piece of a trajectory: between two events, by an adaptive Runge-Kutta method.

States are vectors in the model's order here. Time runs from 0 to 1 over a piece, so that the
ends of a piece may be traced; a piece of length 0 costs nothing. Nothing raises: a failed piece
gives NaN and a code, the position in :class:`SolveStatus`, and the pieces after it are skipped.
"""

from dataclasses import dataclass
from typing import NamedTuple, final

import diffrax
import jax
import jax.numpy as jnp

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.events import CovariateRule
from lymphocast.engine.settings import Layout, Method, SolveStatus
from lymphocast.models.component import Component, Scalar, Values, dose_clocks

SMALLEST_STEP = 1e-13  # of a piece


@final
class Knots(NamedTuple):
    """Times and values of covariates, ``[covariate, knot]``."""

    time: Scalar
    value: Scalar


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
        adjoint=adjoint or _adjoint(settings.forward),
        max_steps=settings.max_steps,
        throw=False,
    )
    # A piece without length changes nothing, yet its ends may move apart: shift has derivatives.
    end = jnp.where(live, solution.ys[-1], y + jnp.where(finite, shift, 0.0))
    code = _code(solution.result)
    lost = (code == 0) & (piece.length > 0.0) & ~(finite & jnp.all(jnp.isfinite(end)))
    code = jnp.where(lost, SolveStatus.NOT_FINITE.code, code)
    return jnp.where(code == 0, end, jnp.nan), code


def _adjoint(forward: bool) -> diffrax.AbstractAdjoint:
    return diffrax.ForwardMode() if forward else diffrax.RecursiveCheckpointAdjoint()


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


def still(value: Values) -> dict[str, Scalar]:
    """Return parameters through which no derivative passes."""
    return {name: jax.lax.stop_gradient(v) for name, v in value.items()}
