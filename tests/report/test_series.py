"""What is printed and written of a series."""

import json

import numpy as np

from lymphocast.inference.series import PatientGain, SeriesPosterior
from lymphocast.inference.series_grid import SharedNumber
from lymphocast.report.series import series_json, series_lines
from tests.founding import quick_fit


def evenly(low: float, high: float) -> SharedNumber:
    return SharedNumber(np.geomspace(low, high, 101), np.full(101, 1.0 / 101.0))


FOUND = SeriesPosterior(
    effect=evenly(100.0, 400.0),
    spread=evenly(0.2, 0.8),
    recovery_mean=evenly(500.0, 2000.0),
    il2=0.875,
    log_evidence=(-10.0, -12.0),
    patients=(PatientGain("trojan-2009", 110.0, 205.0, 390.0, 1500.0),),
)


def test_each_number_stands_with_its_interval() -> None:
    lines = series_lines(FOUND)
    assert "1 patient," in lines[0]
    assert lines[1].endswith("probability 0.875")
    assert lines[3].endswith(" 200 (107 to 376)")
    assert lines[4].endswith(" 0.40 (0.21 to 0.75)")
    assert lines[5].endswith(" 1000 (533 to 1878)")
    assert lines[-1].split() == ["trojan-2009", "205", "(110", "to", "390)"]


def test_the_file_says_whose_fits_were_joined_and_in_which_units() -> None:
    fit = quick_fit()
    written = json.loads(series_json(FOUND, [fit], seed=5))
    (patient,) = written["patients"]
    assert patient["record_sha256"] == fit.record.sha256
    assert patient["gain"] == {"unit": "/uL", "p05": 110.0, "p50": 205.0, "p95": 390.0}
    assert written["shared"]["recovery_mean"]["unit"] == "d"
    assert written["il2"]["probability"] == 0.875
    assert written["priors_sha256"] == fit.table.sha256
    assert written["seed"] == 5
