"""SBML Level 2 and 3 in: a document's model as a component with its values and timed events.

What is read: compartments, species, parameters, reactions, function definitions, initial
assignments, assignment rules and rate rules, with all of SBML's formulas but delays and random
numbers; events at known times (:mod:`lymphocast.interchange.sbml_timed`). Stoichiometries may be
formulas, compartments may change their size, conversion factors count. Algebraic rules, events
that watch the model, fast reactions, delays and submodels are refused, each by name. Constraints,
and packages that say nothing about the course, are listed as left out.

Names are the document's identifiers. A state or output ``S`` is what the symbol means in SBML, an
amount or a concentration; the other of the two is the output ``amount_S`` or ``concentration_S``.
A symbol whose value is stated is a parameter: of its own name if it never changes, else
``initial_S``. Parameters of one kinetic law become ``reaction_k``. Time is the document's: a model
in seconds is solved in seconds, and what is a day elsewhere is a second here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from lymphocast.dataset.events import EventTable
from lymphocast.errors import ExchangeError
from lymphocast.interchange.exchange import Dropped
from lymphocast.interchange.sbml_draft import Draft, meaning
from lymphocast.interchange.sbml_parts import Parts, read_parts
from lymphocast.interchange.sbml_species import add_species
from lymphocast.interchange.sbml_timed import (
    moved_symbols,
    read_events,
    symbols_read,
    timed_events,
)
from lymphocast.interchange.sbml_unit_text import unit_text
from lymphocast.interchange.sbml_xml import open_sbml
from lymphocast.models.component import Variable
from lymphocast.models.formula_model import FormulaModel

SUFFIXES: Final = (".xml", ".sbml")


@final
@dataclass(frozen=True)
class ImportedModel:
    """A model from an SBML document.

    Parameters
    ----------
    model
        The component.
    theta
        The values that the document states; a parameter without one is missing.
    events
        What happens at known times, with the covariates that it changes; ``None`` if nothing does.
    begins
        For each symbol that changes the parameter that it starts at.
    dropped
        What of the document the model does not hold.
    events_read
        The symbols of which the times and amounts of ``events`` were computed.
    """

    model: FormulaModel
    theta: Mapping[str, float]
    events: EventTable | None
    begins: Mapping[str, str]
    dropped: tuple[Dropped, ...]
    events_read: frozenset[str] = frozenset()


def read_sbml(content: bytes, name: str, *, given: frozenset[str] = frozenset()) -> ImportedModel:
    """Return the model of an SBML document.

    Parameters
    ----------
    content
        The file's bytes.
    name
        The file's name, for messages.
    given
        Identifiers whose value at the start is to be a parameter even if the document computes it,
        in the meaning of their symbol.

    Raises
    ------
    ExchangeError
        If the content is no SBML of level 2 or 3, or holds what no component can hold.
    """
    document = open_sbml(content, name)
    parts = read_parts(document, name, given)
    events = read_events(parts.model, parts.reader)
    draft = Draft(parts, moved_symbols(events))
    _add_plain(draft)
    for reaction, law in parts.reactions.items():
        draft.follows[reaction] = law
    add_species(draft, given)
    for reaction in parts.reactions:
        draft.output(Variable(reaction, "1", "rate of the reaction"))
    _check_targets(draft)
    own = parts.model.getId() or Path(name).stem
    model = draft.model(own, parts.model.getName() or own)
    known = {p.name for p in model.parameters}
    values = {**draft.values, **draft.computed_starts()}
    theta = {n: v for n, v in values.items() if n in known}
    table = timed_events(events, model, theta, own, name)
    begins = {n: p for n, p in draft.begins.items() if p in known}
    read = symbols_read(events, model)
    return ImportedModel(model, theta, table, begins, tuple(parts.dropped), read)


def load_sbml(path: Path) -> ImportedModel:
    """Return the model of an SBML file.

    Raises
    ------
    ExchangeError
        As :func:`read_sbml`.
    """
    return read_sbml(path.read_bytes(), path.name)


def _add_plain(draft: Draft) -> None:
    """Add compartments, parameters and stoichiometries."""
    parts, model = draft.parts, draft.parts.model
    for c in model.getListOfCompartments():
        value = c.getSize() if c.isSetSize() else None
        words = meaning("compartment", c.getName(), c.getId())
        draft.plain(Variable(c.getId(), unit_text(model, c.getUnits()), words), value)
    own = [(p.getId(), p) for p in model.getListOfParameters()]
    for name, p in (*own, *((local.name, local.element) for local in parts.locals)):
        words = meaning("parameter", p.getName(), name)
        value = p.getValue() if p.isSetValue() else None
        draft.plain(Variable(name, unit_text(model, p.getUnits()), words), value)
    for name, reference in parts.references.items():
        words = f"stoichiometry of {reference.getSpecies()}"
        value = reference.getStoichiometry()
        draft.plain(Variable(name, "1", words), value)


def _check_targets(draft: Draft) -> None:
    """Refuse rules and assignments of what the document does not have."""
    parts: Parts = draft.parts
    groups: tuple[Mapping[str, Any], ...] = (parts.assigned, parts.changing, parts.starting)
    for kind, group in zip(("rule", "rule", "initial assignment"), groups, strict=True):
        for name in group:
            if name not in draft.start and name not in draft.follows:
                found = f"'{name}'"
                raise ExchangeError(parts.file, kind, found, "a symbol that the document has")
