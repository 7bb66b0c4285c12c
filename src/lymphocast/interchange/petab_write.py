"""PEtab version 1 out: a model, records of one or more individuals, and what is to be estimated.

A problem holds one SBML document, and PEtab version 1 has no doses in its tables. So all
individuals of a problem share their doses, which are events of the document, and each individual
is a condition that sets its covariates. Individuals with different doses are different problems:
they are refused here and written one by one.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import libsbml

from lymphocast.dataset.events import EventKind, EventRecord, EventTable
from lymphocast.errors import UsageError
from lymphocast.files import write_whole
from lymphocast.interchange.petab_formula import IDENTIFIER
from lymphocast.interchange.petab_problem import PetabParameter, PetabScale
from lymphocast.interchange.sbml import sbml_text
from lymphocast.models.component import Component, Values

PROBLEM = "problem.yaml"
FILES = {
    "sbml_files": "model.xml",
    "condition_files": "conditions.tsv",
    "observable_files": "observables.tsv",
    "measurement_files": "measurements.tsv",
}
PARAMETERS = "parameters.tsv"

Rows = Sequence[Mapping[str, object]]


@final
@dataclass(frozen=True)
class PetabScatter:
    """How observations of one variable scatter around it.

    Parameters
    ----------
    sd
        The standard deviation: a number, or the name of an estimated parameter.
    scale
        On which they scatter: as they are, or as their logarithm.
    """

    sd: float | str
    scale: PetabScale = PetabScale.LIN


def write_petab(
    folder: Path,
    model: Component,
    theta: Values,
    individuals: Sequence[EventTable],
    estimated: Sequence[PetabParameter],
    scatter: Mapping[str, PetabScatter],
) -> Path:
    """Write a problem into a folder, and return the path of its problem file.

    Parameters
    ----------
    folder
        Where the files are written; it is made if it is not there.
    model
        The equations.
    theta
        A number for every parameter; of those that are estimated it is not used.
    individuals
        Records whose times begin at 0. A record with a value observes the variable that its
        compartment names.
    estimated
        The parameters to be found, of the model or of the scatter.
    scatter
        For each variable that is observed.

    Raises
    ------
    UsageError
        If individuals differ in their doses, a covariate changes, records do not begin at 0, an
        observed variable has no scatter, there is no observation, or the model cannot be written
        as SBML.
    """
    _check(individuals, estimated)
    nominal = {p.name: p.nominal for p in estimated if p.nominal is not None}
    values = {**theta, **{n: v for n, v in nominal.items() if n in theta}}
    text = sbml_text(model, values, _doses(individuals[0]))
    named = _identifiers(text)
    observed = _observed(individuals, scatter, [v.name for v in (*model.states, *model.outputs)])
    tables = {
        FILES["condition_files"]: _table(_conditions(individuals, named)),
        FILES["observable_files"]: _table(_observables(observed, named)),
        FILES["measurement_files"]: _table(_measurements(individuals, observed, named)),
        PARAMETERS: _table(_parameter_rows(estimated, named)),
        FILES["sbml_files"]: text,
        PROBLEM: _problem(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in tables.items():
        write_whole(folder / name, content.encode())
    return folder / PROBLEM


def _check(individuals: Sequence[EventTable], estimated: Sequence[PetabParameter]) -> None:
    if not individuals:
        msg = "a PEtab problem without an individual; needed one or more"
        raise UsageError(msg)
    for one in individuals:
        if one.records[0].time != 0.0:
            first = one.records[0].time
            msg = f"individual '{one.id}': the first record at {first:g}; needed 0, PEtab's start"
            raise UsageError(msg)
        if _schedule(one) != _schedule(individuals[0]):
            msg = (
                f"individuals '{individuals[0].id}' and '{one.id}' have different doses; needed "
                "the same, as a PEtab problem has one model: write a problem for each"
            )
            raise UsageError(msg)
    names = [one.id for one in individuals] + [p.name for p in estimated]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        msg = f"'{twice[0]}' names two individuals or parameters; needed different names"
        raise UsageError(msg)


def _schedule(one: EventTable) -> list[tuple[object, ...]]:
    """Return what an individual is given, or is reset by."""
    return [
        (r.time, r.kind, r.compartment, r.amount, r.rate, r.interval, r.additional, r.steady_state)
        for r in one.records
        if r.kind.doses or r.kind.resets
    ]


def _doses(one: EventTable) -> EventTable:
    """Return an individual's records with covariates that hold from the start."""
    values = tuple(_covariate(one, name) for name in one.covariates)
    begin = EventRecord(0.0, EventKind.OTHER, covariates=values)
    none = (None,) * len(values)
    given = [
        EventRecord(
            r.time, r.kind, r.compartment, r.amount, r.rate, r.interval, r.additional,
            r.steady_state, covariates=none,
        )
        for r in one.records
        if r.kind.doses or r.kind.resets
    ]  # fmt: skip
    return EventTable(one.id, (begin, *given), one.covariates, one.rule)


