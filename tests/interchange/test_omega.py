"""Files of random effects: the forms in which the field writes OMEGA, and what is refused."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lymphocast.errors import RecordError, UsageError
from lymphocast.interchange.omega import read_omega
from lymphocast.models.random_effects import EffectTransform, RandomEffects

LOG_NORMAL, ADDITIVE, LOGIT = EffectTransform


def read(folder: Path, text: str | bytes, name: str = "omega.csv") -> RandomEffects:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_omega(path)


EXPECTED = RandomEffects(
    ("clearance", "volume", "lag"), ((0.09, 0.03, 0.0), (0.03, 0.04, 0.01), (0.0, 0.01, 0.2))
)


@pytest.mark.parametrize(
    "text",
    [
        "clearance,volume,lag\n0.09,0.03,0\n0.03,0.04,0.01\n0,0.01,0.2\n",
        "clearance,volume,lag\n0.09\n0.03,0.04\n0,0.01,0.2\n",
        "clearance,volume,lag\n0.09,,\n0.03,0.04,.\n0,0.01,0.2\n",
        '\ufeff"","clearance","volume","lag"\r\n"clearance",0.09,0.03,0\r\n\r\n'
        '"volume",0.03,4e-2,0.01\r\n"lag",0,0.01,0.2\r\n',
        ",clearance,volume,lag\nclearance,0.09\nvolume,0.03,0.04\nlag,0,0.01,0.2\n",
    ],
    ids=["full", "triangle", "triangle filled up", "full with row names", "triangle with names"],
)
def test_a_matrix_may_be_full_or_a_triangle_with_or_without_row_names(
    tmp_path: Path, text: str
) -> None:
    assert read(tmp_path, text) == EXPECTED


def test_yaml_and_json_say_the_same_and_may_transform(tmp_path: Path) -> None:
    yaml = (
        "variances:\n  clearance: 0.09\n  volume: 0.04\n  lag: 0.2\n"
        "covariances:\n  clearance: {volume: 0.03}\n  lag: {volume: 0.01}\n"
    )
    json = (
        '{"variances": {"a": 0.1, "b": 0.2, "c": 1}, "transforms": {"b": "logit", "c": "additive"}}'
    )
    assert read(tmp_path, yaml, "omega.yaml") == EXPECTED
    found = read(tmp_path, json, "omega.json")
    assert found.transforms == (LOG_NORMAL, LOGIT, ADDITIVE)
    assert found.covariance == ((0.1, 0.0, 0.0), (0.0, 0.2, 0.0), (0.0, 0.0, 1.0))


def test_one_effect_is_a_matrix(tmp_path: Path) -> None:
    assert read(tmp_path, "clearance\n0.09\n") == RandomEffects(("clearance",), ((0.09,),))


@pytest.mark.parametrize(
    ("text", "line", "found", "needed"),
    [
        ("", None, "an empty file", "covariance"),
        ("\n,", None, "a file of empty cells", "covariance"),
        ("0.09,0.03\n0.03,0.04\n", 1, "'0.09' in column 1", "parameter names"),
        ("a,,b\n1\n", 1, "'' in column 2", "parameter names"),
        ("a,a\n1\n0,1\n", 1, "two columns named a", "one"),
        ("a,b\n1\n", None, "1 lines of numbers below 2 names", "one for each"),
        ("a,b\n1\n0.1,1\n0,0\n", None, "3 lines", "one for each"),
        ("a,b,c\n1\n0.1,1\n0,1\n", 4, "2 numbers in the row of c", "3, as the lower triangle"),
        ("a,b\n1,0\n1\n", 3, "1 numbers in the row of b", "2, as the full matrix"),
        ("a,b\n1,0,0\n0,1\n", 2, "3 cells", "at most 2"),
        ("a,b\n1,x\n0,1\n", 2, "'x' in row a, column b", "finite"),
        ("a,b\n1\n,1\n", 3, "'' in row b, column a", "finite"),
        ("a,b\n1,nan\n0,1\n", 2, "'nan' in row a, column b", "finite"),
        ("a,b\n1,0.1\n0.2,1\n", 3, "0.2 in row b, column a", "0.1, as in row a"),
        ("a,b\n1\n2,1\n", 3, "2 in row b, column a", "at most 1"),
        ("a,b\n1\n0,-1\n", 3, "-1 in row b, column b", "0 or more"),
        ("a,b,c\n1\n0.9,1\n-0.9,0.9,1\n", 4, "correlations of c", "semidefinite"),
        (",a,b\na,1\nx,0,1\n", 3, "'x' before row 2", "'b'"),
        ('a,b\n"1\n', 2, "unexpected end", "comma-separated"),
        (b"a\n\xff\n", 2, "not UTF-8", "UTF-8"),
    ],
)
def test_a_wrong_csv_is_one_error_with_its_place(
    tmp_path: Path, text: str | bytes, line: int | None, found: str, needed: str
) -> None:
    with pytest.raises(RecordError) as raised:
        read(tmp_path, text)
    assert (raised.value.file, raised.value.line) == ("omega.csv", line)
    assert found in raised.value.found
    assert needed in raised.value.needed


HEAD = "variances:\n  a: 1\n  b: 4\n"


@pytest.mark.parametrize(
    ("text", "line", "found", "needed"),
    [
        ("variance: {a: 1}\n", 1, "the section 'variance'", "'variances'?"),
        ("transforms: {}\n", 1, "no variances", "by name"),
        ("variances: 3\n", 1, "variances without names", "by name"),
        ("variances: {a: [1]}\n", 1, "no number for the variance of a", "finite"),
        ("variances: {a: x}\n", 1, "'x' in the variance of a", "finite"),
        ("variances: {a: -1}\n", 1, "-1 for the variance of a", "0 or more"),
        (HEAD + "covariances:\n  a: {c: 1}\n", 5, "'c'", "one of a, b"),
        (HEAD + "covariances:\n  a: {a: 1}\n", 5, "a variance among the covariances", "once"),
        (HEAD + "covariances:\n  a: {b: 1}\n  b: {a: 1}\n", 6, "a second time", "once"),
        (HEAD + "covariances:\n  a: {b: 3}\n", 5, "3 in row b, column a", "at most 2"),
        (HEAD + "transforms: {a: normal}\n", 4, "transform 'normal' of a", "log-normal, additive"),
        (HEAD + "transforms: {c: logit}\n", 4, "'c'", "one of a, b"),
        ("a: &x 1\n", 1, "the anchor '&x'", "plain keys"),
        ("variances: {a: 1, a: 2}\n", 1, "'a' a second time", "once"),
    ],
)
def test_a_wrong_yaml_is_one_error_with_its_place(
    tmp_path: Path, text: str, line: int, found: str, needed: str
) -> None:
    with pytest.raises(RecordError) as raised:
        read(tmp_path, text, "omega.yaml")
    assert (raised.value.file, raised.value.line) == ("omega.yaml", line)
    assert found in raised.value.found
    assert needed in raised.value.needed


def test_another_suffix_a_missing_file_and_a_huge_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'\.txt'; needed one of \.csv"):
        read(tmp_path, "a\n1\n", "omega.txt")
    with pytest.raises(RecordError, match="no such file"):
        read_omega(tmp_path / "gone.csv")
    with pytest.raises(RecordError, match="over 1 MB"):
        read(tmp_path, "a\n" + "0" * 1_000_001)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cells=st.lists(
        st.lists(st.sampled_from(["a", "b", "", "1", "0.5", "-2", "x", "nan"]), max_size=4),
        max_size=5,
    ),
    suffix=st.sampled_from([".csv", ".yaml"]),
)
def test_no_text_raises_anything_but_a_record_error(
    tmp_path: Path, cells: list[list[str]], suffix: str
) -> None:
    with suppress(RecordError):
        read(tmp_path, "\n".join(",".join(row) for row in cells), f"omega{suffix}")
