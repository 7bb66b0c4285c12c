"""The course model over one individual's time: counts anywhere, burden and severity on data days.

The natural course is a closed form, what IL-2 adds is the exact step response, and the infection
is a level between walls (:mod:`lymphocast.engine.steps`, :mod:`lymphocast.engine.walls`). The
equations themselves stand in :mod:`lymphocast.models.course` and are evaluated from there.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.individual import DosePlan
from lymphocast.engine.blocks import in_blocks
from lymphocast.engine.steps import dose_forcing, instant, step_response
from lymphocast.engine.walls import NODES, Path, Walls, held_path, nodes_of
from lymphocast.models.component import Scalar, Values
from lymphocast.models.course import CytokineGain, Infection, NaturalCourse

NATURAL, GAIN, INFECTION = NaturalCourse(), CytokineGain(), Infection()
# Mesh of the infection, in days: points after each change of the count, and between them.
AFTER_CHANGE = (7.0, 18.0, 36.0, 64.0, 110.0, 180.0, 300.0, 480.0)
EVERY = 90.0


@final
class Treatment(NamedTuple):
    """How much of each drug's recorded dose is given: 1 as recorded, 0 without the drug."""

    study_drug: Scalar = 1.0
    antibiotic: Scalar = 1.0


FACTUAL = Treatment()


def with_study_days(plan: DosePlan, values: Values) -> dict[str, Scalar]:
    """Return ``values`` with the study days that the equations read.

    Adds ``recovery_onset`` and ``resistance_day`` as study days, from the parameters
    ``recovery_delay`` and ``resistance_time``, and ``lift_day`` from the anchors.
    """
    return {
        **values,
        "recovery_onset": plan.recovery_clock + values["recovery_delay"],
        "resistance_day": plan.infection_start + values["resistance_time"],
        "lift_day": instant(plan.infection_lift, values),
    }


def natural_count(theta: Values, t: Scalar) -> Values:
    """Return the count without IL-2 at ``t``, and before any change."""
    return NATURAL.observe(t, {}, {}, theta)


def added_count(plan: DosePlan, theta: Values, t: Scalar, treatment: Treatment = FACTUAL) -> Scalar:
    """Return the cells that IL-2 adds at ``t``, in cells/uL."""
    forcing = dose_forcing(plan, plan.study_drug, theta, treatment.study_drug)
    inputs = {"natural_count": 0.0}
    return step_response(GAIN, forcing, "relative_dose", inputs, theta, t)


def latent_count(
    plan: DosePlan, theta: Values, t: Scalar, treatment: Treatment = FACTUAL
) -> Scalar:
    """Return the latent CD4 count at study days ``t`` (``[point, lane]``), in cells/uL."""
    added = added_count(plan, theta, t, treatment)
    return natural_count(theta, t)["natural_count"] + added


def infection_mesh(
    plan: DosePlan, theta: Values, days: tuple[float, ...], edges: tuple[Scalar, ...]
) -> jax.Array:
    """Return mesh points ``[mesh, lane]`` from the start of the infection to the last data day."""
    begin = plan.infection_start
    end = max(begin, *days)
    zero = 0.0 * theta["initial_burden"]
    onset, lift = theta["recovery_onset"], theta["lift_day"]
    spread = [c + a for c in (onset, lift, *edges[-2:]) for a in AFTER_CHANGE]
    grid = [begin + EVERY * i for i in range(int((end - begin) / EVERY) + 1)]
    points = [begin, *days, *grid, onset, lift, *edges, *spread, theta["resistance_day"]]
    stacked = jnp.stack([zero + p for p in points])
    return jnp.sort(jnp.clip(stacked, begin, end), axis=0)


def infection_path(
    plan: DosePlan, theta: Values, days: tuple[float, ...], treatment: Treatment = FACTUAL
) -> Path:
    """Return log burden and severity over the infection; read them with ``path.at(day)``.

    ``days`` are the study days on which values are wanted, within the mesh by construction.
    """
    given = dose_forcing(plan, plan.study_drug, theta)
    drug = dose_forcing(plan, plan.antibiotic, theta, treatment.antibiotic)
    mesh = infection_mesh(plan, theta, days, (*drug.edges, *given.edges))
    t = nodes_of(mesh)
    natural = natural_count(theta, t)
    inputs = {
        "count": natural["natural_count"] + added_count(plan, theta, t, treatment),
        "untreated_count": natural["untreated_count"],
        "antibiotic": drug.at(t),
    }
    low, high = INFECTION.walls(theta)
    b0 = theta["initial_burden"]
    walls = Walls(low, high, b0, theta["severity_delay"])
    return held_path(mesh, INFECTION.free_rate(t, inputs, theta), b0, walls)


