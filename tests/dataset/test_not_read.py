"""What a record holds and the course model does not read is named, with the reason."""

from dataclasses import replace

from lymphocast.dataset.not_read import NO_INFECTION, not_read
from lymphocast.dataset.project import project
from lymphocast.record.patient import PatientRecord
from tests.dataset.fittable import FITTABLE, STATED
from tests.record.cases import changed, founding, small

RICH = (
    changed(
        "cultures:\n",
        f"""\
  - {{id: share, analyte: CD4%, value: 12 %, at: 2019-12, {STATED}}}
  - {{id: cd8, analyte: CD8, value: 300 /uL, at: 2019-12, {STATED}}}
cultures:
  - {{id: spoilt, specimen: sputum, organism: MAC, result: contaminated, at: 2020-02, {STATED}}}
""",
        changed(
            "result: positive\n",
            "result: positive\n    smear: 2+\n    score: 3\n    mics: [{drug: clarithromycin, "
            "value: 2 mg/L}, {drug: amikacin, value: 16 mg/L}]\n",
            changed(
                "value: 150 /uL\n",
                "value: 150 /uL\n    context: {fever: true, time_of_day: '08:30'}\n",
                FITTABLE,
            ),
        ),
    )
    + f"""\
adverse_events:
  - {{id: rash, what: a rash, grade: 2, at: 2020-03, {STATED}}}
"""
)


def told(record: PatientRecord) -> dict[str, tuple[str, ...]]:
    return {row.what: row.facts for row in not_read(record, project(record))}


def test_a_record_whose_every_fact_is_read_has_no_list() -> None:
    assert not_read(small(FITTABLE), project(small(FITTABLE))) == ()


def test_every_fact_that_is_not_read_is_named_by_its_kind() -> None:
    assert told(small(RICH)) == {
        "fever, time of day at a CD4 count": ("cd4-first",),
        "CD4 of lymphocytes": ("share",),
        "CD8": ("cd8",),
        "contaminated cultures": ("spoilt",),
        "smears": ("culture",),
        "minimum inhibitory concentrations of amikacin": ("culture",),
        "adverse events": ("rash",),
    }


def test_the_founding_case_has_three_reports_of_symptoms_that_say_nothing() -> None:
    record = founding()
    rows = told(record)
    before = rows.pop("symptoms before treatment of the infection")
    assert before == ("symptoms-present", "symptoms-worsened")
    lifting = rows.pop("improvement on the day on which the infection may lift")
    assert lifting == ("symptoms-improving",)
    read = [s.id for s in project(record).symptoms]
    assert read == ["symptoms-on-macrolide", "symptoms-resolved", "asymptomatic-last"]
    assert rows.pop("missed doses of interleukin-2") == ("il2-missed",)
    assert rows.pop("findings in words") == tuple(f.id for f in record.findings)
    assert rows == {}  # no item of the work-up is stated


def test_what_the_individual_lacks_is_named_even_where_the_model_could_read_it() -> None:
    record = founding()
    without = replace(project(record), cultures=(), symptoms=())
    rows = {row.what: row for row in not_read(record, without)}
    assert rows["cultures"].facts == ("culture-negative",)
    assert rows["symptoms"].why == NO_INFECTION
    untested = replace(project(small(RICH)), susceptibilities=())
    lost = {row.what: row for row in not_read(small(RICH), untested)}
    assert lost["minimum inhibitory concentrations"].why == NO_INFECTION
