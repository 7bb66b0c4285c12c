"""What the march is asked: the model, what is wanted of it, and the occasions of its lanes."""

from dataclasses import dataclass, replace
from typing import NamedTuple, final

import numpy as np

from lymphocast.engine.march_lanes import Way
from lymphocast.engine.schedule import Schedule
from lymphocast.engine.settings import Layout
from lymphocast.engine.structure import states_read
from lymphocast.engine.timeline import Added, dosing_of
from lymphocast.models.component import Component, Values, dose_clocks

FEW_LANES = 8
"""Below this many lanes one class of pieces is compiled: it starts sooner, runs a little slower."""


@final
class Occasions(NamedTuple):
    """What the march crosses: one schedule for all lanes, or one for each; and what is added.

    ``added`` holds the steady states that records bring, ``[lane, steady, state]`` or, if no
    parameter has lanes, ``[steady, state]``.
    """

    schedules: tuple[Schedule, ...]
    added: Added


@final
@dataclass(frozen=True)
class Task:
    """What stays the same while lanes and halvings change."""

    model: Component
    layout: Layout
    wanted: tuple[str, ...]
    compartments: tuple[str, ...]
    infused: tuple[str, ...]
    lanes: int

    def way(self, width: int) -> Way:
        """Return what the code for ``width`` lanes is compiled for."""
        settings = self.layout.settings.march
        settings = replace(settings, classes=settings.classes and width >= FEW_LANES)
        names = [s.name for s in self.model.states]
        return Way(
            settings,
            self.compartments,
            self.infused,
            self.layout.covariates,
            tuple((n, names[i]) for n, i in dose_clocks(self.model).items()),
            states_read(self.model, self.wanted),
            self.wanted,
        )


def compartments_of(
    model: Component, covariates: tuple[str, ...], theta: Values, given: Occasions
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the states that something may enter, and those that infusions run into."""
    names = [s.name for s in model.states]
    entered = {names[i] for i in dose_clocks(model).values()}
    entered.update(dosing_of(model, theta, covariates, given.schedules[0].boluses))
    infused: set[str] = set()
    for schedule in given.schedules:
        entered.update(names[i] for i in np.unique(schedule.boluses.state))
        infused.update(names[i] for i in np.unique(schedule.infusions.state))
        if schedule.steady.time.shape[0]:
            entered.update(names)
    return tuple(n for n in names if n in entered | infused), tuple(
        n for n in names if n in infused
    )
