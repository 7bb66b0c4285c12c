"""Species of an SBML document: amounts or concentrations, and what reactions do to them."""

from dataclasses import dataclass
from typing import Any, final

from lymphocast.errors import ExchangeError
from lymphocast.interchange.sbml_draft import Draft, meaning
from lymphocast.interchange.sbml_unit_text import NO_UNIT, unit_text
from lymphocast.models.component import Variable
from lymphocast.models.formula import Formula, Name, Number, call, product, total

AMOUNT, CONCENTRATION = "amount_", "concentration_"


@final
@dataclass(frozen=True)
class Species:
    """A species: what its symbol means, and where it is.

    Parameters
    ----------
    variable
        Its symbol.
    compartment
        The compartment's identifier.
    amount
        Whether the symbol is an amount; it is a concentration otherwise.
    sized
        Whether its compartment has a size.
    element
        What the document states.
    other
        Its amount where the symbol is a concentration, and the other way about.
    """

    variable: Variable
    compartment: str
    amount: bool
    sized: bool
    element: Any
    other: Variable

    @property
    def name(self) -> str:
        """Its identifier."""
        return self.variable.name

    @property
    def begins_with(self) -> Variable:
        """What the document states at the start: the symbol or the other."""
        amount, concentration = (
            self.element.isSetInitialAmount(), self.element.isSetInitialConcentration()
        )  # fmt: skip
        own = not (amount or concentration) or amount == self.amount or not self.sized
        return self.variable if own else self.other


def add_species(draft: Draft, given: frozenset[str]) -> None:
    """Add every species, after compartments, parameters and reactions."""
    sums: dict[str, list[Formula]] = {}
    for reaction, flow in draft.parts.flows:
        term = product(flow.stoichiometry, Name(reaction))
        sums.setdefault(flow.species, []).append(call("minus", term) if flow.sign < 0 else term)
    for element in draft.parts.model.getListOfSpecies():
        species = _species(draft, element)
        changed = not (element.getBoundaryCondition() or element.getConstant())
        terms = sums.pop(species.name, []) if changed else []
        _start(draft, species, species.name in given)
        _course(draft, species, terms)
        _outputs(draft, species)
    for name in sums:
        if draft.parts.model.getSpecies(name) is None:
            where = "a reaction"
            raise ExchangeError(draft.parts.file, where, f"'{name}'", "a species of the document")


def _species(draft: Draft, element: Any) -> Species:  # noqa: ANN401 (libsbml.Species)
    model = draft.parts.model
    compartment = model.getCompartment(element.getCompartment())
    if compartment is None:
        where, found = f"species '{element.getId()}'", f"compartment '{element.getCompartment()}'"
        raise ExchangeError(draft.parts.file, where, found, "one that the document has")
    point = compartment.getSpatialDimensionsAsDouble() == 0.0
    amount = element.getHasOnlySubstanceUnits() or point
    name = compartment.getId()
    sized = name in draft.values or name in draft.start
    substance = unit_text(model, _substance(model, element))
    size = unit_text(model, _size_unit(model, compartment))
    unit, other = (substance, _over(substance, size))[:: 1 if amount else -1]
    words = meaning("amount of" if amount else "concentration of", element.getName(), "")
    words = words if element.getName() else words.removesuffix(" of")
    variable = Variable(element.getId(), unit, words)
    name = draft.parts.free(f"{CONCENTRATION if amount else AMOUNT}{element.getId()}")
    words = f"{'concentration' if amount else 'amount'} of {element.getName() or element.getId()}"
    return Species(
        variable, compartment.getId(), amount, sized, element, Variable(name, other, words)
    )


def _substance(model: Any, element: Any) -> str:  # noqa: ANN401 (libSBML's classes)
    own = element.getSubstanceUnits() or model.getSubstanceUnits()
    return str(own or ("substance" if model.getLevel() == 2 else ""))


def _size_unit(model: Any, compartment: Any) -> str:  # noqa: ANN401 (libSBML's classes)
    three = compartment.getSpatialDimensions() == 3
    own = compartment.getUnits() or (model.getVolumeUnits() if three else "")
    return str(own or ("volume" if three and model.getLevel() == 2 else ""))


def _over(substance: str, size: str) -> str:
    plain = not {"/", ".", "{"} & set(size)
    return f"{'' if substance == NO_UNIT else substance}/{size}" if plain else NO_UNIT


def _start(draft: Draft, species: Species, given: bool) -> None:
    """Say what a species is at the start."""
    name, element, parts = species.name, species.element, draft.parts
    if name in parts.assigned or name in parts.starting:
        draft.start[name] = parts.assigned.get(name) or parts.starting[name]
        return
    value = element.getInitialAmount() if element.isSetInitialAmount() else None
    value = element.getInitialConcentration() if element.isSetInitialConcentration() else value
    size, stated = Name(species.compartment), species.begins_with
    begin = draft.begin(stated, value, name)
    if stated is species.variable:
        draft.start[name] = begin
    elif given:
        own = draft.values.get(species.compartment)
        stated_value = draft.values.pop(draft.begins[name], None)
        if own is not None and stated_value is not None:
            draft.values[draft.begins[name]] = (
                stated_value * own if species.amount else stated_value / own
            )
        draft.start[name] = begin
    else:
        draft.start[name] = product(begin, size) if species.amount else call("divide", begin, size)


def _course(draft: Draft, species: Species, terms: list[Formula]) -> None:
    """Say what a species is from the start on."""
    name, parts = species.name, draft.parts
    size = Name(species.compartment)
    if name in parts.assigned:
        draft.follows[name] = parts.assigned[name]
        return
    if name in parts.changing:
        draft.state(species.variable, parts.changing[name])
        return
    diluted = not species.amount and draft.varies(species.compartment)
    factor = species.element.getConversionFactor() or parts.model.getConversionFactor()
    change = product(Name(factor), total(terms)) if factor and terms else total(terms)
    if diluted:
        held = species.other
        draft.amounts[name] = held.name
        draft.follows[name] = call("divide", Name(held.name), size)
        draft.start[held.name] = product(Name(name), size)
        if terms:
            draft.state(held, change)
    elif terms or name in draft.moved:
        one = species.amount or change == Number(0.0)
        draft.state(species.variable, change if one else call("divide", change, size))
    elif draft.start[name] == Name(draft.begins.get(name, "")):
        _as_parameter(draft, species.variable)


def _as_parameter(draft: Draft, variable: Variable) -> None:
    """Let a species that stays what it is be the parameter itself."""
    begin = draft.begins.pop(variable.name)
    del draft.start[variable.name], draft.parameters[begin]
    draft.parameter(variable, draft.values.pop(begin, None))


def _outputs(draft: Draft, species: Species) -> None:
    """Add what can be read of a species: its symbol, and the other of amount and concentration."""
    draft.output(species.variable)
    if not species.sized:
        return
    size = Name(species.compartment)
    other, symbol = species.other, Name(species.name)
    formula = call("divide", symbol, size) if species.amount else product(symbol, size)
    if other.name not in draft.states and other.name not in draft.start:
        draft.follows[other.name] = formula
    draft.output(other)
