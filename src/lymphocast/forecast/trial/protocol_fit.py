"""A fitted population in a protocol file: its files, its model, and the doses of an arm."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from math import ceil, isfinite
from pathlib import Path

from lymphocast.dataset.occasion_column import MOST_OCCASIONS
from lymphocast.dataset.regimen import DoseEvent
from lymphocast.errors import UsageError
from lymphocast.forecast.trial.protocol import Arm, FittedPopulation, TrialProtocol
from lymphocast.inference.population.design import PopulationDesign
from lymphocast.inference.population.design_file import read_design
from lymphocast.inference.population.fit import PopulationFit
from lymphocast.inference.population.fit_file import read_population_fit
from lymphocast.inference.population.moments import is_normal
from lymphocast.inference.population.uncertainty import report
from lymphocast.inference.population.vector import VectorForm
from lymphocast.models.component import Component
from lymphocast.models.library import find_model
from lymphocast.record.fields import Field, Group
from lymphocast.record.kinds import Scope, Text
from lymphocast.record.misread import Misread
from lymphocast.record.numbers import Days, Number, Whole
from lymphocast.record.yamltree import Node

Rows = tuple[tuple[float, ...], ...]
SAME = 1e-9  # relative, between an estimate and its place in the vector: roundings


def fitted_population(said: Mapping[str, object], folder: Path, length: float) -> FittedPopulation:
    """Return the population of a fit, in a trial of ``length`` days.

    Raises
    ------
    Misread
        If a file is missing, the fit was made with another file or model or does not hold the
        covariates of its individuals, nothing says how long an occasion lasts or nothing differs
        between them, or nothing normal is measured.
    """
    missing = [name for name in ("design", "model") if name not in said]
    if missing:
        raise Misread(found=f"a fit without '{missing[0]}'", needed="'design' and 'model'")
    for name in ("fit", "design"):
        if not (folder / str(said[name])).is_file():
            found = f"the file '{said[name]}', which does not exist"
            raise Misread(found=found, needed="a population's fit and its population file")
    design = read_design(folder / str(said["design"]))
    try:
        model = find_model(str(said["model"])).model
    except UsageError as error:
        raise Misread(found=str(error), needed="a library model") from None
    fit = read_population_fit(folder / str(said["fit"]))
    _check_parts(design, model)
    _check_same(fit, design)
    endpoint = str(said.get("endpoint", design.endpoints[0].name))
    _check_endpoint(design, endpoint)
    columns, rows = _covariates(fit, design)
    return FittedPopulation(
        model=model.name,
        design=design,
        endpoint=endpoint,
        vector=tuple(map(float, fit.vector)),
        covariance=_covariance(fit) if said.get("uncertain") else (),
        columns=columns,
        rows=rows,
        occasions=_occasions(design, said.get("occasion"), length),
    )


def _occasions(design: PopulationDesign, lasts: object, length: float) -> tuple[float, ...]:
    """Return the days on which occasions begin, the first with the trial."""
    if not isinstance(lasts, float):
        if not design.between:
            return ()
        found = f"a population whose '{design.between[0][0]}' differs between occasions"
        raise Misread(found=found, needed="'occasion', the time that one lasts, such as 28 d")
    if not design.between:
        found = "an 'occasion' of a population without effects between occasions"
        raise Misread(found=found, needed="no 'occasion'")
    number = max(1, ceil(length / lasts - SAME))
    if number > MOST_OCCASIONS:
        found = f"{number} occasions of {lasts:g} d in {length:g} d"
        raise Misread(found=found, needed=f"at most {MOST_OCCASIONS}")
    return tuple(k * lasts for k in range(number))


def _covariance(fit: PopulationFit) -> Rows:
    rows = tuple(tuple(map(float, row)) for row in fit.covariance)
    if not all(isfinite(value) for row in rows for value in row):
        raise Misread(found="a fit without standard errors", needed="one, or no 'uncertain'")
    return rows


def _covariates(fit: PopulationFit, design: PopulationDesign) -> tuple[tuple[str, ...], Rows]:
    """Return the columns that the design reads, and the values of each individual of the fit."""
    columns = tuple(dict.fromkeys(one.column for one in design.covariates))
    for name in columns:
        if name not in fit.covariates:
            found = f"a fit that does not hold the covariate '{name}' of its individuals"
            raise Misread(found=found, needed="one that is made again from the data")
    own = [fit.covariates[name].tolist() for name in columns]
    return columns, tuple(zip(*own, strict=True))


def _check_parts(design: PopulationDesign, model: Component) -> None:
    if model.inputs:
        found = f"the model '{model.name}', which has the input '{model.inputs[0]}'"
        raise Misread(found=found, needed="a model without inputs")
    known = {one.name for one in design.typical}
    for parameter in model.parameters:
        if parameter.name not in known:
            found = f"a population file without '{parameter.name}' of the model '{model.name}'"
            raise Misread(found=found, needed="every parameter of the model")


def _check_same(fit: PopulationFit, design: PopulationDesign) -> None:
    form = VectorForm(design)
    names = [one.name for one in fit.estimates]
    if len(form.names) == len(fit.vector):
        own = report(form, fit.vector)
        pairs = zip(own.values, (one.value for one in fit.estimates), strict=False)
        if list(own.names) == names and all(abs(a - b) <= SAME * abs(b) for a, b in pairs):
            return
    raise Misread(
        found="a fit of other parameters than those of the population file",
        needed="the file that the fit was made with",
    )


def _check_endpoint(design: PopulationDesign, endpoint: str) -> None:
    known = {e.name: e for e in design.endpoints}
    if endpoint not in known:
        raise Misread(found=f"the endpoint '{endpoint}'", needed=f"one of {', '.join(known)}")
    if not is_normal(known[endpoint].error):
        found = f"the endpoint '{endpoint}' of cultures or grades"
        raise Misread(found=found, needed="one with a number that is measured")


def _dose(
    amount: float,
    compartment: str,
    start: float,
    every: float | None,
    count: int,
    duration: float,
) -> tuple[DoseEvent, ...]:
    if (every is None) != (count == 1):
        raise Misread(found="'every' or a 'count' above 1 alone", needed="both, or neither")
    days = [start + i * (every or 0.0) for i in range(count)]
    return tuple(DoseEvent(day, amount, compartment, duration) for day in days)


DOSES = Group(
    (
        Field("amount", Number(), "in the compartment's unit"),
        Field("compartment", Text(), "the state that it enters"),
        Field("start", Days(), "the first, after randomisation", False, 0.0),
        Field("every", Days(), "time between doses", False),
        Field("count", Whole(), "number of doses", False, 1),
        Field("duration", Days(), "of an infusion", False, 0.0),
    ),
    _dose,
)


def check_arms(protocol: TrialProtocol, nodes: Sequence[Node], scope: Scope) -> None:
    """Refuse doses that the protocol's population cannot have.

    Raises
    ------
    RecordError
        If an arm has relative doses and a fitted population, amounts and the course model, an
        infusion and occasions, or a compartment that the model does not have; if cultures are
        taken of a fitted population.
    """
    population = protocol.population
    for arm, node in zip(protocol.arms, nodes, strict=True):
        if isinstance(population, FittedPopulation):
            _check_doses(population, arm, node, scope)
        elif arm.doses:
            needed = "'stretches': doses relative to the patient's own maintenance dose"
            raise scope.error(node, f"'doses' in the arm '{arm.name}'", needed)
    if isinstance(population, FittedPopulation) and protocol.visits.cultures:
        raise scope.error(nodes[0], "cultures of a fitted population", "visits without them")


def _check_doses(population: FittedPopulation, arm: Arm, node: Node, scope: Scope) -> None:
    if arm.plan.stretches or arm.plan.missed.share or arm.antibiotic:
        found = f"'stretches', 'missed' or 'antibiotic' in the arm '{arm.name}'"
        raise scope.error(node, found, "'doses' of the fitted model")
    states = [state.name for state in find_model(population.model).model.states]
    for dose in arm.doses:
        if dose.compartment not in states:
            near = get_close_matches(dose.compartment, states, 1)
            needed = f"'{near[0]}'" if near else f"one of {', '.join(states)}"
            raise scope.error(node, f"the compartment '{dose.compartment}'", needed)
        if population.occasions and dose.duration > 0.0:
            found = f"an infusion in the arm '{arm.name}' of a population with occasions"
            raise scope.error(node, found, "doses without 'duration'")
