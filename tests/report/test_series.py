"""What is printed and written of a series."""

import json
from dataclasses import replace

import numpy as np

from lymphocast.inference.hypotheses import HYPOTHESES
from lymphocast.inference.series import PatientGain, SeriesPosterior
from lymphocast.inference.series_grid import SharedNumber
from lymphocast.report.series import series_json, series_lines
from tests.founding import quick_fit


def evenly(low: float, high: float) -> SharedNumber:
    return SharedNumber(np.geomspace(low, high, 101), np.full(101, 1.0 / 101.0))


WEIGHTS = {h.name: 0.875 if h is HYPOTHESES[0] else 0.125 / 11.0 for h in HYPOTHESES}
FOUND = SeriesPosterior(
    effect=evenly(100.0, 400.0),
    spread=evenly(0.2, 0.8),
    recovery_mean=evenly(500.0, 2000.0),
    prior_il2=0.5,
    il2=0.875,
    log_evidence=(-10.0, -12.0),
    patients=(PatientGain("trojan-2009", 110.0, 205.0, 390.0, 100.0, WEIGHTS),),
)


def test_each_number_stands_with_its_interval() -> None:
    lines = series_lines(FOUND)
    assert "1 patient," in lines[0]
    assert lines[3].split() == ["in", "all", "0.50", "-10.0", "0.88"]
    assert lines[4].split() == ["in", "none", "0.50", "-12.0", "0.12"]
    assert lines[6].endswith(" 200 (107 to 376)")
    assert lines[7].endswith(" 0.40 (0.21 to 0.75)")
    assert lines[8].endswith(" 1000 (533 to 1878)")
    assert lines[10].split() == ["trojan-2009", "205", "(110", "to", "390)"]


def test_an_average_stands_with_its_rows_and_what_no_series_corrects_for() -> None:
    lines = series_lines(FOUND)
    course = 0.125 / 11.0 * 4.0
    stable = f"{0.875 + 3.0 / 4.0 * course:.2f}"
    assert lines[13].split() == ["trojan-2009", stable, f"{course:.2f}", f"{course:.2f}"]
    assert lines[-1].startswith("Published patients are a selection")
    assert not any("too few" in line for line in lines)


def test_a_patient_of_whom_few_draws_are_left_is_named() -> None:
    thin = replace(FOUND, patients=(replace(FOUND.patients[0], ess=99.9),))
    assert FOUND.thin == ()
    assert thin.thin == ("trojan-2009",)
    (line,) = (x for x in series_lines(thin) if "too few" in x)
    assert "trojan-2009" in line
    assert json.loads(series_json(thin, [quick_fit()], seed=5))["reweighting_passed"] is False


def test_the_file_says_whose_fits_were_joined_and_in_which_units() -> None:
    fit = quick_fit()
    written = json.loads(series_json(FOUND, [fit], seed=5))
    (patient,) = written["patients"]
    assert patient["record_sha256"] == fit.record.sha256
    assert patient["gain"] == {"unit": "/uL", "p05": 110.0, "p50": 205.0, "p95": 390.0}
    assert written["shared"]["recovery_mean"]["unit"] == "d"
    assert written["il2"]["probability"] == 0.875
    assert patient["hypotheses"] == WEIGHTS
    assert written["reweighting_passed"] is True
    assert "selection" in written["warning"]
    assert written["priors_sha256"] == fit.table.sha256
    assert written["seed"] == 5
