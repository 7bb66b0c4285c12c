"""The structure is found from the equations, whoever wrote them and in whatever order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

import pytest
from benchmarks.founding.components import founding

from lymphocast.engine.structure import (
    Block,
    BlockKind,
    description,
    read_by,
    structure,
    structure_lines,
)
from lymphocast.errors import UsageError
from lymphocast.models.component import Dosing, Scalar, Values, Variable
from lymphocast.models.course import COURSE
from lymphocast.models.library import find_model
from lymphocast.models.maths import clip, held
from tests.engine.march_models import Exchange, Growth, Oral, Saturable, variables

Equations = Callable[[Scalar, Values], Values]


@final
@dataclass(frozen=True)
class Written:
    """A component whose rates are given as a function of time and states."""

    equations: Equations
    states: tuple[Variable, ...]
    name: str = "written"
    parameters: tuple[Variable, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[Variable, ...] = ()

    def initial(self, theta: Values) -> Values:
        return {s.name: 0.0 for s in self.states}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return self.equations(t, state)

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {}


def blocks(equations: Equations, *names: str) -> list[tuple[BlockKind, tuple[str, ...]]]:
    return [(b.kind, b.states) for b in structure(Written(equations, variables(*names)))]


def only(model: Oral | Exchange | Saturable) -> Block:
    (block,) = structure(model)
    return block


@pytest.mark.parametrize("feedback", [False, True])
def test_the_founding_problem_is_a_cascade_of_four_blocks(feedback: bool) -> None:
    found = structure(founding(feedback))
    assert [(b.kind, b.states) for b in found] == [
        (BlockKind.LINEAR, ("il2.depot", "il2.serum")),
        (BlockKind.LINEAR, ("clarithromycin.gut", "clarithromycin.serum")),
        (BlockKind.SMOOTH, ("cd4.resting", "cd4.dividing")),
        (BlockKind.LOGISTIC, ("burden.log",)),
    ]
    assert found[3].reads == ("clarithromycin.serum", "cd4.resting", "cd4.dividing")


def test_a_linear_chain_is_short_until_it_feeds_back_has_a_source_or_a_third_state() -> None:
    assert only(Oral()).short
    assert not only(Exchange()).short
    chain = Written(
        lambda t, y: {"a": -y["a"], "b": y["a"] - y["b"], "c": y["b"] - y["c"]},
        variables("a", "b", "c"),
    )
    (block,) = structure(chain)
    assert block.kind is BlockKind.LINEAR
    assert not block.short
    assert block.feeders("c") == ("b",)
    (source,) = structure(Written(lambda t, y: {"a": 1.0 - y["a"]}, variables("a")))
    assert source.constant
    assert not source.short


def test_the_order_of_the_states_does_not_matter() -> None:
    found = blocks(lambda t, y: {"b": y["a"] - y["b"], "a": -y["a"]}, "b", "a")
    assert found == [(BlockKind.LINEAR, ("a", "b"))]


def test_logistic_growth_is_found_in_both_forms() -> None:
    size, log = structure(Growth())
    assert (size.kind, size.logarithmic) == (BlockKind.LOGISTIC, False)
    assert (log.kind, log.logarithmic) == (BlockKind.LOGISTIC, True)


def test_a_linear_state_that_follows_a_smooth_one_is_solved_with_it_in_mind() -> None:
    found = blocks(
        lambda t, y: {"a": -y["a"] / (1.0 + y["a"]), "b": y["a"] - y["b"]},
        "a",
        "b",
    )
    assert found == [(BlockKind.SMOOTH, ("a",)), (BlockKind.SMOOTH, ("b",))]


def test_a_rate_that_changes_with_time_is_not_linear() -> None:
    assert blocks(lambda t, y: {"a": -t * y["a"]}, "a") == [(BlockKind.LOGISTIC, ("a",))]
    assert blocks(lambda t, y: {"a": 1.0 - t * y["a"]}, "a") == [(BlockKind.SMOOTH, ("a",))]


def test_a_state_that_cancels_does_not_make_a_rate_curved() -> None:
    found = blocks(lambda t, y: {"a": (y["a"] + 1.0) ** 2 - y["a"] ** 2}, "a")
    assert found == [(BlockKind.LINEAR, ("a",))]


def test_corners_are_named_in_the_reason() -> None:
    model = Written(lambda t, y: {"a": -clip(y["a"], 0.0, 1.0)}, variables("a"))
    (block,) = structure(model)
    assert block.kind is BlockKind.SMOOTH
    assert description(model, block)[0] == "the rate of a has corners"
    assert {b.kind for b in structure(COURSE)} == {BlockKind.LINEAR, BlockKind.SMOOTH}


def test_the_lines_say_kind_states_reason_and_stiffness() -> None:
    assert structure_lines(Saturable()) == (
        "1. smooth: amount",
        "   reads: no earlier state",
        "   reason: the rate of amount is not affine in amount",
        "   stiffness: stiff where |d(rate)/d(state)| of amount exceeds 15 /d over a whole piece",
    )
    assert "a coefficient of cd4.resting changes with il2.serum" in "\n".join(
        structure_lines(founding(False))
    )


def test_a_model_that_cannot_be_hashed_is_refused() -> None:
    @dataclass
    class Loose:
        name: str = "loose"

    with pytest.raises(UsageError, match="frozen dataclass"):
        structure(Loose())


def test_a_rate_that_reads_the_time_since_a_dose_is_not_constant() -> None:
    """Found on clarithromycin, whose Weibull absorption was called linear."""
    model = find_model("clarithromycin").model
    blocks = structure(model)
    gut = next(block for block in blocks if "clarithromycin.gut" in block.states)
    assert gut.kind is BlockKind.LOGISTIC
    assert "time_after_dose.gut" in description(model, gut)[0]


def test_only_blocks_that_what_is_wanted_reads_are_crossed() -> None:
    blocks = structure(find_model("mechanism").model)
    needed = {
        state for block in read_by(blocks, ("clarithromycin.parent",)) for state in block.states
    }
    assert needed == {"clarithromycin.gut", "clarithromycin.parent", "clarithromycin.inhibitor"}
    assert read_by(blocks, ("cough.severity", "clarithromycin.metabolite")) == blocks
    assert read_by(blocks, ()) == ()


def test_a_rate_that_jumps_where_another_state_passes_a_level_is_not_linear() -> None:
    # Its slope in that state is 0 wherever it has one; it was once solved as if it never jumped.
    def jumps(t: Scalar, state: Values) -> Values:
        return {"a": -state["a"], "b": held(-1.0, state["a"], 0.5, 2.0)}

    assert blocks(jumps, "a", "b") == [(BlockKind.LINEAR, ("a",)), (BlockKind.SMOOTH, ("b",))]
