"""The named models: standard models of the field, and those of the mechanism library.

The round values stand here so that a model can be tried at once. They are examples: physical,
easy to reckon with, and estimates of nothing. Models of the mechanism library take the typical
values of their prior tables instead, with the sources that stand there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import final

from lymphocast.errors import UsageError
from lymphocast.models.absorption import FirstOrderAbsorption, TransitAbsorption
from lymphocast.models.cd4 import HomeostaticCD4
from lymphocast.models.clarithromycin import OralClarithromycin
from lymphocast.models.compartments import Compartments, Entry
from lymphocast.models.component import Component
from lymphocast.models.compose import Model
from lymphocast.models.cough import OrdinalCough
from lymphocast.models.course import COURSE
from lymphocast.models.effect import EffectCompartment
from lymphocast.models.elimination import MICHAELIS_MENTEN
from lymphocast.models.il2 import InducedClearanceIL2, SubcutaneousIL2
from lymphocast.models.il7 import InterleukinSevenCD4, SubcutaneousIL7
from lymphocast.models.indirect import Action, IndirectResponse
from lymphocast.models.mac import TwoStrainMac
from lymphocast.models.myelosuppression import Myelosuppression
from lymphocast.models.prior_file import model_priors
from lymphocast.models.prior_table import numbers, transform
from lymphocast.models.tmdd import QuasiSteadyStateDisposition, TargetMediatedDisposition
from lymphocast.models.viral import TargetCellLimitedVirus

ROUND_VALUES: Mapping[str, float] = MappingProxyType(
    {
        # disposition and absorption
        "clearance": 100.0,
        "volume": 50.0,
        "exchange_1": 200.0,
        "peripheral_volume_1": 100.0,
        "exchange_2": 20.0,
        "peripheral_volume_2": 200.0,
        "absorption_rate": 10.0,
        "bioavailability": 0.5,
        "lag": 0.02,
        "transit_time": 0.2,
        "absorption_duration": 0.1,
        "largest_rate": 500.0,
        "half_rate_concentration": 2.0,
        # effects
        "equilibration_rate": 5.0,
        "baseline_effect": 10.0,
        "baseline_response": 10.0,
        "loss_rate": 2.0,
        "largest_effect": 0.8,
        "half_effect_concentration": 1.0,
        "steepness": 1.0,
        "baseline_cells": 5.0,
        "maturation_time": 5.0,
        "feedback": 0.2,
        "drug_slope": 1.0,
    }
)
"""Round values for the standard models of small molecules; examples, not estimates."""

TARGET_VALUES: Mapping[str, float] = MappingProxyType(
    {
        "clearance": 0.2,
        "volume": 3.0,
        "exchange": 0.5,
        "peripheral_volume": 3.0,
        "baseline_target": 10.0,
        "target_loss": 0.5,
        "internalisation": 1.0,
        "binding_rate": 2.0,
        "unbinding_rate": 1.0,
        "steady_state_constant": 1.0,
    }
)
"""Round values for target-mediated disposition; the constant is (1 + 1) / 2."""

VIRAL_VALUES: Mapping[str, float] = MappingProxyType(
    {
        "cell_source": 1e4,
        "uninfected_loss": 0.01,
        "infection_rate": 1e-7,
        "infected_loss": 1.0,
        "virion_production": 1e3,
        "virion_clearance": 20.0,
        "inoculum": 1.0,
        "infection_block": 0.0,
        "production_block": 0.0,
    }
)
"""Round values for viral dynamics; untreated, R_0 is 5."""

IL7_VALUES: Mapping[str, float] = MappingProxyType(
    {
        "absorption_rate": 2.0,
        "clearance": 100.0,
        "volume": 100.0,
        "cell_source": 1.0,
        "entry_rate": 0.002,
        "division_rate": 1.0,
        "resting_loss": 0.005,
        "dividing_loss": 0.1,
        "entry_gain": 5.0,
        "survival_gain": 0.5,
        "half_effect_concentration": 1.0,
    }
)
"""Round values for IL-7 on CD4 cells."""


@final
@dataclass(frozen=True)
class LibraryModel:
    """A named model with what it describes and values to try it with.

    Parameters
    ----------
    model
        The equations.
    summary
        What the model describes, in one line.
    round_values
        Example values by parameter; further names are ignored.
    priors
        Names of the prior tables that cover the parameters; empty for standard models.
    """

    model: Model
    summary: str
    round_values: Mapping[str, float]
    priors: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name under which the model is found."""
        return self.model.name

    def example_theta(self) -> dict[str, float]:
        """Return a value for every parameter, to try the model with.

        The medians of the prior tables where there are any, round values otherwise. Neither is an
        estimate for a patient.
        """
        values = dict(self.round_values)
        for table in self.priors:
            values.update(typical_values(table))
        return {p.name: values[p.name] for p in self.model.parameters}


def typical_values(table: str) -> dict[str, float]:
    """Return the prior median of every parameter of a shipped prior table."""
    rows = model_priors(table).rows
    by_name = numbers(rows)
    return {
        row.parameter: float(transform(row.family, True, 0.0, by_name[row.parameter]))
        for row in rows
    }


def course_values() -> dict[str, float]:
    """Return a value for every parameter of the course model, to try it with.

    Medians and constants of its priors, days counted from day 0. IL-2 acts; neither recovery, nor
    an infection that lifts, nor faster clearance does. None is an estimate for a patient.
    """
    table, typical = model_priors(COURSE.name), typical_values(COURSE.name)
    values = {"il2": 1.0, "recovery": 0.0, "infection": 0.0, "clearance": 0.0, "lift_day": 0.0}
    values["recovery_onset"] = typical["recovery_delay"]
    values["resistance_day"] = typical["resistance_time"]
    for name in ("burden_floor", "burden_headroom"):
        values[name] = table.constant(name)
    return {p.name: values.get(p.name, typical.get(p.name, 0.0)) for p in COURSE.parameters}


