"""Any record gives a posterior or one clear refusal: never a traceback, never a silent NaN.

Records are made of the small case: other counts, absurd values, no dose, no culture. They share a
few compiled shapes, because what is counted is an argument of the compiled functions.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lymphocast.dataset.project import project
from lymphocast.errors import LymphocastError
from lymphocast.hypothesis_fits import fit_under
from lymphocast.inference.evidence import HypothesisPosterior
from lymphocast.inference.fitting import FitSettings
from lymphocast.inference.hypotheses import HYPOTHESES, posterior_weights
from lymphocast.inference.importance import ImportanceSettings, sample_importance
from lymphocast.inference.kernels import kernels_of
from lymphocast.inference.posterior import Fit, FitMethod
from lymphocast.inference.smc import sample_smc
from lymphocast.inference.tempering import SmcSettings
from lymphocast.models.prior_file import model_priors
from lymphocast.record.context import Limit
from lymphocast.record.events import Measurement
from lymphocast.record.patient import PatientRecord
from lymphocast.record.when import When
from lymphocast.units import Quantity
from tests.dataset.fittable import FITTABLE
from tests.record.cases import small
from tests.tolerances import CLOSED_FORM

EFFORT = ImportanceSettings(
    pilot=2_048, block=2_048, max_blocks=1, ess_target=2_048.0, pairs=2_048, draws=256
)
BY_WEIGHT = FitSettings(FitMethod.IMPORTANCE, 3, None, EFFORT)
BY_TEMPERING = FitSettings(FitMethod.SMC, 3, 100)
BASE = small(FITTABLE)
TABLE = model_priors("course")
FIRST = date(2019, 12, 1)
ORDINARY = st.floats(20.0, 1500.0)
ABSURD = st.sampled_from([0.0, 1e-300, 1e-9, 0.4, 5e4, 1e12, 1e300])


@dataclass(frozen=True)
class Shape:
    """What compiles anew: how many counts, and whether there is a culture."""

    counts: int
    culture: bool = True


FAST = (Shape(0, culture=False), Shape(1, culture=False), Shape(3, culture=False))
ALL = (*FAST, Shape(0), Shape(1), Shape(2), Shape(2, culture=False), Shape(10), Shape(60))


@dataclass(frozen=True)
class Case:
    """What is drawn of a record: short to print when it fails."""

    values: list[float]
    gaps: list[int]
    culture: bool
    below: float
    dosed: bool
    limited: bool


@st.composite
def cases(draw: st.DrawFn, shapes: tuple[Shape, ...]) -> Case:
    shape = draw(st.sampled_from(shapes))
    size = {"min_size": shape.counts, "max_size": shape.counts}
    return Case(
        draw(st.lists(ORDINARY | ABSURD, **size)),
        draw(st.lists(st.integers(1, 400), **size)),
        shape.culture,
        draw(st.just(350.0) | st.sampled_from([1e-6, 5.0, 1e9])),
        draw(st.integers(0, 9)) > 0,
        draw(st.integers(0, 9)) == 0,
    )


def record_of(case: Case) -> PatientRecord:
    day, counts = FIRST, []
    for i, (value, gap) in enumerate(zip(case.values, case.gaps, strict=True)):
        count = _count(BASE.measurements[0], i, value, day)
        counts.append(replace(count, limit=Limit.BELOW) if case.limited else count)
        day += timedelta(days=gap + 30)
    assert BASE.modelling is not None
    return replace(
        BASE,
        measurements=tuple(counts),
        cultures=BASE.cultures if case.culture else (),
        administrations=BASE.administrations if case.dosed else (),
        modelling=replace(BASE.modelling, entry_below=Quantity(case.below, "/uL")),
    )


def _count(first: Measurement, i: int, value: float, day: date) -> Measurement:
    """The first count keeps the name by which the case finds its entry."""
    at = When(day, day + timedelta(days=20), text=day.isoformat())
    name = first.id if i == 0 else f"count-{i:02d}"
    return replace(first, id=name, at=at, value=Quantity(value, "/uL"))


def posterior_or_refusal(record: PatientRecord, how: FitSettings = BY_WEIGHT) -> Fit | None:
    """Return the fit after checking it, or ``None`` after checking the refusal."""
    refusal = ""
    try:
        found = fit_under(record, TABLE, how)
    except LymphocastError as error:
        refusal = str(error)
    if refusal:
        assert len(refusal.splitlines()) == 1
        return None
    shares = np.array(list(found.posterior_weights.values()))
    assert np.isfinite(shares).all()
    assert shares.sum() == pytest.approx(1.0)
    for posterior in found.posteriors:
        assert np.isfinite([posterior.log_evidence, posterior.log_evidence_se]).all()
        assert all(np.isfinite(values).all() for values in posterior.draws.values())
    assert isinstance(found.diagnostics_passed, bool)
    return found


CHECKS = settings(suppress_health_check=list(HealthCheck), deadline=None, derandomize=True)
# Other records each time; what fails is printed, and written here as an example.
ANEW = settings(CHECKS, derandomize=False)


@settings(CHECKS, max_examples=12)
@given(cases(FAST))
def test_any_record_gives_a_posterior_or_one_clear_refusal(case: Case) -> None:
    posterior_or_refusal(record_of(case))


@pytest.mark.slow
@settings(ANEW, max_examples=1_000)
@given(cases(ALL))
def test_any_of_a_thousand_records_gives_a_posterior_or_one_clear_refusal(case: Case) -> None:
    posterior_or_refusal(record_of(case))


@pytest.mark.slow
@settings(ANEW, max_examples=40)
@given(cases(ALL))
def test_any_of_forty_records_ends_by_tempering_too(case: Case) -> None:
    posterior_or_refusal(record_of(case), BY_TEMPERING)


@pytest.mark.parametrize("cultures", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_without_data_tempering_gives_the_prior_and_passes(cultures: bool) -> None:
    """Nothing is read, or cultures alone: a likelihood without slope must not count as failure."""
    record = replace(BASE, measurements=(), cultures=BASE.cultures if cultures else ())
    found = posterior_or_refusal(record, replace(BY_TEMPERING, draws=2_000))
    assert found is not None
    assert found.informed is cultures
    assert found.diagnostics_passed


def test_a_record_without_data_gives_the_prior_and_says_so() -> None:
    assert BASE.modelling is not None
    found = posterior_or_refusal(replace(BASE, measurements=(), cultures=()))
    assert found is not None
    assert not found.informed
    for posterior in found.posteriors:
        # 2048 draws weighed against their prior: the mean weight is 1 within a few per cent.
        assert posterior.log_evidence == pytest.approx(0.0, abs=0.15)
        prior = posterior.hypothesis.prior(found.weights)
        assert found.posterior_weights[posterior.hypothesis.name] == pytest.approx(prior, abs=0.05)


def test_one_observation_is_enough_for_a_posterior() -> None:
    one = replace(BASE, measurements=BASE.measurements[:1], cultures=())
    found = posterior_or_refusal(one)
    assert found is not None
    assert found.informed


def weight_of_h3(posteriors: tuple[HypothesisPosterior, ...]) -> float:
    """Return the posterior weight of H3 after checking that twins have the same evidence."""
    evidence = {p.hypothesis: p.log_evidence for p in posteriors}
    for hypothesis, value in evidence.items():
        assert value == evidence[replace(hypothesis, clearance=not hypothesis.clearance)]
    by_name = {h.name: value for h, value in evidence.items()}
    weights = posterior_weights(by_name, TABLE.presets["neutral"], HYPOTHESES)
    return sum(weights[h.name] for h in evidence if h.clearance)


@pytest.mark.parametrize("method", [FitMethod.IMPORTANCE, FitMethod.SMC])
def test_without_culture_and_symptom_h3_keeps_its_prior_weight_exactly(method: FitMethod) -> None:
    one = replace(BASE, measurements=BASE.measurements[:1], cultures=())
    kernels = kernels_of(project(one), TABLE)
    target = kernels.everything()
    if method is FitMethod.SMC:
        found = sample_smc(kernels, target, 3, SmcSettings(particles=50, islands=2))
    else:
        found = sample_importance(kernels, target, 3, EFFORT)
    prior = TABLE.presets["neutral"].clearance
    assert weight_of_h3(found) == pytest.approx(prior, rel=CLOSED_FORM)
