"""Population files: YAML or JSON that says what individuals share.

::

    errors: [concentration=combined]
    limits: {concentration: 0.1}
    parameters:  # values are where the search begins
      clearance: {value: 66, variance: 0.1}
      volume: {value: 32, variance: 0.05, between: 0.02}
      absorption_rate: {value: 38}
      bioavailability: {value: 1, fixed: true}
      concentration.sd: {value: 0.5}
      concentration.cv: {value: 0.1}
    covariances:
      clearance: {volume: 0.01}
    covariates:
      - {parameter: clearance, column: WT, form: power, reference: 70, value: 0.75, fixed: true}
      - {parameter: volume, column: APGR, form: shift, below: 5, value: 0.1}
      - {parameter: volume, column: SEX, form: shift, equals: 1, value: 0.1}
    priors:  # of nuts, where others than the default ones are wanted
      clearance: {family: lognormal, location: 66, scale: 0.3}
      sd of clearance: {family: halfnormal, scale: 0.5}
      correlations: {family: lkj, scale: 2}

``variance`` is that of the effect, ``transform`` how it changes the parameter (``log-normal``,
``additive`` or ``logit``; log-normal where left out), ``between`` the variance between occasions;
``fixed: true`` keeps a value. A parameter without an effect is searched above 0, with
``negative: true`` on both sides of it. Formulas are those of :mod:`.design`; error models are
written as in :mod:`lymphocast.inference.endpoints`, priors as in :mod:`.shared_priors`.
"""

from pathlib import Path
from typing import final

from lymphocast.errors import RecordError
from lymphocast.inference.endpoints import parse_endpoint, with_limit
from lymphocast.inference.individual_density import Endpoint
from lymphocast.inference.population.design import (
    CovariateEffect,
    CovariateForm,
    PopulationDesign,
    Typical,
)
from lymphocast.inference.population.prior_section import read_prior_section
from lymphocast.models.random_effects import EffectTransform
from lymphocast.record.yamltree import Entry, Items, Node, Scalar, Table, finite_number, read_tree

SIZE_LIMIT = 1_000_000  # bytes
SECTIONS = ("errors", "limits", "parameters", "covariances", "covariates", "priors")
PARAMETER_KEYS = ("value", "variance", "transform", "between", "fixed", "negative")
COVARIATE_KEYS = (
    "parameter", "column", "form", "reference", "below", "equals", "value", "fixed",
)  # fmt: skip


def read_design(path: Path) -> PopulationDesign:
    """Return what a population file says.

    Raises
    ------
    RecordError
        At the first thing that is wrong: file, line, what stands there and what is needed.
    UsageError
        If names do not fit together, or an error model does not exist.
    """
    if path.stat().st_size > SIZE_LIMIT:
        raise RecordError(path.name, None, "a file over 1 MB", "a description of a population")
    text = path.read_text("utf-8-sig", errors="replace")
    return _Reader(path.name).design(read_tree(text, path.name))


