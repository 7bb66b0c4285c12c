"""Read prior tables: the one shipped with a model, and a user's file that overrides rows."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from difflib import get_close_matches
from importlib.resources import files
from math import inf, isfinite
from pathlib import Path
from typing import Any

import yaml

from lymphocast.errors import RecordError
from lymphocast.models.prior_table import Constant, Family, Grade, Prior, PriorTable, Weights

MAX_BYTES = 1_000_000
ROW_KEYS = frozenset(
    {"family", "location", "scale", "lower", "upper", "unit", "grade", "doi", "rationale"}
)
CONSTANT_KEYS = frozenset({"value", "unit", "grade", "doi", "rationale"})
SECTIONS = frozenset({"parameters", "constants", "weights"})
WEIGHT_TOLERANCE = 1e-9


def model_priors(name: str) -> PriorTable:
    """Return the prior table shipped with a model."""
    text = files("lymphocast.models").joinpath("priors", f"{name}.yaml").read_text("utf-8")
    empty = PriorTable((), (), {}, "")
    return _merge(empty, _load(text, f"{name}.yaml"), f"{name}.yaml", text)


def read_priors(path: Path, base: PriorTable) -> PriorTable:
    """Return ``base`` with the rows that a user's file names replaced.

    Raises
    ------
    RecordError
        If the file is no prior table or names a parameter that the model does not have.
    """
    text = _read(path)
    return _merge(base, _load(text, path.name), path.name, text)


def fit_priors(names: Sequence[str], path: Path | None, allowed: Sequence[str]) -> PriorTable:
    """Return the priors and constants of a fit: shipped tables, then a user's file over them.

    Parameters
    ----------
    names
        Shipped tables, of which the first to name a parameter counts.
    path
        The user's file; a constant there fixes a parameter, a row frees one.
    allowed
        Parameters that the file may name.

    Raises
    ------
    RecordError
        If the file is no prior table or names a parameter that is not allowed.
    """
    tables = [model_priors(name) for name in names]
    rows = {r.parameter: r for table in reversed(tables) for r in table.rows}
    constants = {c.parameter: c for table in reversed(tables) for c in table.constants}
    shipped = _hashed(tuple(rows.values()), tuple(constants.values()), {})
    if path is None:
        return shipped
    text = _read(path)
    content = _load(text, path.name)
    given = _mapping(content, "parameters", path.name, text)
    fixed = _mapping(content, "constants", path.name, text)
    known = {*allowed, *rows, *constants}
    _known({**given, **fixed}, known, path.name, text, "parameter")
    # With every allowed name known, what the file says goes before what was shipped.
    for name in known:
        if name in given:
            constants.pop(name, None)
        elif name in fixed:
            rows.pop(name, None)
    base = _hashed(tuple(rows.values()), tuple(constants.values()), {})
    return _merge(base, content, path.name, text, check=False)


def with_rows(table: PriorTable, **changes: Mapping[str, float]) -> PriorTable:
    """Return a table with some numbers replaced: ``with_rows(t, gain={"location": 75})``."""
    rows = tuple(
        replace(row, **changes[row.parameter]) if row.parameter in changes else row  # type: ignore[arg-type]
        for row in table.rows
    )
    return _hashed(rows, table.constants, table.presets)


def _read(path: Path) -> str:
    if path.stat().st_size > MAX_BYTES:
        raise RecordError(path.name, None, "a file over 1 MB", "a table of prior rows")
    return path.read_text("utf-8", errors="replace")


def _load(text: str, name: str) -> dict[str, Any]:
    try:
        _refuse_aliases(text, name)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        raise RecordError(name, line, "text that is not YAML", "a table of prior rows") from error
    if not isinstance(content, dict) or not content:
        raise RecordError(name, 1, "no mapping", f"one of {', '.join(sorted(SECTIONS))}")
    _known(content, SECTIONS, name, text, "section")
    return content


def _refuse_aliases(text: str, name: str) -> None:
    """A few aliases of aliases can stand for more text than a computer holds."""
    for token in yaml.scan(text):
        if isinstance(token, yaml.AliasToken):
            line = token.start_mark.line + 1
            raise RecordError(name, line, f"alias '*{token.value}'", "each value written out")


def _merge(
    base: PriorTable, content: dict[str, Any], name: str, text: str, *, check: bool = True
) -> PriorTable:
    rows = {row.parameter: row for row in base.rows}
    constants = {c.parameter: c for c in base.constants}
    presets = dict(base.presets)
    new_rows = _mapping(content, "parameters", name, text)
    new_constants = _mapping(content, "constants", name, text)
    if base.rows and check:
        _known(new_rows, set(rows), name, text, "parameter")
        _known(new_constants, set(constants), name, text, "constant")
    for parameter, entry in new_rows.items():
        _known(entry, ROW_KEYS, name, text, f"key of {parameter}")
        rows[parameter] = _row(parameter, entry, rows.get(parameter), name, text)
    for parameter, entry in new_constants.items():
        _known(entry, CONSTANT_KEYS, name, text, f"key of {parameter}")
        constants[parameter] = _constant(parameter, entry, constants.get(parameter), name, text)
    for preset, entry in _mapping(content, "weights", name, text).items():
        presets[preset] = _weights(preset, entry, name, text)
    return _hashed(tuple(rows.values()), tuple(constants.values()), presets)


def _hashed(
    rows: tuple[Prior, ...], constants: tuple[Constant, ...], presets: Mapping[str, Weights]
) -> PriorTable:
    content = [
        [asdict(row) for row in rows],
        [asdict(constant) for constant in constants],
        {name: asdict(weights) for name, weights in presets.items()},
    ]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return PriorTable(rows, constants, presets, digest)


def _mapping(content: dict[str, Any], section: str, name: str, text: str) -> dict[str, Any]:
    value = content.get(section) or {}
    if not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
        line = _line(text, section)
        raise RecordError(name, line, f"'{section}' without rows", "a mapping of rows by name")
    return value


def _row(parameter: str, entry: dict[str, Any], old: Prior | None, name: str, text: str) -> Prior:
    line = _line(text, parameter)
    merged = {**({} if old is None else asdict(old)), **entry}
    merged.pop("parameter", None)
    try:
        row = Prior(
            parameter=parameter,
            family=Family(merged["family"]),
            **_shape(Family(merged["family"]), merged),
            unit=str(merged["unit"]),
            grade=Grade(merged["grade"]),
            doi=str(merged.get("doi", "")),
            rationale=str(merged["rationale"]).strip(),
        )
    except (KeyError, ValueError, TypeError) as error:
        found = f"prior '{parameter}' with {error}"
        raise RecordError(name, line, found, "family, location, unit, grade, rationale") from error
    _same_unit(row, old, name, line)
    _sane(row, name, line)
    return row


def _shape(family: Family, merged: Mapping[str, Any]) -> dict[str, float]:
    """Return a row's four numbers; a family that knows a number itself need not be given it."""
    lower, upper = float(merged.get("lower", -inf)), float(merged.get("upper", inf))
    halved = family is Family.HALFNORMAL
    if halved or family is Family.BETA:
        lower = max(lower, 0.0)
    known = 0.0 if halved else 0.5 * (lower + upper) if family.ranged else None
    return {
        "location": float(merged["location"] if known is None else merged.get("location", known)),
        "scale": float(merged.get("scale", 0.0)),
        "lower": lower,
        "upper": min(upper, 1.0) if family is Family.BETA else upper,
    }


