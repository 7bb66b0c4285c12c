"""One scan over the pieces of a plan, all lanes side by side.

Each piece is crossed block by block in cascade order. A switch picks the code of the piece's class:
head or tail, and for up to two linear blocks whether they are silent (nothing given yet, or so
long ago that e^-40 is left). A silent block is 0 at the nodes of later blocks; its own end state
stays exact.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import final

import jax
import jax.numpy as jnp

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.engine.blocks_linear import (
    Coefficients,
    coefficients,
    general_answer,
    short_answer,
    slowest,
)
from lymphocast.engine.blocks_smooth import Crossing, Piece, logistic, smooth
from lymphocast.engine.march_nodes import nodes
from lymphocast.engine.plan import Plan
from lymphocast.engine.structure import STIFF_EXPONENT, Block, BlockKind, structure
from lymphocast.models.component import Component, Scalar, Values

SILENT_EXPONENT = 40.0
DOUBTS = 3
MOST_SILENT_BLOCKS = 2
"""Two blocks make eight classes to compile; more would cost more than they save."""


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
    """

    head_nodes: int = 12
    tail_nodes: int = 6
    tolerance: float = 1e-7
    block: int = 200
    classes: bool = True


@final
@dataclass(frozen=True)
class Way:
    """What the compiled code depends on besides shapes.

    Parameters
    ----------
    settings
        The settings.
    wanted
        Names of states and outputs to keep.
    compartments, infused
        States that doses may enter, and those that infusions do enter.
    forcings
        Names of the forcings.
    """

    settings: MarchSettings
    wanted: tuple[str, ...]
    compartments: tuple[str, ...]
    infused: tuple[str, ...]
    forcings: tuple[str, ...]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Schedule:
    """The arrays of a plan that the scan runs over, with the fraction absorbed included.

    Amounts and input rates are ``[piece, compartment, lane]`` or ``[piece, compartment, 1]``.
    """

    begin: Scalar
    length: Scalar
    head: Scalar
    amount: Scalar
    input_rate: Scalar
    since_input: Scalar
    level: Scalar


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Marched:
    """Values of what was wanted at the start and at the end of each piece, ``[piece + 1, lane]``.

    ``doubt`` is ``[3, lane]``, each the largest over all pieces; see
    :class:`lymphocast.engine.blocks_smooth.Crossing`. ``turn``, by lane, is the largest change of a
    slope x days of a piece between a piece's start and a zero that a smooth state passed in it.
    """

    values: dict[str, Scalar]
    doubt: Scalar
    turn: Scalar


def schedule_of(plan: Plan) -> Schedule:
    """Return the arrays of a plan."""
    return Schedule(
        jnp.asarray(plan.begin),
        jnp.asarray(plan.length),
        jnp.asarray(plan.head),
        jnp.asarray(plan.amount)[:, :, None],
        jnp.asarray(plan.input_rate)[:, :, None],
        jnp.asarray(plan.since_input),
        jnp.asarray(plan.level),
    )


def scaled(schedule: Schedule, fraction: Scalar) -> Schedule:
    """Return a schedule whose inputs are multiplied by ``fraction``, ``[compartment, lane]``."""
    return replace(
        schedule,
        amount=schedule.amount * fraction,
        input_rate=schedule.input_rate * fraction,
    )


@partial(jax.jit, static_argnames=("model", "way"))
def march_lanes(model: Component, way: Way, theta: Values, schedule: Schedule) -> Marched:
    """Cross all pieces; a pure function that JAX can differentiate forward.

    Parameters
    ----------
    model
        The equations; hashable.
    way
        What to keep and how finely to look.
    theta
        Parameter values, each ``[lane]``, all of one length.
    schedule
        The plan's arrays.
    """
    run = _Run(model, way, theta, schedule)
    start = run.start()
    first = run.kept(schedule.begin[0], start, schedule.level[0])
    pieces = (schedule, run.piece_class())
    begun = (start, run.no_doubt, run.zero)
    (_, doubt, turn), rows = jax.lax.scan(run.step, begun, pieces)
    values = {n: jnp.concatenate([first[n][None], rows[n]]) for n in way.wanted}
    return Marched(values, doubt, turn)


State = dict[str, Scalar]
Carry = tuple[State, Scalar, Scalar]
"""The state of every lane, and doubt and turn of :class:`Marched` so far."""


