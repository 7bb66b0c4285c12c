"""The synthetic series: made again it is the same, it can be fitted, and a fit finds its truth."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from lymphocast.criteria.check import check
from lymphocast.dataset.project import project
from lymphocast.inference.fitting import QUICK, versions
from lymphocast.inference.importance import sample_importance
from lymphocast.inference.kernels import kernels_of
from lymphocast.inference.posterior import Fit, FitMethod
from lymphocast.inference.series import SeriesPosterior, fit_series
from lymphocast.models.prior_file import model_priors
from lymphocast.record.casefile import read_case
from lymphocast.record.patient import PatientRecord
from tests.conftest import ROOT

FOLDER: Final = ROOT / "tests" / "reference" / "series"
NAMES: Final = tuple(f"synthetic-{i:02d}" for i in range(1, 11))
TRUTH: Final[dict[str, Any]] = json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))
SEED: Final = 1


def synthetic(name: str) -> PatientRecord:
    return read_case(FOLDER / f"{name}.yaml")


def test_the_program_makes_the_same_files_again(tmp_path: Path) -> None:
    program = ROOT / "tests" / "reference" / "synthetic_series.py"
    subprocess.run([sys.executable, str(program), str(tmp_path)], check=True)
    made = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert made == kept
    assert set(made) == {"truth.json", *(f"{name}.yaml" for name in NAMES)}


@pytest.mark.parametrize("name", NAMES)
def test_a_patient_says_that_it_is_synthetic_and_can_be_fitted(name: str) -> None:
    record = synthetic(name)
    assert record.id == name
    assert record.title.startswith("Synthetic patient")
    assert all(source.citation.startswith("Synthetic") for source in record.sources)
    assert not check(record).has_errors
    individual = project(record)
    truth = TRUTH["patients"][name]
    assert individual.nominal(individual.entry.moment) == truth["entry"]
    assert individual.plan.recovery_clock == truth["clock"]
    (stretch,) = individual.plan.stretches("interleukin-2")
    assert (stretch.start.offset, stretch.stop.offset) == (0.0, truth["stop"])


@cache
def joined() -> SeriesPosterior:
    fits = []
    for name in NAMES:
        individual, table = project(synthetic(name)), model_priors("course")
        kernels = kernels_of(individual, table)
        posteriors = sample_importance(kernels, kernels.everything(), SEED, QUICK)
        fits.append(
            Fit(
                record=synthetic(name),
                individual=individual,
                table=table,
                posteriors=posteriors,
                method=FitMethod.IMPORTANCE,
                seed=SEED,
                versions=versions(),
            )
        )
    return fit_series(fits, SEED)


@pytest.mark.slow
@pytest.mark.parametrize("number", ["effect", "spread", "recovery_mean"])
def test_the_posterior_of_a_shared_number_covers_its_truth(number: str) -> None:
    shared = getattr(joined(), number)
    assert shared.quantile(0.05) < TRUTH["shared"][number] < shared.quantile(0.95)


@pytest.mark.slow
def test_ten_patients_settle_that_interleukin_2_adds_cells() -> None:
    found = joined()
    assert found.il2 > 0.999
    narrow = found.effect.quantile(0.95) / found.effect.quantile(0.05)
    assert narrow < 2.5  # one patient's wide prior spans a factor of 27


@pytest.mark.slow
def test_most_patients_own_gains_are_covered() -> None:
    # 90 % intervals: 7 or more of 10 are covered with probability 0.987 (binomial).
    inside = [p.q05 < TRUTH["patients"][p.id]["gain"] < p.q95 for p in joined().patients]
    assert sum(inside) >= 7