def _same_unit(
    row: Prior | Constant, old: Prior | Constant | None, name: str, line: int | None
) -> None:
    """The equations take each number in one unit; another is refused, not converted."""
    if old is not None and row.unit != old.unit:
        found = f"'{row.parameter}' in '{row.unit}'"
        raise RecordError(name, line, found, f"the model's unit, '{old.unit}'")


def _sane(row: Prior, name: str, line: int | None) -> None:
    prior = f"prior '{row.parameter}' with"
    if not (isfinite(row.location) or row.family.ranged):
        raise RecordError(name, line, f"{prior} location {row.location:g}", "a finite location")
    spread = row.family in {Family.NORMAL, Family.LOGNORMAL, Family.HALFNORMAL, Family.BETA}
    if spread and not (isfinite(row.scale) and row.scale > 0.0):
        raise RecordError(name, line, f"{prior} scale {row.scale:g}", "a scale above 0")
    if row.family is Family.HALFNORMAL and row.location != 0.0:
        raise RecordError(name, line, f"{prior} location {row.location:g}", "a location of 0")
    if row.family is Family.BETA:
        _sane_beta(row, prior, name, line)
    positive = row.family.positive
    if positive and row.location <= 0.0:
        raise RecordError(name, line, f"{prior} location {row.location:g}", "a location above 0")
    _sane_bounds(row, positive, f"{prior} bounds {row.lower:g} to {row.upper:g}", name, line)


