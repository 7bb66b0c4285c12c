"""The prior table as the report and the catalogue print it."""

from collections.abc import Mapping

from lymphocast.forecast.results import PriorLine
from lymphocast.models.component import Component
from lymphocast.models.prior_table import Constant, Prior, PriorTable

# Parameters of a fit that no component reads under their own name.
DERIVED_MEANINGS: Mapping[str, str] = {
    "recovery_delay": "days from the recovery clock to the onset of recovery, tau",
    "resistance_time": "days of antibiotic until resistance arises",
    "count_sd": "SD of ln(count) around the latent count, sigma",
}


def meanings(model: Component) -> dict[str, str]:
    """Return what each parameter means, in the words of the components."""
    return {**{p.name: p.meaning for p in model.parameters}, **DERIVED_MEANINGS}


def prior_lines(table: PriorTable, words: Mapping[str, str]) -> tuple[PriorLine, ...]:
    """Return rows and constants of a table; ``words`` are meanings by parameter."""
    rows = [_line(r, words, r.describe()) for r in table.rows]
    constants = [_line(c, words, f"fixed at {c.value:g}") for c in table.constants]
    return (*rows, *constants)


def _line(row: Prior | Constant, words: Mapping[str, str], distribution: str) -> PriorLine:
    return PriorLine(
        parameter=row.parameter,
        meaning=words.get(row.parameter, row.parameter.replace("_", " ")),
        unit=row.unit,
        distribution=distribution,
        grade=row.grade.value,
        doi=row.doi,
        rationale=row.rationale,
    )
