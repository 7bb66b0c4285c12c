"""Catalogue: the models by name, described, exported, and simulated from a file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import cleandoc, getdoc
from pathlib import Path

from lymphocast.dataset.events import CovariateRule, EventRecord, EventTable
from lymphocast.engine.structure import structure_lines
from lymphocast.errors import UsageError
from lymphocast.forecast.prior_lines import meanings, prior_lines
from lymphocast.forecast.simulation import Replicates, Simulated, simulate_file
from lymphocast.interchange.omega import read_omega
from lymphocast.interchange.sbml import write_sbml
from lymphocast.interchange.sbml_import import SUFFIXES, load_sbml
from lymphocast.models import course
from lymphocast.models.component import TIME_AFTER_DOSE, Component
from lymphocast.models.course import COURSE
from lymphocast.models.library import course_values, find_model, model_names
from lymphocast.models.model_check import parts_of
from lymphocast.models.prior_file import model_priors
from lymphocast.models.typeset import latex_equations
from lymphocast.models.user_file import SUFFIX, read_user_model

ASSUMED = "assumed"
MOST_LISTED = 20  # individuals whose outcome is printed one by one

Progress = Callable[[str, float], None]


def describe_models(name: str | None, *, structure: bool = False) -> str:
    """Describe one model: equations, states, parameters, outputs, assumptions; or list them all.

    With ``structure`` it is the blocks of the equations instead: their kinds and the reasons. A
    name that ends in ``.py`` is the file of a user's model, one in ``.xml`` or ``.sbml`` an SBML
    document.

    Raises
    ------
    UsageError
        If there is no model of that name, the user's file has a fault, or structure is asked of
        none.
    """
    if name is None:
        if structure:
            msg = "no model named: --structure shows the structure of one model"
            raise UsageError(msg)
        return "\n".join(_listed())
    if structure:
        return "\n".join(structure_lines(_model_of(name)[0]))
    if name == COURSE.name:
        return "\n".join(_described(COURSE, cleandoc(course.__doc__ or ""), ("course",)))
    if name.endswith(SUFFIX):
        own, theta = _model_of(name)
        return "\n".join((*_described(own, _equations(own), ()), *_examples(theta)))
    if name.endswith(SUFFIXES):
        read = load_sbml(Path(name))
        lines = _described(read.model, read.model.description, ())
        return "\n".join(
            (*lines, *_examples(read.theta, "Values of the document"), *model_notes(name))
        )
    found = find_model(name)
    text = f"{found.summary}\n\n{_equations(found.model)}"
    theta = {} if found.priors else found.example_theta()
    return "\n".join((*_described(found.model, text, found.priors), *_examples(theta)))


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
    return (
        latex_equations(_model_of(name)[0]) if latex else describe_models(name, structure=structure)
    )


def model_notes(name: str) -> tuple[str, ...]:
    """Return what must be said of a model before it is used: what an SBML document holds besides.

    Its own events do not act when it is simulated under an event file: the file's records do.
    """
    if not name.endswith(SUFFIXES):
        return ()
    read = load_sbml(Path(name))
    lines = [f"left out: {one}" for one in read.dropped]
    if read.events is not None:
        lines.append(
            f"{Path(name).name} has {len(read.events.records) - 1} events of its own; an event "
            "file is followed instead of them"
        )
    return tuple(lines)


def export_model(name: str, path: Path) -> None:
    """Write a model as SBML with its example values and no dose.

    The values are those that the catalogue lists, estimates of nothing. The forcings of the course
    model are 0: no IL-2 and no antibiotic; set them, or write the model from Python with events.

    Raises
    ------
    UsageError
        If there is no model of that name.
    """
    model, theta = _model_of(name)
    if name != COURSE.name:
        write_sbml(path, model, theta)
        return
    untreated = EventRecord(0.0, covariates=(0.0,) * len(COURSE.inputs))
    write_sbml(path, COURSE, theta, EventTable(name, (untreated,), COURSE.inputs))


def simulate_model(
    name: str,
    events: Path,
    out: Path,
    assignments: Sequence[str] = (),
    times: Sequence[float] | None = None,
    *,
    covariates: Sequence[str] = (),
    rule: CovariateRule = CovariateRule.LAST_CARRIED_FORWARD,
    omega: Path | None = None,
    number: int | None = None,
    seed: int | None = None,
    parameters: Path | None = None,
    progress: Progress | None = None,
) -> tuple[Simulated, ...]:
    """Simulate a model for every individual of an event file and write the courses.

    Parameters
    ----------
    name
        Name of a library model, or the path of a user's model, which ends in ``.py``.
    events, out
        NONMEM-style event records, and the CSV file to write.
    assignments
        Parameter values as ``NAME=VALUE``; parameters not named take the example values that the
        catalogue lists, which are estimates of nothing, or those of the user's file.
    times
        Study days to read; one row for each record if ``None``.
    covariates, rule
        Columns that stand for parameters, and what covariates are between records.
    omega
        File of random effects (:mod:`lymphocast.interchange.omega`).
    number, seed
        How many individuals are drawn for each of the event file (1 if ``None``), and the seed of
        the draws; both belong to random effects.
    parameters
        Another CSV file to write: each simulated individual's parameter values.
    progress
        Called with a stage's name and the share that is done.

    Raises
    ------
    UsageError
        If the model or a parameter does not exist, an assignment is not ``NAME=VALUE``, or the
        options contradict each other.
    RecordError
        At the first thing that is wrong with the event file or the random effects.
    """
    model, values = _model_of(name)
    given = dict(map(_assignment, assignments))
    both = sorted(set(given) & set(covariates))
    if both:
        msg = f"'{both[0]}' has a value and is a column of the events; needed one or the other"
        raise UsageError(msg)
    return simulate_file(
        model,
        events,
        out,
        {**values, **given},
        times,
        covariates=covariates,
        rule=rule,
        replicates=_replicates(omega, number, seed),
        parameters=parameters,
        progress=progress,
    )


def outcome_lines(found: Sequence[Simulated]) -> Iterator[str]:
    """Yield how each individual ended, or those that failed and a count if there are many."""
    failed = [one for one in found if one.failed]
    many = len(found) > MOST_LISTED
    for one in failed[:MOST_LISTED] if many else found:
        lost = f"{one.failed} of {one.number} failed: " if one.failed and one.number > 1 else ""
        reason = f" {one.reason[0].upper()}{one.reason[1:]}." if one.reason else ""
        yield f"{one.id}: {lost}{one.status.value}{reason}"
    if many:
        yield f"{len(found)} individuals, {len(failed)} with a solve that failed"


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


def _replicates(omega: Path | None, number: int | None, seed: int | None) -> Replicates | None:
    if omega is not None and seed is not None:
        return Replicates(read_omega(omega), number or 1, seed)
    if omega is not None:
        msg = "random effects without a seed; needed one"
        raise UsageError(msg)
    if number is not None:
        msg = f"{number} individuals for each of the file without random effects would be the same "
        raise UsageError(msg + "course each time; needed --omega")
    return None


def _model_of(name: str) -> tuple[Component, Mapping[str, float]]:
    """The model of a name or a file, and values to try it with."""
    if name.endswith(SUFFIX):
        own = read_user_model(Path(name))
        return own.model, own.theta
    if name.endswith(SUFFIXES):
        read = load_sbml(Path(name))
        return read.model, read.theta
    if name == COURSE.name:
        return COURSE, course_values()
    found = find_model(name)
    return found.model, found.example_theta()


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


def _equations(model: Component) -> str:
    return "\n\n".join(getdoc(type(part)) or part.name for part in parts_of(model))


def _described(model: Component, text: str, priors: tuple[str, ...]) -> Iterator[str]:
    yield from (text, "", "States")
    for i, state in enumerate(model.states, 1):
        yield f"  {i}  {state.name}  [{state.unit}]  {state.meaning}"
    yield from ("", "Outputs")
    for output in model.outputs:
        yield f"  {output.name}  [{output.unit}]  {output.meaning}"
    inputs = [name for name in model.inputs if not name.startswith(TIME_AFTER_DOSE)]
    if inputs:
        yield from ("", "Inputs, columns of the event file")
        yield from (f"  {name}" for name in inputs)
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


def _examples(
    theta: Mapping[str, float], what: str = "Example values, round and not estimates"
) -> Iterator[str]:
    if not theta:
        return
    yield from ("", what)
    for name, value in theta.items():
        yield f"  {name} = {value:g}"