def model_names() -> tuple[str, ...]:
    """Return the names of all library models, standard models first."""
    return tuple(_MODELS)


def find_model(name: str) -> LibraryModel:
    """Return the library model of this name.

    Raises
    ------
    UsageError
        If there is none; the message gives the nearest name.
    """
    found = _MODELS.get(name)
    if found is None:
        near = get_close_matches(name, _MODELS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(_MODELS)}"
        msg = f"no model '{name}' in the library; {hint}"
        raise UsageError(msg)
    return found


def _standard(
    name: str, summary: str, *components: Component, values: Mapping[str, float] = ROUND_VALUES
) -> LibraryModel:
    return LibraryModel(Model(name, components), summary, values)


def _mechanism(
    name: str, summary: str, priors: tuple[str, ...], *components: Component
) -> LibraryModel:
    return LibraryModel(Model(name, components), summary, {}, priors)


def _stem(counted: str) -> str:
    return counted.removesuffix("s").replace(" ", "-")


_CENTRE = Compartments()
_FED = Compartments(feed="absorbed")
_IL2, _CD4, _MAC, _COUGH = SubcutaneousIL2(), HomeostaticCD4(), TwoStrainMac(), OrdinalCough()
_MACROLIDE = OralClarithromycin()

_COUNTED = ("one compartment", "two compartments", "three compartments")
_ROUTES = tuple(
    entry
    for n, counted in enumerate(_COUNTED)
    for entry in (
        _standard(
            f"{_stem(counted)}-iv",
            f"{counted}, doses into the centre",
            Compartments(n),
        ),
        _standard(
            f"{_stem(counted)}-first-order",
            f"{counted}, first-order absorption",
            FirstOrderAbsorption(),
            Compartments(n, feed="absorbed"),
        ),
        _standard(
            f"{_stem(counted)}-zero-order",
            f"{counted}, zero-order absorption",
            Compartments(n, entry=Entry.ZERO_ORDER),
        ),
        _standard(
            f"{_stem(counted)}-transit",
            f"{counted}, absorption through transit stages",
            TransitAbsorption(),
            Compartments(n, feed="absorbed"),
        ),
    )
)
_WORDS = {
    Action.INHIBIT_INPUT: "the drug inhibits the input",
    Action.INHIBIT_LOSS: "the drug inhibits the loss",
    Action.STIMULATE_INPUT: "the drug stimulates the input",
    Action.STIMULATE_LOSS: "the drug stimulates the loss",
}
_RESPONSES = tuple(
    _standard(
        f"indirect-response-{action.value}",
        f"indirect response, one compartment: {_WORDS[action]}",
        _CENTRE,
        IndirectResponse(action),
    )
    for action in Action
)
_OTHERS = (
    _standard(
        "michaelis-menten-iv",
        "one compartment with saturable elimination, doses into the centre",
        Compartments(elimination=MICHAELIS_MENTEN),
    ),
    _standard(
        "michaelis-menten-first-order",
        "one compartment with saturable elimination, first-order absorption",
        FirstOrderAbsorption(),
        Compartments(feed="absorbed", elimination=MICHAELIS_MENTEN),
    ),
    _standard(
        "effect-compartment",
        "first-order absorption, one compartment, sigmoid effect at a lagging site",
        FirstOrderAbsorption(),
        _FED,
        EffectCompartment(),
    ),
    _standard(
        "myelosuppression", "blood cells under a cytotoxic drug", _CENTRE, Myelosuppression()
    ),
    _standard(
        "tmdd-full",
        "target-mediated disposition, binding resolved in time",
        TargetMediatedDisposition(),
        values=TARGET_VALUES,
    ),
    _standard(
        "tmdd-qss",
        "target-mediated disposition, quasi-steady state",
        QuasiSteadyStateDisposition(),
        values=TARGET_VALUES,
    ),
    _standard(
        "viral-dynamics",
        "virus limited by its target cells",
        TargetCellLimitedVirus(),
        values=VIRAL_VALUES,
    ),
    _standard(
        "il7-cd4",
        "subcutaneous IL-7 on resting and dividing CD4 cells",
        SubcutaneousIL7(),
        InterleukinSevenCD4(),
        values=IL7_VALUES,
    ),
)
_MECHANISMS = (
    _mechanism("il2", "subcutaneous aldesleukin", ("il2",), _IL2),
    _mechanism("il2-peg", "subcutaneous pegylated IL-2 of the 1990s", ("il2-peg",), _IL2),
    _mechanism(
        "il2-induced",
        "subcutaneous aldesleukin that induces its own clearance",
        ("il2-induced",),
        InducedClearanceIL2(),
    ),
    _mechanism("il2-cd4", "aldesleukin on CD4 cells", ("il2", "cd4"), _IL2, _CD4),
    _mechanism("il2-peg-cd4", "pegylated IL-2 on CD4 cells", ("il2-peg", "cd4"), _IL2, _CD4),
    _mechanism(
        "clarithromycin",
        "oral clarithromycin and its 14-hydroxy metabolite",
        ("clarithromycin",),
        _MACROLIDE,
    ),
    _mechanism(
        "mechanism",
        "IL-2, CD4 cells, clarithromycin, M. avium complex and cough",
        ("il2", "cd4", "clarithromycin", "mac", "cough"),
        _IL2,
        _CD4,
        _MACROLIDE,
        _MAC,
        _COUGH,
    ),
)
_MODELS: Mapping[str, LibraryModel] = MappingProxyType(
    {entry.name: entry for entry in (*_ROUTES, *_RESPONSES, *_OTHERS, *_MECHANISMS)}
)
