"""Catalogue: the models by name, with equations, variables, priors, assumptions and structure."""

from collections.abc import Iterator
from inspect import cleandoc, getdoc

from lymphocast.forecast.prior_lines import meanings, prior_lines
from lymphocast.models import course
from lymphocast.models.component import Component
from lymphocast.models.course import COURSE
from lymphocast.models.library import LibraryModel, find_model, model_names
from lymphocast.models.prior_file import model_priors

ASSUMED = "assumed"


def describe_models(name: str | None) -> str:
    """Describe one model: equations, states, parameters, outputs, assumptions; or list them all.

    Raises
    ------
    UsageError
        If there is no model of that name.
    """
    if name is None:
        return "\n".join(_listed())
    if name == COURSE.name:
        return "\n".join(_described(COURSE, cleandoc(course.__doc__ or ""), ("course",)))
    found = find_model(name)
    return "\n".join((*_described(found.model, _equations(found), found.priors), *_examples(found)))


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
