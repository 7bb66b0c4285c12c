"""Treatment of mycobacterial lung disease against the guideline."""

from lymphocast.criteria.ntm import treatment_issues
from tests.record.cases import SMALL, changed, founding, founding_text, small

STATED = "provenance: [{source: trojan-2009-page, locator: abstract, method: stated}]"
ETHAMBUTOL = f"""\
  - id: ethambutol
    drug: ethambutol
    amount: 900 mg
    per: 1 d
    start: clarithromycin-start
    stop: clarithromycin-stop
    {STATED}
missed_doses:
"""


def rules(text: str) -> set[str]:
    return {issue.rule for issue in treatment_issues(small(text))}


def test_the_founding_case_was_treated_with_a_macrolide_alone_and_briefly() -> None:
    alone, short = treatment_issues(founding())
    assert alone.rule == "macrolide-monotherapy"
    assert "no proof" in alone.message
    assert "10.1093/cid/ciaa241" in alone.message
    assert short.rule == "treatment-shorter-than-guideline"
    # Early February to late October 2004: 10 Feb to 21 Oct is 254 d, 1 Feb to 31 Oct 273 d.
    assert "8.3 to 9.0 months" in short.message
    # 15 Oct to 21 Oct is 6 d, 1 Oct to 31 Oct 30 d.
    assert "0.2 to 1.0 months after" in short.message


def test_a_companion_drug_makes_it_more_than_a_macrolide_alone() -> None:
    text = changed("missed_doses:\n", ETHAMBUTOL, founding_text())
    assert rules(text) == {"fewer-than-three-drugs", "treatment-shorter-than-guideline"}


def test_a_quinolone_is_no_companion() -> None:
    text = changed("missed_doses:\n", ETHAMBUTOL, founding_text())
    assert "macrolide-monotherapy" in rules(text.replace("drug: ethambutol", "drug: moxifloxacin"))


def test_a_year_after_conversion_is_long_enough() -> None:
    text = changed("at: late 2004-10", "at: 2005-10", founding_text())
    text = changed("day: 2004-10-28", "day: 2005-10-28", text)
    assert rules(text) == {"macrolide-monotherapy"}


def test_without_a_mycobacterium_nothing_is_said() -> None:
    assert rules(changed("drug: interleukin-2", "drug: clarithromycin", SMALL)) == set()
