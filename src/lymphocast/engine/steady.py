"""Steady state of a repeated dose or of a constant infusion, by a solve.

With P(x) the state one interval after a dose is given to the state x, the steady state before a
dose is the fixed point x = P(x). Newton's method finds it,

    x <- x + (I - P'(x))^-1 (P(x) - x),

in one step if the equations are linear; where a step does not bring x nearer, the period is
iterated instead, as a patient would. An infusion that lasts q whole intervals and a rest d runs
(q + 1)-fold for the first d days of an interval and q-fold after them. A constant infusion is
one that lasts exactly one interval, of one day.

The derivative of the fixed point follows from that of the period (implicit function theorem): a
last Newton step is taken with the matrix held still.
"""

from typing import NamedTuple, final

import diffrax
import jax
import jax.numpy as jnp

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.engine.pieces import Equations, Knots, Piece, cross, still
from lymphocast.engine.settings import SolveStatus, worst
from lymphocast.models.component import Scalar

CLOSE = 1e-10  # change over one period, relative to the state, at which it is steady
SMALL_SHARE = 1e-6  # of the largest state, below which a state's own size does not matter
SHARPER = 10.0  # the periods are solved to a tolerance this much smaller
ITERATIONS = 200
WARM_UP = 3  # periods from the initial state before Newton's method begins


@final
class Cycle(NamedTuple):
    """One repeated dose: bolus or rate into one state, interval, lag within it.

    ``bolus`` and ``inflow`` are vectors over states; ``duration`` is in days; ``time`` is the day
    of the record and ``phase`` the days from the last implied dose to it, above 0 and at most
    ``interval``.
    """

    bolus: Scalar
    inflow: Scalar
    duration: Scalar
    interval: Scalar
    time: Scalar
    phase: Scalar


def steady_state(equations: Equations, cycle: Cycle, guess: Scalar) -> tuple[Scalar, Scalar]:
    """Return the steady state at the record's time, and a status code.

    Derivatives pass through ``equations.theta`` and ``cycle``, not through ``guess``.
    """
    held = Equations(
        equations.model,
        equations.layout,
        still(equations.theta),
        Knots(*map(jax.lax.stop_gradient, equations.knots)),
    )
    found, slope, code = _fixed_point(
        held, Cycle(*map(jax.lax.stop_gradient, cycle)), jax.lax.stop_gradient(guess)
    )
    matrix = jax.lax.stop_gradient(jnp.eye(found.size) - slope)
    whole = cycle.phase >= cycle.interval

    def follow(x: Scalar, days: Scalar) -> tuple[Scalar, Scalar]:
        """First the last Newton step, then the advance from the dose to the record's time."""
        after, code = _advance(equations, cycle, x, jnp.abs(days))
        newton = x + jnp.linalg.solve(matrix, after - x)
        return jnp.where(days < 0.0, newton, jnp.where(whole, x, after)), code

    days = jnp.stack([-cycle.interval, cycle.phase])
    value, codes = jax.lax.scan(follow, found, days)
    code = worst(code, codes[0], jnp.where(whole, 0, codes[1]))
    return jnp.where(code == 0, value, jnp.nan), code


def _advance(
    equations: Equations,
    cycle: Cycle,
    before: Scalar,
    days: Scalar,
    adjoint: diffrax.AbstractAdjoint | None = None,
) -> tuple[Scalar, Scalar]:
    """The state ``days`` after a dose that is given to the state ``before``."""
    whole = jnp.floor(cycle.duration / cycle.interval)
    rest = jnp.minimum(cycle.duration - whole * cycle.interval, days)
    start = cycle.time - cycle.phase
    last = jnp.full(before.shape, start)

    def follow(y: Scalar, part: tuple[Scalar, Scalar, Scalar]) -> tuple[Scalar, Scalar]:
        begin, length, times = part
        piece = Piece(start + begin, length, times * cycle.inflow, last)
        return cross(equations, piece, y, adjoint, SHARPER)

    parts = (
        jnp.stack([jnp.zeros_like(rest), rest]),
        jnp.stack([rest, days - rest]),
        jnp.stack([whole + 1.0, whole]),
    )
    y, codes = jax.lax.scan(follow, before + cycle.bolus, parts)
    return y, worst(codes[0], codes[1])


@final
class _Try(NamedTuple):
    """A state before a dose, the period from it, the period's Jacobian, the change relative."""

    x: Scalar
    after: Scalar
    slope: Scalar
    change: Scalar
    code: Scalar


@final
class _Search(NamedTuple):
    """The best state so far, the next to try, whether Newton proposed it, tries made."""

    best: _Try
    next: Scalar
    newton: Scalar
    tries: Scalar


def _attempt(equations: Equations, cycle: Cycle, x: Scalar) -> _Try:
    def period(state: Scalar) -> tuple[Scalar, tuple[Scalar, Scalar]]:
        adjoint = diffrax.ForwardMode()
        after, code = _advance(equations, cycle, state, cycle.interval, adjoint)
        return after, (after, code)

    slope, (after, code) = jax.jacfwd(period, has_aux=True)(x)
    size = jnp.maximum(jnp.abs(x), jnp.abs(after))
    floor = equations.layout.settings.atol / CLOSE
    change = jnp.max(jnp.abs(after - x) / (size + SMALL_SHARE * jnp.max(size) + floor))
    return _Try(x, after, slope, jnp.where(jnp.isfinite(change), change, jnp.inf), code)


def _fixed_point(equations: Equations, cycle: Cycle, guess: Scalar) -> tuple[Scalar, ...]:
    """The state before a dose, the period's Jacobian there, and a status code."""

    def search(old: _Search) -> _Search:
        new = _attempt(equations, cycle, old.next)
        accepted = ~old.newton | (new.change < old.best.change)
        best = jax.tree.map(lambda a, b: jnp.where(accepted, a, b), new, old.best)
        step = jnp.linalg.solve(jnp.eye(guess.size) - best.slope, best.after - best.x)
        newton = accepted & (old.tries + 1 >= WARM_UP) & jnp.all(jnp.isfinite(step))
        proposal = jnp.where(newton, best.x + step, best.after)
        return _Search(best, proposal, newton, old.tries + 1)

    def unsettled(now: _Search) -> Scalar:
        lost = (now.tries > 0) & ~jnp.isfinite(now.best.change)
        return (now.best.change > CLOSE) & (now.tries < ITERATIONS) & ~lost

    nothing = jnp.full((guess.size, guess.size), jnp.nan)
    start = _Try(guess, guess, nothing, jnp.asarray(jnp.inf), jnp.asarray(0))
    first = _Search(start, guess, jnp.asarray(False), jnp.asarray(0))
    found = jax.lax.while_loop(unsettled, search, first).best
    missed = jnp.where(found.change <= CLOSE, 0, SolveStatus.NO_STEADY_STATE.code)
    return found.x, found.slope, worst(found.code, missed)
