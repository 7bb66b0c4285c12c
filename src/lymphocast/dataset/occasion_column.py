"""A column that numbers occasions, as one indicator for each occasion: 1 on it, 0 elsewhere."""

from collections.abc import Callable
from dataclasses import replace

from lymphocast.dataset.events import CovariateRule, EventTable
from lymphocast.errors import UsageError

MOST_OCCASIONS = 50  # more is a column of something else


def with_occasions(
    table: EventTable, column: str, indicator: Callable[[int], str]
) -> tuple[EventTable, int]:
    """Return the records with indicators in the column's place, and how many occasions there are.

    Parameters
    ----------
    table
        Records with the column among their covariates. A record without a value belongs to the
        occasion of the last one that has one, the first ones to the first occasion.
    column
        The column. Occasions are numbered from 1 in the order of their values.
    indicator
        The name of an occasion's indicator.

    Raises
    ------
    UsageError
        If there are too many occasions, or covariates are joined by straight lines.
    """
    place = table.covariates.index(column)
    if table.rule is CovariateRule.LINEAR:
        msg = f"individual '{table.id}': occasions beside covariates on straight lines; needed locf"
        raise UsageError(msg)
    stated = [record.covariates[place] for record in table.records]
    known = sorted({value for value in stated if value is not None})
    if len(known) > MOST_OCCASIONS:
        msg = (
            f"individual '{table.id}': {len(known)} occasions in column {column}; needed at most "
            f"{MOST_OCCASIONS}"
        )
        raise UsageError(msg)
    current = next(value for value in stated if value is not None)
    records = []
    for record, value in zip(table.records, stated, strict=True):
        current = current if value is None else value
        shown = tuple(float(current == own) for own in known)
        others = record.covariates[:place] + record.covariates[place + 1 :]
        records.append(replace(record, covariates=(*others, *shown)))
    names = tuple(name for name in table.covariates if name != column)
    indicators = tuple(indicator(k) for k in range(1, len(known) + 1))
    return replace(table, records=tuple(records), covariates=(*names, *indicators)), len(known)
