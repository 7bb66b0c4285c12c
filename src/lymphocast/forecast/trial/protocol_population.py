"""The part of a protocol file that says from where patients are drawn.

From the priors of the course model, or from a population's fit:

::

    population: {fit: fit.nc, design: shared.yaml, model: one-compartment-iv, uncertain: true}
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import final

from lymphocast.errors import RecordError
from lymphocast.forecast.plan_kinds import Share
from lymphocast.forecast.trial.protocol import FittedPopulation, VirtualPopulation
from lymphocast.forecast.trial.protocol_fit import fitted_population
from lymphocast.models.prior_file import model_priors, read_priors
from lymphocast.models.prior_table import PriorTable, Weights
from lymphocast.record.fields import Field, Group
from lymphocast.record.kinds import JsonObject, Kind, Scope, Text, shown, text_of
from lymphocast.record.misread import Misread
from lymphocast.record.numbers import Days, YesNo
from lymphocast.record.yamltree import Node, Table, finite_number

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
        value = finite_number(text)
        if value is None:
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
        Field("preset", Text(), "prior weights of the hypotheses", False),
        Field("weights", WEIGHTS, "weights instead of the preset's", False, {}),
        Field("fixed", ByParameter(Signed()), "parameters that all share", False, ()),
        Field("shared", ByParameter(Share()), "share of variance in common", False, ()),
        Field("fit", Text(), "a population's fit, instead of priors", False),
        Field("design", Text(), "the population file that it was made with", False),
        Field("model", Text(), "the library model that was fitted", False),
        Field("endpoint", Text(), "what is measured at visits", False),
        Field("occasion", Days(), "how long an occasion lasts", False),
        Field("uncertain", YesNo(), "whether each trial draws the estimates", False, default=False),
    ),
    lambda **given: given,
)
OF_PRIORS = ("priors", "preset", "weights", "fixed", "shared")
OF_FIT = ("design", "model", "endpoint", "occasion", "uncertain")
SUM_ROOM = 1e-9  # of weights that are printed with a few digits


def population_of(
    given: object, folder: Path, length: float
) -> VirtualPopulation | FittedPopulation:
    """Return the population that the part states, of a trial of ``length`` days.

    Files are looked for in ``folder``.

    Raises
    ------
    Misread
        If it mixes priors and a fit, or one of the two is not what it should be.
    """
    said: Mapping[str, object] = given if isinstance(given, dict) else {}
    said = {name: value for name, value in said.items() if value not in (None, (), {}, False)}
    if "fit" in said:
        strange = next((name for name in OF_PRIORS if name in said), None)
        if strange is not None:
            raise Misread(found=f"'{strange}' beside 'fit'", needed="priors, or a fit")
        return fitted_population(said, folder, length)
    strange = next((name for name in OF_FIT if name in said), None)
    if strange is not None:
        raise Misread(found=f"'{strange}' without 'fit'", needed="the population's fit")
    return _from_priors(said, folder)


def _from_priors(said: Mapping[str, object], folder: Path) -> VirtualPopulation:
    table = _table(said.get("priors"), folder)
    preset = str(said.get("preset", USUAL))
    if preset not in table.presets:
        raise Misread(found=f"the preset '{preset}'", needed=f"one of {', '.join(table.presets)}")
    changes = said.get("weights")
    weights = replace(table.presets[preset], **(changes if isinstance(changes, dict) else {}))
    total = weights.stable + weights.recovery + weights.infection
    if abs(total - 1.0) > SUM_ROOM:
        raise Misread(
            found=f"weights of stable, recovery and infection that sum to {total:g}",
            needed="weights that sum to 1",
        )
    fixed, shared = _pairs(said.get("fixed")), _pairs(said.get("shared"))
    both = {name for name, _ in fixed} & {name for name, _ in shared}
    if both:
        raise Misread(found=f"'{min(both)}' both fixed and shared", needed="one of the two")
    for name, value in fixed:
        _check_fixed(table, name, value)
    return VirtualPopulation(table, weights, fixed, shared)


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
