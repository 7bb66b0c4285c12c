"""The account of an exchange: everything that does not come back is named."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from lymphocast.errors import ExchangeError, RecordError
from lymphocast.interchange.exchange import Dropped, lost, require_whole
from lymphocast.record.casefile import build_case, case_tree, find_case, read_case
from lymphocast.record.patient import PatientRecord

FOUNDING = read_case(find_case("trojan-2009"))


def changed(alter: Callable[[dict[str, Any]], object]) -> PatientRecord:
    """Return the founding record after a change of its tree."""
    tree = deepcopy(dict(case_tree(FOUNDING)))
    alter(tree)
    return build_case(tree, "changed")


def test_a_record_is_rebuilt_from_its_tree() -> None:
    assert build_case(case_tree(FOUNDING), "again") == FOUNDING


def test_nothing_is_lost_when_everything_comes_back() -> None:
    assert lost(FOUNDING, FOUNDING, "no place") == ()


def test_a_fact_that_does_not_come_back_is_named_by_its_identifier() -> None:
    missing = FOUNDING.claims[0].id
    back = changed(lambda tree: tree["claims"].pop(0))
    assert [d.where for d in lost(FOUNDING, back, "no place")] == [f"claims[{missing}]"]


def test_a_changed_value_is_told_from_a_missing_one() -> None:
    back = changed(lambda tree: tree["measurements"][0].update(value="173 /uL"))
    (found,) = lost(FOUNDING, back, "no place")
    assert found.where == f"measurements[{FOUNDING.measurements[0].id}].value"
    assert found.why == "no place; comes back changed"


def test_what_only_the_copy_states_is_no_loss() -> None:
    back = changed(lambda tree: tree["measurements"][0].pop("note", None))
    assert all(d.found != "None" for d in lost(back, FOUNDING, "no place"))


def test_strict_refuses_a_loss_and_says_the_first() -> None:
    require_whole((), "case.json")
    losses = (Dropped("title", "A case", "no place"), Dropped("claims[a]", "a", "no place"))
    with pytest.raises(ExchangeError, match=r"case\.json: found title: A case .* and 1 more"):
        require_whole(losses, "case.json")


def test_a_tree_that_is_no_case_is_refused_with_the_place_it_came_from() -> None:
    with pytest.raises(RecordError, match="from-elsewhere"):
        build_case({"id": "a", "colour": "red"}, "from-elsewhere")
