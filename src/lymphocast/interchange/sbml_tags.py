"""Which tags of the SBML semantic test suite are supported.

A case whose tags all stand here is read and simulated, and its numbers agree with the suite's. A
case with another tag may be read as well, or is refused with the reason.
"""

from typing import Final

COMPONENT_TAGS: Final = frozenset(
    {
        "Compartment", "Species", "Reaction", "Parameter", "AssignmentRule", "RateRule",
        "InitialAssignment", "FunctionDefinition", "StoichiometryMath", "CSymbolTime",
        "CSymbolAvogadro", "CSymbolRateOf",
    }
)  # fmt: skip
"""Elements of SBML."""

TEST_TAGS: Final = frozenset(
    {
        "Amount", "Concentration", "InitialValueReassigned", "NonConstantParameter",
        "NonUnityStoichiometry", "NonUnityCompartment", "BoundaryCondition",
        "AssignedConstantStoichiometry", "AssignedVariableStoichiometry", "HasOnlySubstanceUnits",
        "LocalParameters", "DefaultValue", "ConversionFactors", "NonConstantCompartment",
        "ReversibleReaction", "UncommonMathML", "ConstantSpecies", "SpeciesReferenceInMath",
        "0D-Compartment", "MultiCompartment", "VolumeConcentrationRates", "L3v2MathML",
        "BoolNumericSwap", "NoMathML",
    }
)  # fmt: skip
"""What a case tries out."""

REASONS: Final = {
    "AlgebraicRule": "it needs a solver of equations that are no differential ones",
    "CSymbolDelay": "the engine has no delay equations",
    "DelayInTrigger": "the engine has no delay equations",
    "DelayInEventAssignment": "the engine has no delay equations",
    "FastReaction": "it needs a solver of equations that are no differential ones",
    "EventNoDelay": "events at known times are read; one that watches the model is not",
    "EventWithDelay": "events at known times are read; one that watches the model is not",
    "EventPriority": "events at known times are read; one that watches the model is not",
    "RandomEventExecution": "its result is not one course",
    "comp:": "models within models are to be made one before",
    "fbc:": "no course in time",
}
"""Why the others are not supported."""


def unsupported_tags(tags: frozenset[str]) -> tuple[str, ...]:
    """Return the tags that are not supported, in order."""
    return tuple(sorted(tags - COMPONENT_TAGS - TEST_TAGS))