@final
class _Reader:
    """Reads one file, and knows its name for messages."""

    def __init__(self, file: str) -> None:
        self.file = file

    def design(self, root: Node) -> PopulationDesign:
        """Return the design of a file's tree."""
        sections = self._mapping(root, 1, "a population", SECTIONS)
        if "parameters" not in sections:
            raise RecordError(self.file, 1, "no parameters", "a section 'parameters'")
        written = [parse_endpoint(text) for text in self._texts(sections.get("errors"))]
        endpoints = {w.endpoint.name: w.endpoint for w in written}
        self._limit(sections.get("limits"), endpoints)
        typical = [Typical(n, v, fixed=True) for w in written for n, v in w.fixed.items()]
        variances: dict[str, float] = {}
        between: list[tuple[str, float]] = []
        for entry in self._table(sections["parameters"]).entries:
            own = self._mapping(entry.value, entry.line, f"'{entry.key}'", PARAMETER_KEYS)
            typical.append(self._typical(entry, own))
            if "variance" in own:
                variances[entry.key] = self._number(own["variance"])
            if "between" in own:
                between.append((entry.key, self._number(own["between"])))
        covariance = self._covariance(sections.get("covariances"), variances)
        effects = self._covariates(sections.get("covariates"))
        priors = read_prior_section(self.file, sections.get("priors"))
        seen = tuple(endpoints.values())
        return PopulationDesign(tuple(typical), covariance, seen, effects, tuple(between), priors)

    def _typical(self, entry: Entry, own: dict[str, Entry]) -> Typical:
        if "value" not in own:
            raise RecordError(self.file, entry.line, f"'{entry.key}' without a value", "one")
        if "transform" in own and "variance" not in own:
            found = f"'{entry.key}' with a transform and no effect"
            raise RecordError(self.file, entry.line, found, "a variance")
        transform = None
        if "variance" in own:
            text = self._text(own["transform"]) if "transform" in own else "log-normal"
            if text not in set(EffectTransform):
                needed = f"one of {', '.join(EffectTransform)}"
                raise RecordError(self.file, own["transform"].line, f"transform '{text}'", needed)
            transform = EffectTransform(text)
        value, fixed = self._number(own["value"]), self._flag(own.get("fixed"))
        negative = self._flag(own.get("negative"))
        if not (fixed or negative or transform) and not value > 0.0:
            found = f"'{entry.key}' of {value:g}"
            raise RecordError(self.file, entry.line, found, "above 0, or 'negative: true'")
        return Typical(entry.key, value, fixed, transform, positive=not negative)

    def _covariance(
        self, section: Entry | None, variances: dict[str, float]
    ) -> tuple[tuple[float, ...], ...]:
        names = list(variances)
        matrix = [[variances[a] if a == b else 0.0 for b in names] for a in names]
        for row in self._table(section).entries if section else ():
            for cell in self._table(row).entries:
                for name in (row.key, cell.key):
                    if name not in variances:
                        found = f"a covariance of '{name}', which has no variance"
                        raise RecordError(self.file, cell.line, found, "a variance")
                i, j = names.index(row.key), names.index(cell.key)
                matrix[i][j] = matrix[j][i] = self._number(cell)
        return tuple(map(tuple, matrix))

    def _covariates(self, section: Entry | None) -> tuple[CovariateEffect, ...]:
        if section is None:
            return ()
        if not isinstance(section.value, Items):
            raise RecordError(self.file, section.line, "no list of covariates", "a list")
        return tuple(
            self._covariate(
                self._mapping(item, section.line, "a covariate", COVARIATE_KEYS), section.line
            )
            for item in section.value.items
        )

    def _covariate(self, own: dict[str, Entry], line: int) -> CovariateEffect:
        for key in ("parameter", "column", "form", "value"):
            if key not in own:
                raise RecordError(self.file, line, f"a covariate without '{key}'", f"'{key}'")
        form = self._text(own["form"])
        if form not in set(CovariateForm):
            needed = f"one of {', '.join(CovariateForm)}"
            raise RecordError(self.file, own["form"].line, f"form '{form}'", needed)
        wanted = ("below", "equals") if form == CovariateForm.SHIFT else ("reference",)
        given = [key for key in ("reference", "below", "equals") if key in own]
        if len(given) != 1 or given[0] not in wanted:
            found = f"a {form} with {' and '.join(given) or 'nothing'} to compare with"
            raise RecordError(self.file, own["form"].line, found, f"'{wanted[0]}'")
        return CovariateEffect(
            self._text(own["parameter"]),
            self._text(own["column"]),
            CovariateForm(form),
            self._number(own[given[0]]),
            self._number(own["value"]),
            fixed=self._flag(own.get("fixed")),
            below=given[0] == "below",
        )

    def _limit(self, section: Entry | None, endpoints: dict[str, Endpoint]) -> None:
        for entry in self._table(section).entries if section else ():
            if entry.key not in endpoints:
                found = f"a limit of '{entry.key}', which has no error model"
                needed = f"one of {', '.join(endpoints) or 'errors'}"
                raise RecordError(self.file, entry.line, found, needed)
            endpoints[entry.key] = with_limit(endpoints[entry.key], self._number(entry))

    def _mapping(
        self, node: Node, line: int, what: str, known: tuple[str, ...]
    ) -> dict[str, Entry]:
        if not isinstance(node, Table):
            raise RecordError(self.file, line, f"no mapping for {what}", ", ".join(known))
        for entry in node.entries:
            if entry.key not in known:
                needed = f"one of {', '.join(known)}"
                raise RecordError(self.file, entry.line, f"'{entry.key}' of {what}", needed)
        return {entry.key: entry for entry in node.entries}

    def _table(self, entry: Entry) -> Table:
        if not isinstance(entry.value, Table):
            raise RecordError(self.file, entry.line, f"no mapping for '{entry.key}'", "a mapping")
        return entry.value

    def _texts(self, entry: Entry | None) -> list[str]:
        if entry is None:
            return []
        if not isinstance(entry.value, Items):
            raise RecordError(self.file, entry.line, f"no list for '{entry.key}'", "a list")
        return [item.text for item in entry.value.items if isinstance(item, Scalar)]

    def _text(self, entry: Entry) -> str:
        if not isinstance(entry.value, Scalar) or entry.value.empty:
            raise RecordError(self.file, entry.line, f"nothing for '{entry.key}'", "a text")
        return entry.value.text

    def _number(self, entry: Entry) -> float:
        text = self._text(entry)
        value = finite_number(text)
        if value is None:
            raise RecordError(self.file, entry.line, f"{entry.key} '{text}'", "a finite number")
        return value

    def _flag(self, entry: Entry | None) -> bool:
        if entry is None:
            return False
        text = self._text(entry)
        if text not in {"true", "false"}:
            raise RecordError(self.file, entry.line, f"{entry.key} '{text}'", "true or false")
        return text == "true"
