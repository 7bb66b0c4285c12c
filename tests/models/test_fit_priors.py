"""Priors of a fit: shipped tables, a user's file over them, and what is refused."""

from pathlib import Path

import pytest

from lymphocast.errors import RecordError
from lymphocast.models.prior_file import fit_priors
from lymphocast.models.prior_table import Family

HALF = "family: halfnormal, scale: 0.3, unit: '1', grade: assumed, rationale: Made for a test."
ROW = "location: 1, scale: 0.1, unit: '1', grade: assumed, rationale: Made for a test."
SHARE = ROW.replace("location: 1", "location: 0.6")
EDGE = ROW.replace("location: 1", "location: 0.001")
NARROW = ROW.replace("0.1", "-1")


def written(folder: Path, text: str) -> Path:
    path = folder / "prior.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_frees_fixes_and_adds(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        f"parameters:\n  sd: {{{HALF}}}\n  fraction: {{family: beta, {SHARE}}}\n"
        "constants:\n  lag: {value: 0.02, unit: d, grade: assumed, rationale: Test.}\n",
    )
    table = fit_priors(("il2",), path, ("sd", "fraction"))
    rows = {row.parameter: row for row in table.rows}
    assert set(rows) == {"absorption_rate", "clearance", "volume", "sd", "fraction"}
    assert table.constant("lag") == 0.02
    assert (rows["sd"].family, rows["sd"].location, rows["sd"].lower) == (
        Family.HALFNORMAL,
        0.0,
        0.0,
    )
    assert (rows["fraction"].lower, rows["fraction"].upper) == (0.0, 1.0)


def test_of_two_tables_the_first_to_name_a_parameter_counts() -> None:
    table = fit_priors(("mac", "cough"), None, ())
    assert [row.parameter for row in table.rows].count("initial_burden") == 1


@pytest.mark.parametrize(
    ("text", "found", "needed"),
    [
        (f"parameters:\n  claerance: {{family: normal, {ROW}}}\n", "'claerance'", "'clearance'?"),
        (
            f"parameters:\n  sd: {{family: beta, {ROW}}}\n",
            "location 1",
            "a mean between 0 and 1",
        ),
        (
            f"parameters:\n  sd: {{family: beta, {EDGE}}}\n",
            "scale 0.1",
            "an SD below",
        ),
        (
            f"parameters:\n  sd: {{family: halfnormal, {NARROW}}}\n",
            "scale -1",
            "above 0",
        ),
        (f"parameters:\n  sd: {{family: halfnormal, {ROW}}}\n", "location 1", "a location of 0"),
        (
            f"parameters:\n  sd: {{family: loguniform, lower: 0, upper: 1, {ROW}}}\n",
            "bounds 0 to 1",
            "a lower bound above 0",
        ),
        (
            f"parameters:\n  sd: {{family: uniform, {ROW}}}\n",
            "bounds -inf to inf",
            "two finite bounds",
        ),
    ],
)
def test_a_prior_that_cannot_be_is_refused(
    tmp_path: Path, text: str, found: str, needed: str
) -> None:
    with pytest.raises(RecordError) as error:
        fit_priors(("il2",), written(tmp_path, text), ("sd",))
    assert found in str(error.value)
    assert needed in str(error.value)
