"""The shipped prior table is complete and sourced; a user's file overrides it or is refused."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from lymphocast.dataset.individual import HIGHEST_SCORE
from lymphocast.errors import RecordError
from lymphocast.inference.density import INFECTION_PARAMETERS
from lymphocast.inference.error_model import LEVELS
from lymphocast.models.course import COURSE, SWITCHES
from lymphocast.models.prior_file import (
    model_priors,
    read_priors,
    table_from_json,
    table_to_json,
    with_rows,
)
from lymphocast.models.prior_table import Constant, Family, Grade, Prior, PriorTable
from lymphocast.units import unit_named

DOI = re.compile(r"10\.\d{4,9}/[-._;()/:a-zA-Z0-9]*[a-zA-Z0-9]")
# Study days that the equations read, and the parameter or anchor from which each is made.
FROM_OTHERS = {
    "recovery_onset": "recovery_delay",
    "resistance_day": "resistance_time",
    "lift_day": "",  # an anchor
}
ONLY_IN_THE_LIKELIHOOD = {"count_sd"}
SENSITIVITY_ONLY = {"drift_sd", "drift_time"}


def shipped() -> PriorTable:
    return model_priors("course")


def numbered() -> tuple[Prior | Constant, ...]:
    return (*shipped().rows, *shipped().constants)


def overridden(folder: Path, text: str) -> PriorTable:
    path = folder / "prior.yaml"
    path.write_text(text, encoding="utf-8")
    return read_priors(path, shipped())


def test_every_parameter_has_one_row_or_is_a_constant_and_no_row_is_idle() -> None:
    rows = [r.parameter for r in shipped().rows]
    constants = [c.parameter for c in shipped().constants]
    assert len(set(rows + constants)) == len(rows) + len(constants)
    needed = {p.name for p in COURSE.parameters} - {s.name for s in SWITCHES}
    needed = {FROM_OTHERS.get(name, name) for name in needed} - {""}
    in_equations = {"burden_floor", "burden_headroom"}
    assert set(rows) == (needed - in_equations) | ONLY_IN_THE_LIKELIHOOD
    grades = {f"{key}_{kind}" for key, _ in LEVELS.values() for kind in ("threshold", "scale")}
    in_errors = {"culture_slope", "mic_error", "redistribution_sd"}
    scores = {f"score_{k}_threshold" for k in range(2, HIGHEST_SCORE + 1)}
    assert set(constants) == in_equations | in_errors | grades | scores | SENSITIVITY_ONLY
    assert set(rows) >= INFECTION_PARAMETERS


def test_units_are_those_of_the_model() -> None:
    declared = {p.name: p.unit for p in COURSE.parameters}
    for row in numbered():
        assert unit_named(row.unit)
        assert declared.get(row.parameter, row.unit) == row.unit


@pytest.mark.parametrize("row", numbered(), ids=lambda row: row.parameter)
def test_a_number_says_where_it_comes_from(row: Prior | Constant) -> None:
    assert row.rationale.endswith(".")
    assert not row.doi or DOI.fullmatch(row.doi), row.doi
    for mentioned in re.findall(r"doi:(\S+?)[).,]*(?:\s|$)", row.rationale):
        assert DOI.fullmatch(mentioned), mentioned
    if row.grade is not Grade.ASSUMED:
        assert row.doi or re.search(r"PMID \d+|PMC\d+", row.rationale), "graded, so sourced"


def test_presets_weigh_every_hypothesis() -> None:
    assert list(shipped().presets) == ["sceptical", "neutral", "enthusiastic"]
    for weights in shipped().presets.values():
        assert weights.stable + weights.recovery + weights.infection == pytest.approx(1.0)
        for share in (weights.il2, weights.stable, weights.recovery, weights.infection):
            assert 0.0 < share < 1.0


def test_a_file_overrides_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    found = overridden(
        tmp_path,
        "parameters:\n"
        "  gain: {location: 75, grade: assumed, rationale: Half the shipped median.}\n"
        "constants:\n"
        "  culture_slope: {value: 0.5}\n"
        "weights:\n"
        "  neutral: {il2: 0.4, stable: 0.5, recovery: 0.3, infection: 0.2, clearance: 0.1}\n",
    )
    base = shipped()
    gain = replace(
        base.row("gain"),
        location=75.0,
        grade=Grade.ASSUMED,
        rationale="Half the shipped median.",
    )
    assert found.rows == tuple(gain if r.parameter == "gain" else r for r in base.rows)
    assert found.constant("culture_slope") == 0.5
    assert [c.parameter for c in found.constants] == [c.parameter for c in base.constants]
    assert found.presets["neutral"].il2 == 0.4
    assert found.presets["sceptical"] == base.presets["sceptical"]
    assert found.sha256 != base.sha256


def test_a_family_can_be_changed(tmp_path: Path) -> None:
    found = overridden(
        tmp_path, "parameters:\n  growth: {family: uniform, lower: -0.02, upper: 0.02}\n"
    )
    assert found.row("growth").family is Family.UNIFORM
    assert found.row("growth").describe() == "uniform -0.02 to 0.02"


def test_the_hash_is_of_the_content(tmp_path: Path) -> None:
    assert shipped().sha256 == model_priors("course").sha256
    same = overridden(tmp_path, "# another text\nparameters: {gain: {location: 150.0}}\n")
    assert same == shipped()
    assert with_rows(shipped(), gain={"location": 150.0}) == shipped()
    hashes = {
        shipped().sha256,
        with_rows(shipped(), gain={"location": 151.0}).sha256,
        with_rows(shipped(), gain={"scale": 0.5}).sha256,
        overridden(tmp_path, "constants: {culture_slope: {value: 0.8}}").sha256,
        overridden(tmp_path, "constants: {culture_slope: {rationale: Other.}}").sha256,
        overridden(
            tmp_path,
            "weights:\n  mine: {il2: 1, stable: 1, recovery: 0, infection: 0, clearance: 0}\n",
        ).sha256,
    }
    assert len(hashes) == 6


def test_a_table_survives_json() -> None:
    table = with_rows(shipped(), gain={"location": 1.0 / 3.0})
    again = table_from_json(table_to_json(table))
    assert again == table
    assert hash(again) == hash(table)
    assert json.loads(table_to_json(table))["presets"].keys() == table.presets.keys()


GOOD_WEIGHTS = "stable: 0.6, recovery: 0.3, infection: 0.1, clearance: 0.2"


@pytest.mark.parametrize(
    ("text", "line", "found", "needed"),
    [
        ("", 1, "no mapping", "parameters"),
        ("- gain\n", 1, "no mapping", "parameters"),
        ("parameters: {gain: [1,\n", 2, "not YAML", "prior rows"),
        ("parameters:\n  gain: !!python/name:os.system\n", 2, "not YAML", "prior rows"),
        ("parameter:\n  gain: {location: 75}\n", 1, "section 'parameter'", "'parameters'?"),
        ("parameters: 3\n", 1, "'parameters' without rows", "a mapping of rows by name"),
        ("parameters:\n  gain: 75\n", 1, "'parameters' without rows", "a mapping of rows by name"),
        ("parameters:\n  gian: {location: 75}\n", 2, "parameter 'gian'", "'gain'?"),
        ("parameters:\n  xyz: {location: 75}\n", 2, "parameter 'xyz'", "one of baseline_count"),
        ("parameters:\n  gain:\n    locaton: 75\n", 3, "key of gain 'locaton'", "'location'?"),
        ("parameters:\n  gain: {family: cauchy}\n", 2, "'cauchy'", "family"),
        ("parameters:\n  gain: {grade: A}\n", 2, "'A'", "grade"),
        ("parameters:\n  gain: {location: much}\n", 2, "'much'", "location"),
        ("parameters:\n  gain: {location: }\n", 2, "prior 'gain'", "location"),
        ("parameters:\n  gain: {location: 0}\n", 2, "location 0", "a location above 0"),
        ("parameters:\n  growth: {location: .nan}\n", 2, "location nan", "a finite location"),
        ("parameters:\n  gain: {scale: 0}\n", 2, "scale 0", "a scale above 0"),
        ("parameters:\n  gain: {scale: .inf}\n", 2, "scale inf", "a scale above 0"),
        ("parameters:\n  gain: {lower: 9, upper: 8}\n", 2, "bounds 9 to 8", "lower below upper"),
        ("parameters:\n  gain: {lower: .nan}\n", 2, "bounds nan to inf", "lower below upper"),
        ("parameters:\n  gain: {upper: -1}\n", 2, "bounds -inf to -1", "above 0"),
        ("parameters:\n  gain: {family: uniform}\n", 2, "bounds -inf to inf", "two finite bounds"),
        ("parameters:\n  gain_half_life: {location: 0.5, unit: a}\n", 2, "in 'a'", "unit, 'd'"),
        ("constants:\n  culture_slop: {value: 1}\n", 2, "'culture_slop'", "'culture_slope'?"),
        ("constants:\n  culture_slope: {valeu: 1}\n", None, "'valeu'", "'value'?"),
        ("constants:\n  culture_slope: {value: x}\n", 2, "'x'", "value"),
        ("constants:\n  culture_slope: {value: .nan}\n", 2, "nan", "a finite value"),
        ("constants:\n  drift_time: {value: 1, unit: a}\n", 2, "in 'a'", "unit, 'd'"),
        (f"weights:\n  neutral: {{il2: 1.5, {GOOD_WEIGHTS}}}\n", 2, "1.5", "values from 0 to 1"),
        (f"weights:\n  neutral: {{il2: .nan, {GOOD_WEIGHTS}}}\n", 2, "nan", "values from 0 to 1"),
        ("weights:\n  neutral: {il2: 0.5}\n", 2, "weights 'neutral'", "il2, stable"),
        (f"weights:\n  neutral: {{il3: 0.5, {GOOD_WEIGHTS}}}\n", 2, "'il3'", "il2, stable"),
        (
            "weights:\n  neutral: {il2: 0.5, stable: 0.6, recovery: 0.3, infection: 0.2,"
            " clearance: 0.2}\n",
            2,
            "sum to 1.1",
            "a sum of 1",
        ),
        (
            "parameters:\n  gain: {rationale: &a [b, b]}\n  kill: {rationale: [*a, *a]}\n",
            3,
            "alias '*a'",
            "each value written out",
        ),
    ],
)
def test_a_bad_prior_file_is_one_clear_error(
    tmp_path: Path, text: str, line: int | None, found: str, needed: str
) -> None:
    with pytest.raises(RecordError) as raised:
        overridden(tmp_path, text)
    error = raised.value
    assert (error.file, error.line) == ("prior.yaml", line)
    assert found in error.found
    assert needed in error.needed


def test_a_prior_file_over_a_megabyte_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    with path.open("wb") as file:
        file.truncate(1_000_001)
    with pytest.raises(RecordError, match=r"big\.yaml: found a file over 1 MB"):
        read_priors(path, shipped())


def test_a_binary_file_is_no_prior_table(tmp_path: Path) -> None:
    path = tmp_path / "prior.yaml"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(RecordError, match=r"prior\.yaml"):
        read_priors(path, shipped())


def test_an_unknown_key_in_a_row_on_one_line_still_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="'location'"):
        overridden(tmp_path, "parameters:\n  gain: {loction: 75}\n")
