"""Catalogue: the models by name, described, exported, and simulated from a file."""

from collections.abc import Iterator, Sequence
from inspect import cleandoc, getdoc
from pathlib import Path

from lymphocast.dataset.events import EventRecord, EventTable
from lymphocast.engine.structure import structure_lines
from lymphocast.errors import UsageError
from lymphocast.forecast.prior_lines import meanings, prior_lines
from lymphocast.forecast.simulation import Simulated, simulate_file
from lymphocast.interchange.sbml import write_sbml
from lymphocast.models import course
from lymphocast.models.component import Component
from lymphocast.models.course import COURSE
from lymphocast.models.library import LibraryModel, course_values, find_model, model_names
from lymphocast.models.prior_file import model_priors
from lymphocast.models.typeset import latex_equations

ASSUMED = "assumed"


def describe_models(name: str | None, *, structure: bool = False) -> str:
    """Describe one model: equations, states, parameters, outputs, assumptions; or list them all.

    With ``structure`` it is the blocks of the equations instead: their kinds and the reasons.

    Raises
    ------
    UsageError
        If there is no model of that name, or structure is asked of none.
    """
    if name is None:
        if structure:
            msg = "no model named: --structure shows the structure of one model"
            raise UsageError(msg)
        return "\n".join(_listed())
    if structure:
        return "\n".join(structure_lines(_model(name)))
    if name == COURSE.name:
        return "\n".join(_described(COURSE, cleandoc(course.__doc__ or ""), ("course",)))
    found = find_model(name)
    return "\n".join((*_described(found.model, _equations(found), found.priors), *_examples(found)))


def show_model(
    name: str | None,
    *,
    structure: bool = False,
    latex: bool = False,
    sbml: Path | None = None,
) -> str:
    """Return what the command prints: a description, the blocks, LaTeX, or the SBML file's path.

    Raises
    ------
    UsageError
        If there is no model of that name, an export is asked of none, or two things at once.
    """
    asked = [
        option
        for option, wanted in (("structure", structure), ("latex", latex), ("sbml", sbml))
        if wanted
    ]
    if len(asked) > 1:
        msg = f"found --{asked[0]} and --{asked[1]}; needed one of them"
        raise UsageError(msg)
    if name is None:
        if latex or sbml is not None:
            msg = f"no model named: --{asked[0]} exports one model"
            raise UsageError(msg)
        return describe_models(None, structure=structure)
    if sbml is not None:
        export_model(name, sbml)
        return str(sbml)
    return latex_equations(_model(name)) if latex else describe_models(name, structure=structure)


def export_model(name: str, path: Path) -> None:
    """Write a model as SBML with its example values and no dose.

    The values are those that the catalogue lists, estimates of nothing. The forcings of the course
    model are 0: no IL-2 and no antibiotic; set them, or write the model from Python with events.

    Raises
    ------
    UsageError
        If there is no model of that name.
    """
    if name != COURSE.name:
        found = find_model(name)
        write_sbml(path, found.model, found.example_theta())
        return
    untreated = EventRecord(0.0, covariates=(0.0,) * len(COURSE.inputs))
    write_sbml(path, COURSE, course_values(), EventTable(name, (untreated,), COURSE.inputs))


def simulate_model(
    name: str,
    events: Path,
    out: Path,
    assignments: Sequence[str] = (),
    times: Sequence[float] | None = None,
) -> tuple[Simulated, ...]:
    """Simulate a library model for every individual of an event file and write the courses.

    Parameters
    ----------
    name
        Name of a library model.
    events, out
        NONMEM-style event records, and the CSV file to write.
    assignments
        Parameter values as ``NAME=VALUE``; parameters not named take the example values that the
        catalogue lists, which are estimates of nothing.
    times
        Study days to read; one row for each record if ``None``.

    Raises
    ------
    UsageError
        If the model or a parameter does not exist, or an assignment is not ``NAME=VALUE``.
    RecordError
        At the first thing that is wrong with the event file.
    """
    found = find_model(name)
    theta = {**found.example_theta(), **dict(map(_assignment, assignments))}
    return simulate_file(found.model, events, out, theta, times)


def days(text: str | None) -> tuple[float, ...] | None:
    """Return the study days of a comma-separated list; ``None`` stays ``None``.

    Raises
    ------
    UsageError
        If an entry is not a number.
    """
    if text is None:
        return None
    try:
        return tuple(float(day) for day in text.split(","))
    except ValueError:
        msg = f"found times '{text}'; needed study days such as 0,0.5,1"
        raise UsageError(msg) from None


def _model(name: str) -> Component:
    return COURSE if name == COURSE.name else find_model(name).model


def _assignment(text: str) -> tuple[str, float]:
    parameter, sign, value = text.partition("=")
    try:
        if sign:
            return parameter.strip(), float(value)
    except ValueError:
        pass
    msg = f"found '{text}'; needed NAME=VALUE with a number, such as clearance=100"
    raise UsageError(msg)


def _listed() -> Iterator[str]:
    summaries = {COURSE.name: cleandoc(course.__doc__ or "").splitlines()[0]}
    summaries |= {name: find_model(name).summary for name in model_names()}
    width = max(map(len, summaries))
    for name, summary in summaries.items():
        yield f"{name.ljust(width)}  {summary}"


def _equations(found: LibraryModel) -> str:
    parts = [getdoc(type(component)) or "" for component in found.model.components]
    return "\n\n".join((found.summary, *parts))


def _described(model: Component, text: str, priors: tuple[str, ...]) -> Iterator[str]:
    yield from (text, "", "States")
    for i, state in enumerate(model.states, 1):
        yield f"  {i}  {state.name}  [{state.unit}]  {state.meaning}"
    yield from ("", "Outputs")
    for output in model.outputs:
        yield f"  {output.name}  [{output.unit}]  {output.meaning}"
    yield from ("", "Parameters and constants")
    if not priors:
        for p in model.parameters:
            yield f"  {p.name}  [{p.unit}]  {p.meaning}"
        return
    words = meanings(model)
    lines = [line for name in priors for line in prior_lines(model_priors(name), words)]
    for line in lines:
        source = f", doi:{line.doi}" if line.doi else ""
        yield f"  {line.parameter}  [{line.unit}]  {line.meaning}"
        yield f"      {line.distribution}  ({line.grade}{source})"
    assumed = ", ".join(line.parameter for line in lines if line.grade == ASSUMED)
    yield from ("", f"Assumptions without a source: {assumed or 'none'}")


def _examples(found: LibraryModel) -> Iterator[str]:
    if found.priors:
        return
    yield from ("", "Example values, round and not estimates")
    for name, value in found.example_theta().items():
        yield f"  {name} = {value:g}"
