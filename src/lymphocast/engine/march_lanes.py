"""One loop over the pieces of a plan, all lanes side by side.

Each piece is crossed block by block in cascade order. A switch picks the code of the piece's class:
head or tail, and for up to two linear blocks whether they are silent (nothing given yet, or so
long ago that e^-40 is left). A silent block is 0 at the nodes of later blocks; its own end state
stays exact. Where lanes have plans of their own, a piece is of a class if it is so in every lane.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import jax
import jax.numpy as jnp
from jax.lax import stop_gradient

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
from lymphocast.engine.plan import Pieces
from lymphocast.engine.settings import MarchSettings
from lymphocast.engine.structure import (
    STIFF_EXPONENT,
    Block,
    BlockKind,
    read_by,
    structure,
    unstructured,
)
from lymphocast.models.component import Component, Scalar, Values
from lymphocast.models.compose import rates_of

SILENT_EXPONENT = 40.0
DOUBTS = 3
MOST_SILENT_BLOCKS = 2
"""Two blocks make eight classes to compile; more would cost more than they save."""


@final
@dataclass(frozen=True)
class Way:
    """What the compiled code depends on besides shapes.

    Parameters
    ----------
    settings
        The settings.
    compartments
        Names of the states that something may enter at a piece's start.
    infused
        Those that infusions run into.
    covariates
        Names of the covariates: parameters or inputs that are known from piece to piece.
    clocks
        Inputs that are the time since the last dose into a state, with that state.
    kept, wanted
        Names of the states whose values are kept, and of the states and outputs read from them.
    """

    settings: MarchSettings
    compartments: tuple[str, ...]
    infused: tuple[str, ...]
    covariates: tuple[str, ...]
    clocks: tuple[tuple[str, str], ...]
    kept: tuple[str, ...]
    wanted: tuple[str, ...]


@final
class Marched(NamedTuple):
    """States at the start and at the end of each piece, ``[piece + 1, lane]``.

    ``doubt`` is ``[3, lane]``, each the largest over all pieces; see
    :class:`lymphocast.engine.blocks_smooth.Crossing`. ``turn``, by lane, is the largest change of a
    slope x days of a piece between a piece's start and a zero that a smooth state passed in it.
    """

    states: dict[str, Scalar]
    doubt: Scalar
    turn: Scalar


def march_lanes(
    model: Component,
    way: Way,
    theta: Values,
    start: Values,
    pieces: Pieces,
    count: Scalar,
    tolerance: Scalar,
) -> Marched:
    """Cross all pieces; a pure function that JAX can differentiate forward.

    Parameters
    ----------
    model
        The equations; hashable.
    way
        What to keep and how finely to look.
    theta
        Parameter values, each ``[lane]``, all of one length.
    start
        The states before the first piece, each ``[lane]``.
    pieces, count
        The plan's pieces, and how many of them are crossed.
    tolerance
        Relative change of an end value that further sweeps may still make.
    """
    run = _Run(model, way, theta, start, pieces, tolerance)
    size = pieces.begin.shape[0]
    zero = jnp.zeros_like(run.zero)
    rows = {n: jnp.zeros((size + 1, run.lanes)).at[0].set(start[n]) for n in way.kept}
    classes = run.piece_class()

    def step(number: Scalar, carry: Any) -> Any:  # noqa: ANN401 (a tree that JAX carries)
        state, doubt, turn, rows = carry
        piece = jax.tree.map(lambda x: x[number], pieces)
        end, further, turned = run.cross(state, piece, classes[number])
        rows = {
            n: jax.lax.dynamic_update_index_in_dim(rows[n], end[n], number + 1, 0) for n in way.kept
        }
        return end, jnp.maximum(doubt, further), jnp.maximum(turn, turned), rows

    begun = (dict(start), jnp.zeros((DOUBTS, run.lanes)), zero, rows)
    _, doubt, turn, rows = jax.lax.fori_loop(0, count, step, begun)
    return Marched(rows, doubt, turn)


def put_in(
    model: Component,
    way: Way,
    theta: Values,
    days: Scalar,
    level: Sequence[Scalar],
    last: Sequence[Scalar],
) -> tuple[dict[str, Scalar], dict[str, Scalar]]:
    """Return parameters and inputs on ``days``: covariates stand for either, by name.

    ``level`` holds the covariates, ``last`` the day of the last dose into each compartment.
    """
    known, inputs = dict(theta), dict[str, Scalar]()
    for name, value in zip(way.covariates, level, strict=True):
        (inputs if name in model.inputs else known)[name] = value
    for name, state in way.clocks:
        inputs[name] = days - last[way.compartments.index(state)]
    return known, inputs


State = dict[str, Scalar]


class _Run:
    """One model, one set of parameters and one plan while they are traced."""

    def __init__(
        self,
        model: Component,
        way: Way,
        theta: Values,
        start: Values,
        pieces: Pieces,
        tolerance: Scalar,
    ) -> None:
        self.model, self.way, self.theta, self.pieces = model, way, theta, pieces
        self.start, self.tolerance = start, tolerance
        self.zero = jnp.zeros_like(start[model.states[0].name])
        self.lanes = self.zero.shape[0]
        self.no_doubt = jnp.zeros((DOUBTS, self.lanes))
        blocks = structure(model) if way.settings.structured else unstructured(model)
        self.blocks = read_by(blocks, way.kept)
        self.short = {
            b: b.kind is BlockKind.LINEAR and b.short and not set(b.states) & set(way.infused)
            for b in self.blocks
        }
        may = [b for b in self.blocks if self.short[b]] if way.settings.classes else []
        self.may_be_silent = tuple(may[:MOST_SILENT_BLOCKS])
        steady = not model.inputs and not way.covariates
        self.fixed = self._coefficients(jax.tree.map(lambda x: x[0], pieces)) if steady else None

    def known(self, piece: Pieces, days: Scalar, shape: Callable[[Scalar], Scalar]) -> Any:  # noqa: ANN401
        """Return parameters and inputs of a piece on ``days``; ``shape`` fits values of lanes."""
        theta = {n: shape(v) for n, v in self.theta.items()}
        level = [shape(piece.level[row]) for row in range(len(self.way.covariates))]
        last = [shape(piece.last[row]) for row in range(len(self.way.compartments))]
        return put_in(self.model, self.way, theta, days, level, last)

    def piece_class(self) -> Scalar:
        """Return the class of each piece: bit 0 for heads, a further bit per silent block."""
        pieces = self.pieces
        if not self.way.settings.classes:
            return jnp.zeros(pieces.begin.shape[0], dtype=int)
        number = jnp.any(pieces.head, axis=-1).astype(int)
        for bit, block in enumerate(self.may_be_silent, start=1):
            number = number + (jnp.all(self._silent(block), axis=-1).astype(int) << bit)
        return stop_gradient(number)

    def _silent(self, block: Block) -> Scalar:
        pieces = self.pieces
        elapsed = jnp.full_like(pieces.begin, jnp.inf)
        for index, name in enumerate(self.way.compartments):
            if name in block.states:
                elapsed = jnp.minimum(elapsed, pieces.since_input[:, index])
        begun = jnp.any(jnp.stack([self.start[n] for n in block.states]) != 0.0)
        since_start = pieces.begin - pieces.begin[0]
        elapsed = jnp.where(begun, jnp.minimum(elapsed, since_start), elapsed)
        # With covariates the decay may change later: then only what was never given is silent.
        rate = 0.0 if self.fixed is None else slowest(block, self.fixed[block])
        return (elapsed * rate > SILENT_EXPONENT) | jnp.isinf(elapsed)

    def _coefficients(self, piece: Pieces) -> dict[Block, Coefficients]:
        theta, inputs = self.known(piece, piece.begin, lambda value: value)
        return {
            b: coefficients(self.model, b, piece.begin, inputs, theta, self.zero)
            for b in self.blocks
            if b.kind is BlockKind.LINEAR
        }

    def cross(self, state: State, piece: Pieces, number: Scalar) -> tuple[State, Scalar, Scalar]:
        """Cross one piece: the state at its end, doubt and turn."""
        given = dict(state)
        for index, name in enumerate(self.way.compartments):
            given[name] = given[name] + piece.amount[index]
        crossings = [self._crossing(i, piece) for i in range(self._classes())]
        if len(crossings) == 1:
            end, doubt = crossings[0](given)
        else:
            end, doubt = jax.lax.switch(number, crossings, given)
        return end, doubt, self._turn(stop_gradient(given), stop_gradient(end), piece)

    def _turn(self, given: Values, end: Values, piece: Pieces) -> Scalar:
        """Return how much a slope differs at zero, in lanes where a smooth state passed zero.

        A rate such as -v y / (k + y) has a pole below zero, and a path that leaps over it from one
        node to the next satisfies the equations at every node. The slope at zero betrays it.
        """
        smooth_states = [n for b in self.blocks if b.kind is BlockKind.SMOOTH for n in b.states]
        passed = {n: given[n] * end[n] < 0.0 for n in smooth_states}
        if not passed:
            return self.zero
        theta, inputs = stop_gradient(self.known(piece, piece.begin, lambda value: value))

        def slopes(at: Values) -> Scalar:
            found = []
            for name in smooth_states:

                def rate(own: Scalar, name: str = name) -> Scalar:
                    there = {**at, name: own}
                    rates = rates_of(self.model, (name,), piece.begin, there, inputs, theta)
                    return rates[name] + self.zero

                found.append(jax.jvp(rate, (at[name],), (jnp.ones_like(self.zero),))[1])
            return jnp.stack(found)

        def change(_: Scalar) -> Scalar:
            at_zero = {**end, **{n: jnp.where(p, 0.0, end[n]) for n, p in passed.items()}}
            # Both places by one loop: its code is compiled once.
            here, there = jax.lax.map(slopes, jax.tree.map(lambda *x: jnp.stack(x), given, at_zero))
            apart = jnp.where(jnp.stack(list(passed.values())), jnp.abs(here - there), 0.0)
            return stop_gradient(piece.length) * jnp.max(apart, axis=0)

        anywhere = jnp.any(jnp.stack(list(passed.values())))
        return jax.lax.cond(anywhere, change, lambda none: none, self.zero)

    def _classes(self) -> int:
        return 2 << len(self.may_be_silent) if self.way.settings.classes else 1

    def _crossing(self, number: int, piece: Pieces) -> Callable[[State], tuple[State, Scalar]]:
        """Return the code of one class of piece."""
        settings = self.way.settings
        head = bool(number & 1) or not settings.classes
        at = nodes(settings.head_nodes if head else settings.tail_nodes, head, settings.nodes_last)
        silent = {b for bit, b in enumerate(self.may_be_silent, start=1) if number >> bit & 1}

        def cross(given: State) -> tuple[State, Scalar]:
            found = self.fixed or self._coefficients(piece)
            here = Piece(piece.length, at, self.lanes, self.tolerance, settings.nodes_last)
            days = at.spread(piece.begin) + at.spread(piece.length) * at.along(at.place[:-1])
            known = {n: here.full(v) for n, v in given.items()}
            end = dict(given)
            doubt = self.no_doubt
            for block in self.blocks:
                if block.kind is BlockKind.LINEAR:
                    crossed = self._linear(block, found[block], given, piece, here, block in silent)
                else:
                    crossed = self._curved(block, known, given, piece, days, here)
                known.update(crossed.at_nodes)
                end.update(crossed.at_end)
                doubt = jnp.maximum(doubt, crossed.doubt)
            return end, doubt

        return cross

    def _inflow(self, block: Block, piece: Pieces) -> dict[str, Scalar]:
        """Return what infusions add per day to the states of a block, ``[lane]``."""
        infused = set(self.way.infused) & set(block.states)
        return {n: piece.input_rate[self.way.compartments.index(n)] for n in infused}

    def _linear(
        self,
        block: Block,
        found: Coefficients,
        given: Values,
        piece: Pieces,
        here: Piece,
        silent: bool,
    ) -> Crossing:
        if not self.short[block]:
            inflow = self._inflow(block, piece)
            at_nodes, at_end, share = general_answer(
                block, found, given, inflow, here.h, here.nodes
            )
            exponent = stop_gradient(STIFF_EXPONENT * share)
            return Crossing(at_nodes, at_end, jnp.stack([self.zero, self.zero, exponent]))
        at_nodes, at_end = short_answer(block, found, given, here.h, None if silent else here.nodes)
        if silent:
            at_nodes = {n: here.full(jnp.zeros(1)) for n in block.states}
        return Crossing(at_nodes, at_end, self.no_doubt)

    def _curved(
        self,
        block: Block,
        known: Values,
        given: Values,
        piece: Pieces,
        days: Scalar,
        here: Piece,
    ) -> Crossing:
        """Cross with a logistic or smooth block; an infusion into it adds to its rate."""
        inflow = {n: here.nodes.spread(v) for n, v in self._inflow(block, piece).items()}
        theta, inputs = self.known(piece, days, here.nodes.spread)

        def rates(own: Values) -> Values:
            at = {**known, **own}
            found = rates_of(self.model, block.states, days, at, inputs, theta)
            return {n: here.full(found[n] + inflow.get(n, 0.0)) for n in block.states}

        start = {n: given[n] for n in block.states}
        if block.kind is BlockKind.LOGISTIC and not inflow:
            return logistic(block, rates, start, here)
        return smooth(block, rates, start, here)
