"""The part of a protocol file that says from where patients are drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from math import isfinite
from pathlib import Path
from typing import final

from lymphocast.errors import RecordError
from lymphocast.forecast.plan_kinds import Share
from lymphocast.forecast.trial.protocol import VirtualPopulation
from lymphocast.models.prior_file import model_priors, read_priors
from lymphocast.models.prior_table import PriorTable, Weights
from lymphocast.record.fields import Field, Group
from lymphocast.record.kinds import JsonObject, Kind, Scope, Text, shown, text_of
from lymphocast.record.misread import Misread
from lymphocast.record.yamltree import Node, Table

MODEL, USUAL = "course", "neutral"


@final
@dataclass(frozen=True)
class ByParameter(Kind):
    """A mapping from parameters of the course model to values of one kind."""

    of: Kind

    def check(self, node: Node, scope: Scope) -> None:
        """Refuse a node of another shape."""
        if not isinstance(node, Table):
            raise scope.error(node, "a text or list", "a mapping from parameters to values")
        known = [row.parameter for row in model_priors(MODEL).rows]
        for key, line, value in node.entries:
            if key not in known:
                needed = f"one of {', '.join(known)}"
                raise RecordError(scope.file, line, f"the parameter {shown(key)}", needed)
            self.of.check(value, scope)

    def read(self, node: Node, scope: Scope) -> tuple[tuple[str, object], ...]:
        """Return the value of a node whose shape has been checked."""
        entries = node.entries if isinstance(node, Table) else ()
        return tuple(sorted((key, self.of.read(value, scope)) for key, _, value in entries))

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"type": "object", "additionalProperties": self.of.schema()}


@final
@dataclass(frozen=True)
class Signed(Kind):
    """Any finite number."""

    def read(self, node: Node, scope: Scope) -> float:
        """Return the value of a node."""
        text = text_of(node, scope)
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not isfinite(value):
            raise scope.error(node, shown(text), "a number")
        return value

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"type": "number"}


WEIGHTS = Group(
    tuple(Field(f.name, Share(), "prior probability", required=False) for f in fields(Weights)),
    lambda **given: {name: value for name, value in given.items() if value is not None},
)
POPULATION = Group(
    (
        Field("priors", Text(), "a file of prior rows that replace the shipped ones", False),
        Field("preset", Text(), "prior weights of the hypotheses", False, USUAL),
        Field("weights", WEIGHTS, "weights instead of the preset's", False, {}),
        Field("fixed", ByParameter(Signed()), "parameters that all share", False, ()),
        Field("shared", ByParameter(Share()), "share of variance in common", False, ()),
    ),
    lambda **given: given,
)
SUM_ROOM = 1e-9  # of weights that are printed with a few digits


def population_of(given: object, folder: Path) -> VirtualPopulation:
    """Return the population that the part states; a file of priors is looked for in ``folder``.

    Raises
    ------
    Misread
        If a preset is unknown, weights do not sum to 1 or a parameter is both fixed and shared.
    """
    said: Mapping[str, object] = given if isinstance(given, dict) else {}
    said = {"priors": None, "preset": USUAL, "weights": {}, "fixed": (), "shared": (), **said}
    table = _table(said["priors"], folder)
    preset = str(said["preset"])
    if preset not in table.presets:
        raise Misread(found=f"the preset '{preset}'", needed=f"one of {', '.join(table.presets)}")
    changes = said["weights"] if isinstance(said["weights"], dict) else {}
    weights = replace(table.presets[preset], **changes)
    total = weights.stable + weights.recovery + weights.infection
    if abs(total - 1.0) > SUM_ROOM:
        raise Misread(
            found=f"weights of stable, recovery and infection that sum to {total:g}",
            needed="weights that sum to 1",
        )
    population = VirtualPopulation(table, weights, _pairs(said["fixed"]), _pairs(said["shared"]))
    both = {name for name, _ in population.fixed} & {name for name, _ in population.shared}
    if both:
        raise Misread(found=f"'{min(both)}' both fixed and shared", needed="one of the two")
    for name, value in population.fixed:
        _check_fixed(table, name, value)
    return population


def _table(priors: object, folder: Path) -> PriorTable:
    base = model_priors(MODEL)
    if priors is None:
        return base
    path = folder / str(priors)
    if not path.is_file():
        raise Misread(found=f"the file '{priors}', which does not exist", needed="a file of priors")
    return read_priors(path, base)


def _pairs(value: object) -> tuple[tuple[str, float], ...]:
    return value if isinstance(value, tuple) else ()


def _check_fixed(table: PriorTable, name: str, value: float) -> None:
    """Refuse a value at which the equations mean nothing."""
    row = table.row(name)
    if value <= 0.0 and row.family.positive and name != "gain":
        raise Misread(found=f"'{name}' fixed at {value:g}", needed="a value above 0")
    if value < 0.0 and name in {"gain", "initial_burden"}:
        raise Misread(found=f"'{name}' fixed at {value:g}", needed="a value of at least 0")
