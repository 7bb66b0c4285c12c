"""Where only our engine is timed: no structure, own schedules, gradients, many patients.

Each has an answer that must be right before a time is told.
"""

import csv
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.founding import problem
from benchmarks.founding.components import founding
from benchmarks.task import PER_LANE, PER_PATIENT, Floats, Task
from lymphocast.dataset.regimen import DoseEvent
from lymphocast.engine.settings import DEFAULT, MarchSettings, SolverSettings
from lymphocast.engine.simulate import Prepared, simulate

OUTPUTS: Final = (problem.COUNT, problem.LOG_BURDEN)
SEED: Final = 2004
FITTED: Final = ("ka1", "V1", "ke1", "EC50", "lam", "pi0", "muR", "Emax")
NOISE: Final = 0.2  # SD of ln count in fit_counts.csv
STEP: Final = 1e-4
"""Of ln parameter: the error of a central difference is then about 1e-8 of the slope."""
SETTLED: Final = SolverSettings(march=MarchSettings(tolerance=1e-13))
"""For differences, which what sweeps leave over would disturb."""
SLOPES_AGREE: Final = 1e-6
SAME_COURSE: Final = 1e-6


def general() -> Task:
    """Return the feedback variant as one smooth block: what a model without structure costs."""
    solver = SolverSettings(march=MarchSettings(structured=False), hands_on=False)
    theta, doses = problem.population(True, 200), problem.doses()

    def run() -> tuple[Floats, Floats]:
        return _answer(theta, doses, solver)

    def errors(answer: tuple[Floats, Floats]) -> dict[str, float]:
        cd4, lnb = problem.errors(*answer, True)
        return {"cd4_error": cd4, "lnb_error": lnb}

    return Task(run, errors, {"cd4_error": 1e-6, "lnb_error": 1e-4}, 200, PER_PATIENT)


def schedules(*, prepared: bool) -> Task:
    """Return the feedback variant with a schedule for each patient.

    The time is that of another call with prepared events, as in a fit, or from dose events on.
    Times are shifted by up to five days, each dose by up to a tenth of a day, and one dose in
    twenty is missed. The answer is compared with that of patients solved alone.
    """
    number = 1000
    rng, base = np.random.default_rng(SEED), problem.doses()
    theta = problem.population(True, number)
    given = [_moved(base, rng) for _ in range(number)]
    ready = Prepared(founding(True), given, problem.TIMES, outputs=OUTPUTS)

    def run() -> tuple[Floats, Floats]:
        if not prepared:
            return _answer(theta, given)
        found = ready.simulate(theta)
        return found.outputs[problem.COUNT], found.states[problem.LOG_BURDEN]

    def errors(answer: tuple[Floats, Floats]) -> dict[str, float]:
        worst = 0.0
        for i in (0, number // 2, number - 1):
            alone = _answer({n: v[i] for n, v in theta.items()}, given[i])
            worst = max(worst, float(np.max(np.abs(answer[0][i] / alone[0] - 1.0))))
        return {"difference_from_alone": worst}

    return Task(run, errors, {"difference_from_alone": SAME_COURSE}, number, PER_PATIENT)


def _moved(base: tuple[DoseEvent, ...], rng: np.random.Generator) -> list[DoseEvent]:
    shift, early = rng.uniform(-5.0, 5.0), rng.uniform(-0.1, 0.1, len(base))
    kept = rng.random(len(base)) > 0.05
    return [
        DoseEvent(dose.time + shift + moved, dose.amount, dose.compartment)
        for dose, moved, keep in zip(base, early, kept, strict=True)
        if keep
    ]


def _answer(
    theta: Mapping[str, Any],
    doses: Any,  # noqa: ANN401 (dose events of all, or of each)
    solver: SolverSettings = DEFAULT,
) -> tuple[Floats, Floats]:
    """Return count and log burden."""
    found = simulate(founding(True), theta, doses, problem.TIMES, outputs=OUTPUTS, solver=solver)
    return np.asarray(found.outputs[problem.COUNT]), np.asarray(found.states[problem.LOG_BURDEN])


def fit_counts() -> tuple[list[float], list[float]]:
    """Return days and counts of the individual that is fitted."""
    with (problem.FOLDER / "fit_counts.csv").open(encoding="utf-8") as file:
        rows = [[float(cell) for cell in row] for row in list(csv.reader(file))[1:]]
    return [row[0] for row in rows], [row[1] for row in rows]


def gradient(lanes: int) -> Task:
    """Return the likelihood of 25 counts with its slopes in eight log parameters, lane by lane."""
    days, measured = fit_counts()
    counts = np.log(measured)
    model, doses = founding(False), problem.doses()
    table = problem.population(False, max(lanes, 4))
    theta = {n: v[3:4] if lanes == 1 else v[:lanes] for n, v in table.items()}

    def fit(eta: Any, solver: SolverSettings = DEFAULT) -> Any:  # noqa: ANN401 (may be traced)
        own = {**theta, **{n: theta[n] * jnp.exp(eta[i]) for i, n in enumerate(FITTED)}}
        found = simulate(model, own, doses, days, outputs=(problem.COUNT,), solver=solver)
        ratio = (jnp.log(found.outputs[problem.COUNT]) - counts) / NOISE
        return -0.5 * jnp.sum(ratio**2, axis=-1)

    start = jnp.zeros((len(FITTED), lanes))
    with_slopes = jax.jit(jax.value_and_grad(lambda eta: jnp.sum(fit(eta))))

    def run() -> Floats:
        _, slopes = with_slopes(start)
        return np.asarray(jax.block_until_ready(slopes))

    def errors(slopes: Floats) -> dict[str, float]:
        worst = 0.0
        for i in range(len(FITTED)):
            up, down = (np.asarray(fit(start.at[i].add(s), SETTLED)) for s in (STEP, -STEP))
            difference = (up - down) / (2.0 * STEP)
            size = np.maximum(np.abs(difference), np.max(np.abs(slopes), axis=0))
            worst = max(worst, float(np.max(np.abs(slopes[i] - difference) / size)))
        return {"slope_error": worst}

    return Task(run, errors, {"slope_error": SLOPES_AGREE}, lanes, PER_LANE)


def many(patients: int) -> Task:
    """Return the feedback variant for many patients in one call: cost and memory."""
    table, doses = problem.population(True, 1000), problem.doses()
    theta = {n: np.resize(v, patients) for n, v in table.items()}

    def run() -> tuple[Floats, Floats]:
        return _answer(theta, doses)

    def errors(answer: tuple[Floats, Floats]) -> dict[str, float]:
        cd4, lnb = problem.errors(answer[0][:100], answer[1][:100], True)
        return {"cd4_error": cd4, "lnb_error": lnb, "returned_mib": 2 * answer[0].nbytes / 2**20}

    return Task(run, errors, {"cd4_error": 1e-6, "lnb_error": 1e-4}, patients, PER_PATIENT)


OWN: Final[Mapping[str, Callable[[], Task]]] = {
    "general": general,
    "schedules": partial(schedules, prepared=True),
    "schedules from events": partial(schedules, prepared=False),
    "gradient": partial(gradient, 64),
    "gradient alone": partial(gradient, 1),
    "100 patients": partial(many, 100),
    "10000 patients": partial(many, 10_000),
    "100000 patients": partial(many, 100_000),
}