def _sane_beta(row: Prior, prior: str, name: str, line: int | None) -> None:
    if not 0.0 < row.location < 1.0:
        found = f"{prior} location {row.location:g}"
        raise RecordError(name, line, found, "a mean between 0 and 1")
    largest = (row.location * (1.0 - row.location)) ** 0.5
    if row.scale >= largest:
        found = f"{prior} scale {row.scale:g}"
        raise RecordError(name, line, found, f"an SD below {largest:.3g}, the largest at that mean")


def _sane_bounds(row: Prior, positive: bool, found: str, name: str, line: int | None) -> None:
    if not row.lower < row.upper:
        raise RecordError(name, line, found, "lower below upper")
    if positive and row.upper <= 0.0:
        raise RecordError(name, line, found, "an upper bound above 0")
    if row.family.ranged and not (isfinite(row.lower) and isfinite(row.upper)):
        raise RecordError(name, line, found, f"two finite bounds of a {row.family} prior")
    if row.family is Family.LOGUNIFORM and row.lower <= 0.0:
        raise RecordError(name, line, found, "a lower bound above 0")


def _constant(
    parameter: str, entry: dict[str, Any], old: Constant | None, name: str, text: str
) -> Constant:
    line = _line(text, parameter)
    merged = {**({} if old is None else asdict(old)), **entry}
    try:
        constant = Constant(
            parameter,
            float(merged["value"]),
            str(merged["unit"]),
            Grade(merged["grade"]),
            str(merged.get("doi", "")),
            str(merged["rationale"]).strip(),
        )
    except (KeyError, ValueError, TypeError) as error:
        found = f"constant '{parameter}' with {error}"
        raise RecordError(name, line, found, "value, unit, grade, rationale") from error
    if not isfinite(constant.value):
        found = f"constant '{parameter}' of {constant.value:g}"
        raise RecordError(name, line, found, "a finite value")
    _same_unit(constant, old, name, line)
    return constant


def _weights(preset: str, entry: dict[str, Any], name: str, text: str) -> Weights:
    line = _line(text, preset)
    try:
        weights = Weights(**{key: float(value) for key, value in entry.items()})
    except (TypeError, ValueError) as error:
        needed = "il2, stable, recovery, infection, clearance"
        raise RecordError(name, line, f"weights '{preset}' with {error}", needed) from error
    values = asdict(weights)
    if not all(0.0 <= value <= 1.0 for value in values.values()):
        raise RecordError(name, line, f"weights '{preset}' of {values}", "values from 0 to 1")
    total = weights.stable + weights.recovery + weights.infection
    if abs(total - 1.0) > WEIGHT_TOLERANCE:
        found = f"weights '{preset}' whose natural courses sum to {total:g}"
        raise RecordError(name, line, found, "a sum of 1")
    return weights


def _known(
    content: Mapping[str, Any], allowed: frozenset[str] | set[str], name: str, text: str, what: str
) -> None:
    for key in content:
        if key not in allowed:
            near = get_close_matches(str(key), sorted(allowed), 1)
            hint = f"'{near[0]}'?" if near else f"one of {', '.join(sorted(allowed))}"
            raise RecordError(name, _line(text, str(key)), f"unknown {what} '{key}'", hint)


def _line(text: str, key: str) -> int | None:
    """Line on which a key is first written, for messages."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip().startswith(f"{key}:"):
            return number
    return None


def table_to_json(table: PriorTable) -> str:
    """Return a prior table as JSON text, for a fit file."""
    return json.dumps(
        {
            "rows": [asdict(row) for row in table.rows],
            "constants": [asdict(constant) for constant in table.constants],
            "presets": {name: asdict(weights) for name, weights in table.presets.items()},
        }
    )


def table_from_json(text: str) -> PriorTable:
    """Return the prior table that :func:`table_to_json` wrote."""
    content = json.loads(text)
    rows = tuple(
        Prior(**{**row, "family": Family(row["family"]), "grade": Grade(row["grade"])})
        for row in content["rows"]
    )
    constants = tuple(
        Constant(**{**constant, "grade": Grade(constant["grade"])})
        for constant in content["constants"]
    )
    presets = {name: Weights(**weights) for name, weights in content["presets"].items()}
    return _hashed(rows, constants, presets)