class _Run:
    """One model, one set of parameters and one schedule while they are traced."""

    def __init__(self, model: Component, way: Way, theta: Values, schedule: Schedule) -> None:
        self.model, self.way, self.theta, self.schedule = model, way, theta, schedule
        self.zero = jnp.zeros_like(next(iter(theta.values())))
        self.no_doubt = jnp.zeros((DOUBTS, *self.zero.shape))
        self.blocks = structure(model)
        self.short = {
            b: b.kind is BlockKind.LINEAR and b.short and not set(b.states) & set(way.infused)
            for b in self.blocks
        }
        may = [b for b in self.blocks if self.short[b]] if way.settings.classes else []
        self.may_be_silent = tuple(may[:MOST_SILENT_BLOCKS])
        self.fixed = None if model.inputs else self._coefficients(schedule.begin[0], {})

    def start(self) -> dict[str, Scalar]:
        """Return the initial state in every lane."""
        initial = self.model.initial(self.theta)
        return {s.name: initial[s.name] + self.zero for s in self.model.states}

    def forcing(self, level: Scalar) -> dict[str, Scalar]:
        """Return the forcings of a piece by name."""
        return {name: level[i] for i, name in enumerate(self.way.forcings)}

    def kept(self, t: Scalar, state: Values, level: Scalar) -> dict[str, Scalar]:
        """Return the wanted states and outputs."""
        found = {**self.model.observe(t, state, self.forcing(level), self.theta), **state}
        return {name: found[name] + self.zero for name in self.way.wanted}

    def piece_class(self) -> Scalar:
        """Return the class of each piece: bit 0 for heads, a further bit per silent block."""
        schedule = self.schedule
        if not self.way.settings.classes:
            return jnp.zeros(len(schedule.begin), dtype=int)
        number = schedule.head.astype(int)
        for bit, block in enumerate(self.may_be_silent, start=1):
            number = number + (self._silent(block).astype(int) << bit)
        return number

    def _silent(self, block: Block) -> Scalar:
        schedule = self.schedule
        elapsed = jnp.full_like(schedule.begin, jnp.inf)
        for index, name in enumerate(self.way.compartments):
            if name in block.states:
                elapsed = jnp.minimum(elapsed, schedule.since_input[:, index])
        initial = self.start()
        begun = jnp.any(jnp.stack([initial[n] for n in block.states]) != 0.0)
        since_start = schedule.begin - schedule.begin[0]
        elapsed = jnp.where(begun, jnp.minimum(elapsed, since_start), elapsed)
        first = {} if not len(self.way.forcings) else self.forcing(schedule.level[0])
        found = coefficients(self.model, block, schedule.begin[0], first, self.theta, self.zero)
        # With forcings the decay may change later: then only what was never given is silent.
        rate = slowest(block, found) if self.fixed is not None else 0.0
        return (elapsed * rate > SILENT_EXPONENT) | jnp.isinf(elapsed)

    def _coefficients(self, t: Scalar, inputs: Values) -> dict[Block, Coefficients]:
        return {
            b: coefficients(self.model, b, t, inputs, self.theta, self.zero)
            for b in self.blocks
            if b.kind is BlockKind.LINEAR
        }

    def step(self, carry: Carry, xs: tuple[Schedule, Scalar]) -> tuple[Carry, dict[str, Scalar]]:
        """Cross one piece."""
        state, doubt, turn = carry
        piece, number = xs
        given = dict(state)
        for index, name in enumerate(self.way.compartments):
            given[name] = given[name] + piece.amount[index]
        crossings = [self._crossing(i, piece) for i in range(self._classes())]
        if len(crossings) == 1:
            end, further = crossings[0](given)
        else:
            end, further = jax.lax.switch(number, crossings, given)
        row = self.kept(piece.begin + piece.length, end, piece.level)
        turn = jnp.maximum(turn, self._turn(given, end, piece))
        return (end, jnp.maximum(doubt, further), turn), row

    def _turn(self, given: Values, end: Values, piece: Schedule) -> Scalar:
        """Return how much a slope differs at zero, in lanes where a smooth state passed zero.

        A rate such as -v y / (k + y) has a pole below zero, and a path that leaps over it from one
        node to the next satisfies the equations at every node. The slope at zero betrays it.
        """
        smooth_states = [n for b in self.blocks if b.kind is BlockKind.SMOOTH for n in b.states]
        passed = {n: given[n] * end[n] < 0.0 for n in smooth_states}
        if not passed:
            return self.zero

        def slopes(at: Values) -> list[Scalar]:
            found = []
            for name in smooth_states:
                _, slope = jax.jvp(
                    lambda own, name=name: self._rate(name, {**at, name: own}, piece),
                    (at[name],),
                    (jnp.ones_like(self.zero),),
                )
                found.append(slope)
            return found

        def change(_: Scalar) -> Scalar:
            at_zero = {**end, **{n: jnp.where(p, 0.0, end[n]) for n, p in passed.items()}}
            apart = zip(slopes(given), slopes(at_zero), passed.values(), strict=True)
            each = [jnp.where(p, jnp.abs(a - b), 0.0) for a, b, p in apart]
            return piece.length * jnp.max(jnp.stack(each), axis=0)

        anywhere = jnp.any(jnp.stack(list(passed.values())))
        return jax.lax.cond(anywhere, change, lambda none: none, self.zero)

    def _rate(self, name: str, state: Values, piece: Schedule) -> Scalar:
        inputs = self.forcing(piece.level)
        return self.model.rates(piece.begin, state, inputs, self.theta)[name] + self.zero

    def _classes(self) -> int:
        return 2 << len(self.may_be_silent) if self.way.settings.classes else 1

    def _crossing(self, number: int, piece: Schedule) -> Callable[[State], tuple[State, Scalar]]:
        """Return the code of one class of piece."""
        settings = self.way.settings
        head = bool(number & 1) or not settings.classes
        at = nodes(settings.head_nodes if head else settings.tail_nodes, head)
        silent = {b for bit, b in enumerate(self.may_be_silent, start=1) if number >> bit & 1}

        def cross(given: State) -> tuple[State, Scalar]:
            inputs = self.forcing(piece.level)
            found = self.fixed or self._coefficients(piece.begin, inputs)
            here = Piece(piece.length, at, settings.tolerance)
            rate = {n: piece.input_rate[i] for i, n in enumerate(self.way.compartments)}
            days = piece.begin + piece.length * jnp.asarray(at.place[:-1, None])
            known = {n: jnp.broadcast_to(v, (here.number, *v.shape)) for n, v in given.items()}
            end = dict(given)
            doubt = self.no_doubt
            for block in self.blocks:
                if block.kind is BlockKind.LINEAR:
                    crossed = self._linear(block, found[block], given, rate, here, block in silent)
                else:
                    crossed = self._curved(block, known, given, rate, days, inputs, here)
                known.update(crossed.at_nodes)
                end.update(crossed.at_end)
                doubt = jnp.maximum(doubt, crossed.doubt)
            return end, doubt

        return cross

    def _linear(
        self,
        block: Block,
        found: Coefficients,
        given: Values,
        rate: Values,
        piece: Piece,
        silent: bool,
    ) -> Crossing:
        if not self.short[block]:
            inputs = {n: rate[n] for n in block.states if n in rate}
            at_nodes, at_end, share = general_answer(
                block, found, given, inputs, piece.h, piece.nodes.place
            )
            exponent = STIFF_EXPONENT * share
            return Crossing(at_nodes, at_end, jnp.stack([self.zero, self.zero, exponent]))
        if silent:
            end = short_answer(block, found, given, piece.h)
            shape = (piece.number, *self.zero.shape)
            return Crossing({n: jnp.zeros(shape) for n in block.states}, end, self.no_doubt)
        days = piece.h * jnp.asarray(piece.nodes.place[:, None])
        values = short_answer(block, found, given, days)
        at_nodes = {n: v[:-1] for n, v in values.items()}
        return Crossing(at_nodes, {n: v[-1] for n, v in values.items()}, self.no_doubt)

    def _curved(
        self,
        block: Block,
        known: Values,
        given: Values,
        rate: Values,
        days: Scalar,
        inputs: Values,
        piece: Piece,
    ) -> Crossing:
        """Cross with a logistic or smooth block; an infusion into it adds to its rate."""
        infused = [n for n in block.states if n in self.way.infused]

        def rates(own: Values) -> Values:
            found: Mapping[str, Scalar] = self.model.rates(
                days, {**known, **own}, inputs, self.theta
            )
            shape = (piece.number, *self.zero.shape)
            return {
                n: jnp.broadcast_to(found[n] + (rate[n] if n in infused else 0.0), shape)
                for n in block.states
            }

        start = {n: given[n] for n in block.states}
        if block.kind is BlockKind.LOGISTIC and not infused:
            return logistic(block, rates, start, piece)
        return smooth(block, rates, start, piece)
