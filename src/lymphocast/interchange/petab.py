"""PEtab version 1 in: the problem file, its tables and its SBML model.

Read are conditions, observables with their noise and transformation, overrides of observable and
noise parameters, and the parameter table with scales, bounds and objective priors. Refused, each
by name: preequilibration, measurements at steady state (time ``inf``), several models or problems
in one file, and format version 2. Figures, names and priors for initialization are listed as left
out.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from lymphocast.errors import ExchangeError, RecordError
from lymphocast.interchange.exchange import Dropped
from lymphocast.interchange.petab_formula import IDENTIFIER, read_formula, read_value
from lymphocast.interchange.petab_problem import (
    Noise,
    PetabMeasurement,
    PetabObservable,
    PetabParameter,
    PetabPrior,
    PetabPriorFamily,
    PetabProblem,
    PetabScale,
)
from lymphocast.interchange.petab_tables import Row, read_rows, read_text
from lymphocast.interchange.sbml_import import ImportedModel, read_sbml
from lymphocast.models.formula import Formula, names_read
from lymphocast.record.yamltree import Items, Node, Scalar, Table, read_tree

KNOWN_KEYS = {
    "format_version", "parameter_file", "problems", "extensions",
}  # fmt: skip
TABLES = ("condition_files", "observable_files", "measurement_files", "sbml_files")
Choice = TypeVar("Choice", bound=StrEnum)


def read_petab(path: Path) -> PetabProblem:
    """Return the problem that a PEtab problem file (YAML) describes.

    Parameters
    ----------
    path
        The problem file; the others are found from its folder.

    Raises
    ------
    ExchangeError
        If a file cannot be read, tables do not fit each other or the model, or the problem needs
        what is not supported.
    FileNotFoundError
        If a file is missing.
    """
    parameters, files, dropped = _problem_files(path)
    conditions = _conditions(read_rows(files["condition_files"], ("conditionId",)))
    observables = _observables(
        read_rows(files["observable_files"], ("observableId", "observableFormula", "noiseFormula"))
    )
    table = _parameters(
        read_rows(parameters, ("parameterId", "parameterScale", "estimate", "nominalValue"))
    )
    needed = ("observableId", "simulationConditionId", "measurement", "time")
    measurements = tuple(map(_measurement, read_rows(files["measurement_files"], needed)))
    (sbml,) = files["sbml_files"]
    given = frozenset({name for own in conditions.values() for name in own} | set(table))
    model = read_sbml(sbml.read_bytes(), sbml.name, given=given)
    problem = PetabProblem(
        path.name,
        model,
        conditions,
        observables,
        measurements,
        table,
        (*dropped, *model.dropped),
    )
    for fault in _faults(problem):
        raise fault
    return problem


def _problem_files(path: Path) -> tuple[list[Path], dict[str, list[Path]], list[Dropped]]:
    """Return the parameter files, the files of the only problem by kind, and what is left out."""
    tree = _tree(path)
    version = tree.get("format_version")
    stated = version.text if isinstance(version, Scalar) else "nothing"
    if stated.split(".")[0] != "1":
        raise ExchangeError(path.name, "format_version", f"'{stated}'", "1")
    problems = tree.get("problems")
    own = problems.items if isinstance(problems, Items) else ()
    if len(own) != 1 or not isinstance(own[0], Table):
        raise ExchangeError(path.name, "problems", f"{len(own)} problems", "one")
    parameters = _paths(path, tree, "parameter_file")
    files = {kind: _paths(path, own[0], kind) for kind in TABLES}
    if len(files["sbml_files"]) != 1:
        found = f"{len(files['sbml_files'])} models"
        raise ExchangeError(path.name, "sbml_files", found, "one")
    left = [entry.key for entry in (*tree.entries, *own[0].entries)]
    dropped = [
        Dropped(path.name, key, "it is no part of the likelihood")
        for key in left
        if key not in KNOWN_KEYS and key not in TABLES
    ]
    return parameters, files, dropped


def _tree(path: Path) -> Table:
    try:
        tree = read_tree(read_text(path), path.name)
    except RecordError as error:
        place = None if error.line is None else f"line {error.line}"
        raise ExchangeError(error.file, place, error.found, error.needed) from error
    if not isinstance(tree, Table):
        raise ExchangeError(path.name, None, "no mapping", "a PEtab problem file")
    return tree


def _paths(path: Path, table: Table, key: str) -> list[Path]:
    found: Node | None = table.get(key)
    items: Sequence[Node] = found.items if isinstance(found, Items) else [found] if found else []
    names = [item.text for item in items if isinstance(item, Scalar) and item.text]
    if not names or len(names) != len(items):
        raise ExchangeError(path.name, key, "no file", "names of files")
    remote = [name for name in names if "://" in name]
    if remote:
        raise ExchangeError(path.name, key, f"'{remote[0]}'", "a file beside the problem")
    return [path.parent / name for name in names]


def _conditions(rows: Sequence[Row]) -> dict[str, dict[str, Formula]]:
    found: dict[str, dict[str, Formula]] = {}
    for row in rows:
        name = _identifier(row, "conditionId")
        if name in found:
            row.refuse(f"a second condition '{name}'", "one")
        found[name] = {
            column: read_value(cell, row.file, f"line {row.line}, '{column}'")
            for column, cell in row.cells.items()
            if column not in {"conditionId", "conditionName"}
        }
    return found


def _identifier(row: Row, column: str) -> str:
    name = row.needed(column)
    if not IDENTIFIER.fullmatch(name):
        row.refuse(f"'{name}' in '{column}'", "letters, digits and underscores")
    return name


def _observables(rows: Sequence[Row]) -> dict[str, PetabObservable]:
    found: dict[str, PetabObservable] = {}
    for row in rows:
        name = _identifier(row, "observableId")
        if name in found:
            row.refuse(f"a second observable '{name}'", "one")
        where = f"line {row.line}, '{name}'"
        found[name] = PetabObservable(
            name,
            read_formula(row.needed("observableFormula"), row.file, where),
            read_formula(row.needed("noiseFormula"), row.file, where),
            _choice(row, "observableTransformation", PetabScale, PetabScale.LIN),
            _choice(row, "noiseDistribution", Noise, Noise.NORMAL),
        )
    return found


def _choice(row: Row, column: str, kind: type[Choice], default: Choice) -> Choice:
    text = row.text(column)
    if not text:
        return default
    try:
        return kind(text)
    except ValueError:
        row.refuse(f"'{text}' in '{column}'", f"one of {', '.join(kind)}")


def _parameters(rows: Sequence[Row]) -> dict[str, PetabParameter]:
    found: dict[str, PetabParameter] = {}
    for row in rows:
        name = _identifier(row, "parameterId")
        if name in found:
            row.refuse(f"a second parameter '{name}'", "one")
        found[name] = _parameter(row, name)
    return found


def _parameter(row: Row, name: str) -> PetabParameter:
    estimate = row.needed("estimate")
    if estimate not in {"0", "1", "0.0", "1.0"}:
        row.refuse(f"'{estimate}' in 'estimate'", "0 or 1")
    estimated = float(estimate) == 1.0
    lower = row.number("lowerBound") if row.text("lowerBound") else -math.inf
    upper = row.number("upperBound") if row.text("upperBound") else math.inf
    if estimated and not lower < upper:
        row.refuse(f"bounds {lower:g} and {upper:g}", "a lower and a higher one")
    scale = _choice(row, "parameterScale", PetabScale, PetabScale.LIN)
    nominal = row.number("nominalValue") if row.text("nominalValue") else None
    if not estimated and nominal is None:
        row.refuse(f"no nominal value of '{name}'", "one, as it is not estimated")
    return PetabParameter(name, scale, lower, upper, nominal, estimated, _prior(row))


def _prior(row: Row) -> PetabPrior | None:
    if not row.text("objectivePriorType"):
        return None
    family = _choice(row, "objectivePriorType", PetabPriorFamily, PetabPriorFamily.SCALED_UNIFORM)
    text = row.needed("objectivePriorParameters")
    try:
        first, second = (float(part) for part in text.split(";"))
    except ValueError:
        row.refuse(f"'{text}' in 'objectivePriorParameters'", "two numbers, as 0;1")
    return PetabPrior(family, first, second)


def _measurement(row: Row) -> PetabMeasurement:
    if row.text("preequilibrationConditionId"):
        row.refuse("a preequilibration", "measurements from the start of a condition")
    time = row.number("time")
    if not math.isfinite(time):
        row.refuse(f"time {time:g}", "a time; a steady state is not looked for")
    return PetabMeasurement(
        row.needed("observableId"),
        row.needed("simulationConditionId"),
        time,
        row.number("measurement"),
        *(
            tuple(
                read_value(part.strip(), row.file, f"line {row.line}, '{column}'")
                for part in row.text(column).split(";")
                if part.strip()
            )
            for column in ("observableParameters", "noiseParameters")
        ),
    )


def _faults(problem: PetabProblem) -> Iterator[ExchangeError]:
    """Yield what does not fit together."""
    own, known = problem.name, known_names(problem)
    yield from _condition_faults(problem, known)
    for m in problem.measurements:
        where = f"measurement of '{m.observable}' at {m.time:g}"
        if m.observable not in problem.observables:
            yield ExchangeError(own, where, f"'{m.observable}'", "a row of the observable table")
        if m.condition not in problem.conditions:
            yield ExchangeError(own, where, f"'{m.condition}'", "a row of the condition table")
    yield from _formula_faults(problem, known)
    changed = {*problem.parameters, *(s for sets in problem.conditions.values() for s in sets)}
    told = sorted(problem.model.events_read & changed)
    if told:
        found = f"an event that depends on '{told[0]}'"
        yield ExchangeError(own, "sbml_files", found, "events whose numbers are fixed")


def _condition_faults(problem: PetabProblem, known: set[str]) -> Iterator[ExchangeError]:
    for condition, sets in problem.conditions.items():
        where = f"condition '{condition}'"
        for symbol, value in sets.items():
            if parameter_of(problem.model, symbol) is None:
                found = f"'{symbol}', whose start a condition cannot set"
                needed = "a parameter, species or compartment"
                yield ExchangeError(problem.name, where, found, needed)
            strange = sorted(names_read(value) - set(problem.parameters) - known)
            if strange:
                needed = "a number or a parameter"
                yield ExchangeError(problem.name, where, f"'{strange[0]}'", needed)


def _formula_faults(problem: PetabProblem, known: set[str]) -> Iterator[ExchangeError]:
    for m in problem.measurements:
        observable = problem.observables.get(m.observable)
        if observable is None:
            continue
        where = f"observable '{m.observable}'"
        own = known | set(problem.parameters) | {m.observable}
        own |= set(placeholders("observable", m.observable, m.observable_values))
        own |= set(placeholders("noise", m.observable, m.noise_values))
        values = {n for v in (*m.observable_values, *m.noise_values) for n in names_read(v)}
        read = names_read(observable.formula) | names_read(observable.noise) | values
        strange = sorted(read - own)
        if strange:
            found = f"'{strange[0]}' for the measurement at {m.time:g}"
            yield ExchangeError(problem.name, where, found, "a symbol or a parameter")


def placeholders(kind: str, observable: str, values: Sequence[Formula]) -> Mapping[str, Formula]:
    """Return what stands for ``observableParameter1_...`` and so on."""
    return {f"{kind}Parameter{i}_{observable}": v for i, v in enumerate(values, 1)}


def parameter_of(model: ImportedModel, symbol: str) -> str | None:
    """Return the parameter of a model that holds the value, or the start, of a symbol."""
    own = {p.name for p in model.model.parameters}
    begin = model.begins.get(symbol)
    return begin if begin is not None else symbol if symbol in own else None


def known_names(problem: PetabProblem) -> set[str]:
    """Return the names that a formula may read besides the parameter table's."""
    model = problem.model.model
    variables = (*model.states, *model.outputs, *model.parameters)
    return {":time", *(v.name for v in variables)}
