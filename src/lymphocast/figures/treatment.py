"""The treatment figure: what was given, what was measured, what the model makes of it.

One Vega-Lite specification serves the page, the report and the files. From top to bottom:
title and key, counts with the modelled course and its forecast, weekly dose of the study drug,
other drugs, symptoms and cultures, notes. All panels share one calendar. Whatever the record
had to derive or assume is drawn hollow or dashed; what it does not hold is said in a note.
"""

from typing import Any

import altair as alt

from lymphocast.figures.axes import configure
from lymphocast.figures.counts import CountScale, count_marks, count_panel, count_scale
from lymphocast.figures.curves import ModelCurves, select_curves
from lymphocast.figures.doses import dose_panel, stepped_drug
from lymphocast.figures.key import head_panel, key_entries, notes_panel
from lymphocast.figures.text import FONT
from lymphocast.figures.tracks import BAR_WORDS, track_panel, track_sections
from lymphocast.figures.window import figure_window
from lymphocast.figures.wording import missed_words, unread_notes
from lymphocast.forecast.foresight import Drawn
from lymphocast.record.patient import PatientRecord


def treatment_figure(record: PatientRecord, results: Drawn | None) -> dict[str, Any]:
    """Return the treatment figure as a Vega-Lite specification, 170 mm wide.

    Parameters
    ----------
    record
        What happened; every label comes from it.
    results
        What a run found, or ``None`` to draw the record alone.

    Raises
    ------
    UsageError
        If the record holds nothing that can be drawn.
    """
    window = figure_window(record, results)
    curves = select_curves(results, window)
    counts = count_marks(record)
    scale = count_scale(counts, curves)
    drug = stepped_drug(record)
    sections = track_sections(record, drug, window)
    panels = [head_panel(record.title, key_entries(counts, curves))]
    if counts or curves.factual:
        panels.append(count_panel(counts, curves, scale, window))
    if drug is not None:
        panels.append(dose_panel(record, drug, window))
    panels.append(track_panel(sections, window))
    panels.append(notes_panel(_notes(record, curves, scale, drug)))
    chart = alt.vconcat(*panels, spacing=12, bounds="flush").properties(
        padding={"left": 0, "right": 0, "top": 6, "bottom": 6},
        description=_description(record, results),
    )
    return dict(configure(chart, FONT).to_dict())


def _notes(
    record: PatientRecord, curves: ModelCurves, scale: CountScale, drug: str | None
) -> tuple[str, ...]:
    notes = [BAR_WORDS]
    if curves.factual:
        notes.append(
            "Modelled counts are before measurement error; in brackets, the posterior weight of an "
            "explanation. The forecast assumes no treatment."
        )
    if curves.without:
        notes.append(f"Dotted: 90 % band of the course {curves.without[0].label}.")
    if scale.cut:
        notes.append(f"Bands that reach above {scale.top:g} cells/µL are cut there.")
    notes += [f"{m.drug}: {missed_words(m)}." for m in record.missed_doses if m.drug != drug]
    return (*notes, *unread_notes(record))


def _description(record: PatientRecord, results: Drawn | None) -> str:
    counts = ", ".join(f"{c.text} ({c.tip.split(', ', 1)[1]})" for c in count_marks(record))
    model = "with the modelled course and forecast" if results else "record alone, no model"
    return f"{record.title}. CD4 counts in cells per microlitre: {counts}; {model}."