def _covariate(one: EventTable, name: str) -> float:
    place = one.covariates.index(name)
    found = {v for r in one.records if (v := r.covariates[place]) is not None}
    if len(found) != 1:
        msg = f"individual '{one.id}': covariate '{name}' changes; needed one value, as PEtab has"
        raise UsageError(msg)
    return found.pop()


def _identifiers(text: str) -> dict[str, str]:
    """Return the identifier of each name in a document."""
    document = libsbml.readSBMLFromString(text)
    return {p.getName(): p.getId() for p in document.getModel().getListOfParameters()}


def _observed(
    individuals: Sequence[EventTable], scatter: Mapping[str, PetabScatter], known: Sequence[str]
) -> dict[str, PetabScatter]:
    """Return the variables that are observed, with their scatter."""
    names = dict.fromkeys(r.compartment for one in individuals for r in _values(one))
    for name in names:
        if name not in known:
            msg = f"an observation of '{name}'; needed one of {', '.join(known)}"
            raise UsageError(msg)
        if name not in scatter:
            msg = f"no scatter of the observed '{name}'; needed one"
            raise UsageError(msg)
    if not names:
        msg = "records without an observation; needed one or more"
        raise UsageError(msg)
    return {name: scatter[name] for name in names}


def _values(one: EventTable) -> Iterable[EventRecord]:
    return (r for r in one.records if r.kind is EventKind.OBSERVATION and r.value is not None)


def _conditions(individuals: Sequence[EventTable], named: Mapping[str, str]) -> Rows:
    return [
        {
            "conditionId": _condition(one, individuals),
            "conditionName": one.id,
            **{named[n]: _covariate(one, n) for n in one.covariates if n in named},
        }
        for one in individuals
    ]


def _condition(one: EventTable, individuals: Sequence[EventTable]) -> str:
    """Return an identifier for an individual: its own if it is one, else its number."""
    return one.id if IDENTIFIER.fullmatch(one.id) else f"individual_{individuals.index(one) + 1}"


def _observables(observed: Mapping[str, PetabScatter], named: Mapping[str, str]) -> Rows:
    return [
        {
            "observableId": f"observable_{named[name]}",
            "observableName": name,
            "observableFormula": named[name],
            "observableTransformation": own.scale.value,
            "noiseFormula": f"noiseParameter1_observable_{named[name]}",
            "noiseDistribution": "normal",
        }
        for name, own in observed.items()
    ]


def _measurements(
    individuals: Sequence[EventTable],
    observed: Mapping[str, PetabScatter],
    named: Mapping[str, str],
) -> Rows:
    return [
        {
            "observableId": f"observable_{named[r.compartment]}",
            "simulationConditionId": _condition(one, individuals),
            "measurement": r.value,
            "time": r.time,
            "noiseParameters": observed[r.compartment].sd,
        }
        for one in individuals
        for r in _values(one)
    ]


def _parameter_rows(estimated: Sequence[PetabParameter], named: Mapping[str, str]) -> Rows:
    rows = []
    for p in estimated:
        prior = p.prior
        row = {
            "parameterId": named.get(p.name, p.name),
            "parameterName": p.name,
            "parameterScale": p.scale.value,
            "lowerBound": p.lower,
            "upperBound": p.upper,
            "nominalValue": "" if p.nominal is None else p.nominal,
            "estimate": int(p.estimated),
        }
        if any(q.prior for q in estimated):
            row["objectivePriorType"] = prior.family.value if prior else ""
            row["objectivePriorParameters"] = f"{prior.first!r};{prior.second!r}" if prior else ""
        rows.append(row)
    return rows


def _table(rows: Rows) -> str:
    """Return rows as tab-separated text; numbers keep the digits that give them back."""
    text = io.StringIO(newline="")
    header = list(dict.fromkeys(column for row in rows for column in row))
    writer = csv.DictWriter(text, header, delimiter="\t", lineterminator="\n", restval="")
    writer.writeheader()
    for row in rows:
        writer.writerow({n: repr(v) if isinstance(v, float) else v for n, v in row.items()})
    return text.getvalue()


def _problem() -> str:
    files = "".join(f"    {kind}:\n      - {name}\n" for kind, name in FILES.items())
    return f"format_version: 1\nparameter_file: {PARAMETERS}\nproblems:\n  -\n{files}"
