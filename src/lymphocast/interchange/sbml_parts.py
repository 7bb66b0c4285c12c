"""What an SBML document states, element by element, before anything is made of it.

Rules, initial assignments, kinetic laws and stoichiometries become formulas; parameters of one
kinetic law get names of their own. What needs another kind of solver is refused here: algebraic
rules, fast reactions, delays, submodels. What says nothing about the course is listed as left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from lymphocast.errors import ExchangeError
from lymphocast.interchange.exchange import Dropped
from lymphocast.interchange.sbml_formula import FormulaReader
from lymphocast.models.formula import Formula, Name, Number, names_read

Element = Any  # an element of libSBML
NO_COURSE = "it says nothing about the course"


@final
@dataclass(frozen=True)
class Flow:
    """One species' share in a reaction.

    Parameters
    ----------
    species
        Its identifier.
    sign
        1 for a product, -1 for a reactant.
    stoichiometry
        How much of it.
    """

    species: str
    sign: float
    stoichiometry: Formula


@final
@dataclass(frozen=True)
class Local:
    """A parameter of one kinetic law: its name in the model, and the element."""

    name: str
    element: Element


@final
@dataclass
class Parts:
    """The parts of one document; see the module.

    Parameters
    ----------
    file
        Name of the file, for messages.
    model
        The document's model.
    reader
        Reads its formulas.
    """

    file: str
    model: Element
    reader: FormulaReader
    assigned: dict[str, Formula] = field(default_factory=dict)
    changing: dict[str, Formula] = field(default_factory=dict)
    starting: dict[str, Formula] = field(default_factory=dict)
    reactions: dict[str, Formula] = field(default_factory=dict)
    flows: list[tuple[str, Flow]] = field(default_factory=list)
    references: dict[str, Element] = field(default_factory=dict)
    locals: list[Local] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def free(self, name: str) -> str:
        """Return a name that nothing in the document has, and keep it."""
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def drop(self, where: str, found: str, why: str) -> None:
        """List something that is left out."""
        self.dropped.append(Dropped(where, found, why))

    def read_names(self) -> set[str]:
        """Return every name that a formula reads."""
        groups = (self.assigned, self.changing, self.starting, self.reactions)
        found = {n for group in groups for f in group.values() for n in names_read(f)}
        return found | {n for _, flow in self.flows for n in names_read(flow.stoichiometry)}


def read_parts(document: Element, file: str, given: frozenset[str]) -> Parts:
    """Return what a document states.

    Parameters
    ----------
    given
        Identifiers whose initial assignments do not count.

    Raises
    ------
    ExchangeError
        If it states what no component can hold.
    """
    model = document.getModel()
    functions = {f.getId(): f.getMath() for f in model.getListOfFunctionDefinitions()}
    functions = {name: node for name, node in functions.items() if node is not None}
    parts = Parts(file, model, FormulaReader(file, functions))
    parts.taken.update(_identifiers(model))
    _check_packages(parts, document)
    _read_rules(parts)
    _read_starts(parts, given)
    for reaction in model.getListOfReactions():
        _read_reaction(parts, reaction)
    for constraint in model.getListOfConstraints():
        where = f"constraint '{constraint.getId() or 'without a name'}'"
        parts.drop(where, "a condition", "a simulation is not stopped by it")
    return parts


def _identifiers(model: Element) -> Iterator[str]:
    lists = (
        model.getListOfCompartments(), model.getListOfSpecies(), model.getListOfParameters(),
        model.getListOfReactions(), model.getListOfEvents(),
    )  # fmt: skip
    for elements in lists:
        yield from (element.getId() for element in elements)
    for reaction in model.getListOfReactions():
        for references in (reaction.getListOfReactants(), reaction.getListOfProducts()):
            yield from (r.getId() for r in references if r.getId())


def _check_packages(parts: Parts, document: Element) -> None:
    """Refuse packages that change what the core means; list those that do not."""
    if document.getLevel() < 3:
        return
    names = [document.getPlugin(i).getPackageName() for i in range(document.getNumPlugins())]
    unknown = range(document.getNumUnknownPackages())
    names += [document.getUnknownPackagePrefix(i) for i in unknown]
    for name in names:
        if name == "l3v2extendedmath":  # the core's own formulas, to libSBML a package
            continue
        if document.getPackageRequired(name):
            found = f"the package '{name}', which changes what the model means"
            raise ExchangeError(parts.file, None, found, "SBML core")
        parts.drop("document", f"the package '{name}'", NO_COURSE)


def _read_rules(parts: Parts) -> None:
    for rule in parts.model.getListOfRules():
        if rule.isAlgebraic():
            found = "an algebraic rule"
            raise ExchangeError(parts.file, "rule", found, "assignment and rate rules")
        target = rule.getVariable()
        where = f"rule of '{target}'"
        group = parts.assigned if rule.isAssignment() else parts.changing
        if target in parts.assigned or target in parts.changing:
            raise ExchangeError(parts.file, where, "a second rule", "one")
        if rule.getMath() is None:
            parts.drop(where, "no formula", "it says nothing")
            continue
        group[target] = parts.reader.read(rule.getMath(), where)


def _read_starts(parts: Parts, given: frozenset[str]) -> None:
    for start in parts.model.getListOfInitialAssignments():
        target, where = start.getSymbol(), f"initial assignment of '{start.getSymbol()}'"
        if target in parts.starting:
            raise ExchangeError(parts.file, where, "a second one", "one")
        if start.getMath() is None:
            parts.drop(where, "no formula", "it says nothing")
        elif target not in given:
            parts.starting[target] = parts.reader.read(start.getMath(), where)


def _read_reaction(parts: Parts, reaction: Element) -> None:
    name = reaction.getId()
    where = f"reaction '{name}'"
    if reaction.isSetFast() and reaction.getFast():
        raise ExchangeError(parts.file, where, "a fast reaction", "a kinetic law of its own time")
    law = reaction.getKineticLaw()
    if law is None or law.getMath() is None:
        parts.drop(where, "no kinetic law", "it does not run")
        parts.reactions[name] = Number(0.0)
    else:
        parts.reactions[name] = parts.reader.read(law.getMath(), where, _locals(parts, name, law))
    for sign, references in (
        (-1.0, reaction.getListOfReactants()),
        (1.0, reaction.getListOfProducts()),
    ):
        for reference in references:
            amount = _stoichiometry(parts, reference, where)
            parts.flows.append((name, Flow(reference.getSpecies(), sign, amount)))


def _locals(parts: Parts, reaction: str, law: Element) -> Mapping[str, Formula]:
    """Give the parameters of a kinetic law names of their own."""
    found: dict[str, Formula] = {}
    level3 = law.getLevel() > 2
    for element in law.getListOfLocalParameters() if level3 else law.getListOfParameters():
        name = parts.free(f"{reaction}_{element.getId()}")
        parts.locals.append(Local(name, element))
        found[element.getId()] = Name(name)
    return found


def _stoichiometry(parts: Parts, reference: Element, where: str) -> Formula:
    own = reference.getId()
    if reference.isSetStoichiometryMath():
        node = reference.getStoichiometryMath().getMath()
        return Number(1.0) if node is None else parts.reader.read(node, where)
    if own:
        parts.references[own] = reference
        return Name(own)
    value = reference.getStoichiometry()
    return Number(value) if value == value else Number(1.0)
