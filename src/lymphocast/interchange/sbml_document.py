"""An SBML document in the making: identifiers, units, parameters, rules and events.

Everything is a parameter here; :mod:`lymphocast.interchange.sbml` says why and what each is for.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, final
from xml.sax.saxutils import escape

import libsbml

from lymphocast.errors import UsageError
from lymphocast.interchange.sbml_events import Numbers, Target
from lymphocast.interchange.sbml_math import Node, Notation
from lymphocast.interchange.sbml_units import define_unit, unit_sid
from lymphocast.models.symbolic import Expression
from lymphocast.models.unit_powers import DAY, UnitPowers

LEVEL, VERSION = 3, 2
XHTML = "http://www.w3.org/1999/xhtml"


@final
@dataclass(frozen=True)
class Element:
    """A parameter of the document: what it stands for, its unit and meaning."""

    target: Target
    name: str
    unit: UnitPowers
    meaning: str = ""


@final
@dataclass
class SbmlDocument:
    """A document that grows.

    Parameters
    ----------
    name
        Name of the model.
    notes
        What a reader must know of it.
    """

    name: str
    notes: str
    sids: dict[Target, str] = field(default_factory=dict)
    elements: dict[Target, Element] = field(default_factory=dict)
    units: dict[str, UnitPowers] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Make an empty document whose time is in days."""
        self.document = libsbml.SBMLDocument(LEVEL, VERSION)
        self.model = self.document.createModel()
        self.model.setId(self._free(self.name))
        self.model.setName(self.name)
        _note(self.model, self.notes)
        self.model.setTimeUnits(self.unit_id(DAY))

    def unit_id(self, unit: UnitPowers) -> str:
        """Return the identifier of a unit, which is defined when it is first used."""
        sid = unit_sid(unit)
        if unit.powers and sid not in self.units:
            self.units[sid] = unit
            define_unit(self.model, unit)
        return sid

    def unit(self, target: Target) -> UnitPowers:
        """Return the unit of an element."""
        return self.elements[target].unit

    def notation(self, symbols: Mapping[Expression, Target], numbers: Numbers) -> Notation:
        """Return how symbols are written: as elements, as numbers, and all others as time."""
        ids = {symbol: self.sids[target] for symbol, target in symbols.items()}
        units = {symbol: self.unit(target) for symbol, target in symbols.items()}
        return Notation(ids, units | numbers.units, numbers.values, self.unit_id)

    def add(self, element: Element, value: float | None, *, constant: bool = False) -> None:
        """Add a parameter; without a value it has a rule or an initial assignment."""
        parameter = self.model.createParameter()
        self.elements[element.target] = element
        self.sids[element.target] = self._free(element.name)
        parameter.setId(self.sids[element.target])
        parameter.setName(element.name)
        parameter.setUnits(self.unit_id(element.unit))
        parameter.setConstant(constant)
        if value is not None:
            parameter.setValue(value)
        if element.meaning:
            _note(parameter, element.meaning)

    def start(self, target: Target, node: Node) -> None:
        """Let an element start at the value of an expression."""
        assignment = self.model.createInitialAssignment()
        assignment.setSymbol(self.sids[target])
        assignment.setMath(node)

    def follow(self, target: Target, node: Node, *, rate: bool) -> None:
        """Let an element, or its rate of change, have the value of an expression."""
        rule = self.model.createRateRule() if rate else self.model.createAssignmentRule()
        rule.setVariable(self.sids[target])
        rule.setMath(node)

    def happen(
        self, what: str, trigger: Node, priority: Node, sets: Iterable[tuple[Target, Node]]
    ) -> None:
        """Let elements take new values, computed when it happens, once a condition is true."""
        event = self.model.createEvent()
        event.setId(self._free(f"event_{self.model.getNumEvents()}"))
        event.setName(what)
        event.setUseValuesFromTriggerTime(False)
        condition = event.createTrigger()
        condition.setInitialValue(False)
        condition.setPersistent(True)
        condition.setMath(trigger)
        event.createPriority().setMath(priority)
        for target, node in sets:
            assignment = event.createEventAssignment()
            assignment.setVariable(self.sids[target])
            assignment.setMath(node)

    def text(self) -> str:
        """Return the document.

        Raises
        ------
        UsageError
            If libSBML finds an error in it; the message is libSBML's first.
        """
        self.document.checkInternalConsistency()
        self.document.checkConsistency()
        log = self.document.getErrorLog()
        found = [log.getError(i) for i in range(log.getNumErrors())]
        wrong = [e for e in found if e.getSeverity() >= libsbml.LIBSBML_SEV_ERROR]
        if wrong:
            msg = f"model '{self.name}' as SBML: {' '.join(wrong[0].getMessage().split())}"
            raise UsageError(msg)
        text: str = libsbml.writeSBMLToString(self.document)
        return text

    def _free(self, name: str) -> str:
        """Return an identifier like ``name`` that nothing else has."""
        sid = re.sub(r"[^A-Za-z0-9_]", "_", name)
        sid = sid if sid[:1].isalpha() else f"_{sid}"
        number, found = 2, sid
        while found in self.taken:
            found, number = f"{sid}_{number}", number + 1
        self.taken.add(found)
        return found


def _note(element: Any, text: str) -> None:  # noqa: ANN401 (any element of libSBML)
    element.setNotes(f'<p xmlns="{XHTML}">{escape(text)}</p>')