INFECTION_READS = tuple(sorted({p.name for c in (NATURAL, GAIN, INFECTION) for p in c.parameters}))


@partial(jax.jit, static_argnames=("plan", "days"))
def _outcomes(
    plan: DosePlan, theta: dict[str, Scalar], days: tuple[float, ...], treatment: Treatment
) -> tuple[Scalar, Scalar]:
    path = infection_path(plan, theta, days, treatment)
    # Before its course begins the infection stands as it is at the beginning.
    pairs = [path.at(max(day, plan.infection_start)) for day in days]
    return jnp.stack([b for b, _ in pairs]), jnp.stack([s for _, s in pairs])


def infection_outcomes(
    plan: DosePlan, theta: Values, days: tuple[float, ...], treatment: Treatment = FACTUAL
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return log burden and severity on ``days``, each ``[day, lane]``, block by block.

    One compiled function serves every call with the same plan and days.
    """
    return _read(_outcomes, plan, theta, days, treatment)


def _read(
    function: Callable[..., tuple[Scalar, Scalar]],
    plan: DosePlan,
    theta: Values,
    days: tuple[float, ...],
    treatment: Treatment,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    wanted = {*INFECTION_READS, *(name for name in theta if name.startswith("when."))}
    lanes = np.shape(theta["initial_burden"])
    full = {name: np.broadcast_to(np.asarray(theta[name], float), lanes) for name in wanted}
    given = Treatment(*map(float, treatment))
    burden, severity = in_blocks(lambda block: function(plan, block, days, given), full)
    return burden, severity


@partial(jax.jit, static_argnames=("plan", "days"))
def _looks(
    plan: DosePlan, theta: dict[str, Scalar], days: tuple[float, ...], treatment: Treatment
) -> tuple[Scalar, Scalar]:
    path = infection_path(plan, theta, days, treatment)
    wanted = jnp.asarray(days)
    place = jax.vmap(lambda mesh: jnp.searchsorted(mesh, wanted), in_axes=1, out_axes=1)(path.mesh)
    burden, severity = path.level, path.lagged
    return jnp.take_along_axis(burden, place, axis=0), jnp.take_along_axis(severity, place, axis=0)


def infection_looks(
    plan: DosePlan, theta: Values, days: tuple[float, ...], treatment: Treatment = FACTUAL
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return log burden and severity on many ``days``, each ``[day, lane]``, block by block.

    As :func:`infection_outcomes`, where the days are so many that they are looked up in the mesh.
    """
    return _read(_looks, plan, theta, days, treatment)


@partial(jax.jit, static_argnames=("plan",))
def _ahead(
    plan: DosePlan,
    theta: dict[str, Scalar],
    counts: Scalar,
    state: tuple[Scalar, Scalar],
    mesh: Scalar,
    given: Scalar,
) -> tuple[Scalar, Scalar]:
    b0 = theta["initial_burden"]
    days = mesh[:, None] + 0.0 * b0
    share = jnp.asarray(NODES)[None, :, None]
    drug = dose_forcing(plan, plan.antibiotic, theta, given)
    t = nodes_of(days)
    inputs = {
        "count": counts[:-1, None] * (1.0 - share) + counts[1:, None] * share,
        "untreated_count": natural_count(theta, t)["untreated_count"],
        "antibiotic": drug.at(t),
    }
    walls = Walls(*INFECTION.walls(theta), b0, theta["severity_delay"])
    rate = INFECTION.free_rate(t, inputs, theta)
    path = held_path(days, rate, state[0], walls, state[1])
    return path.level, path.lagged


def infection_ahead(
    plan: DosePlan,
    theta: Values,
    days: NDArray[np.float64],
    counts: NDArray[np.float64],
    state: tuple[NDArray[np.float64], NDArray[np.float64]],
    antibiotic: float = 1.0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return log burden and severity on ``days`` under counts that come from elsewhere.

    Parameters
    ----------
    plan
        Its antibiotic is given as recorded, times ``antibiotic``.
    theta
        Parameter values, ``[lane]``.
    days
        Study days in increasing order; the path begins on the first.
    counts
        The latent count on those days, ``[day, lane]``, straight in between.
    state
        Log burden and severity on the first day, each ``[lane]``.
    """
    wanted = {*INFECTION_READS, *(name for name in theta if name.startswith("when."))}
    lanes = {name: np.broadcast_to(theta[name], counts.shape[1:]) for name in wanted}
    burden, severity = in_blocks(
        lambda t, c, s: _ahead(plan, t, c, s, days, antibiotic), lanes, counts, state
    )
    return burden, severity
