"""Random effects: their distribution, their transforms, draws that stay the same, refusals."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from lymphocast.errors import UsageError
from lymphocast.models.random_effects import (
    EffectTransform,
    RandomEffects,
    covariance_fault,
    factor,
    generator_of,
)
from tests.tolerances import CLOSED_FORM

LOG_NORMAL, ADDITIVE, LOGIT = EffectTransform
OMEGA = ((0.09, 0.03, 0.0), (0.03, 0.04, -0.02), (0.0, -0.02, 0.25))
EFFECTS = RandomEffects(("clearance", "volume", "shift"), OMEGA, (LOG_NORMAL, LOGIT, ADDITIVE))
TYPICAL = {"clearance": 100.0, "volume": 0.3, "shift": -2.0, "lag": 0.5}
NUMBER = 40_000
WIDE = 4.5  # standard errors: one of a thousand seeds would exceed it in one of nine numbers


def tuples(matrix: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(value) for value in row) for row in matrix)


def test_transformed_parameters_have_the_mean_and_covariance_of_omega() -> None:
    drawn = EFFECTS.draw(generator_of(1, 0), NUMBER)
    found = EFFECTS.individual(TYPICAL, drawn)
    volume = np.asarray(found["volume"])
    back = np.stack(
        [
            np.log(np.asarray(found["clearance"]) / 100.0),
            np.log(volume / (1.0 - volume)) - np.log(0.3 / 0.7),
            np.asarray(found["shift"]) + 2.0,
        ]
    )
    omega = np.asarray(OMEGA)
    variances = np.diag(omega)
    assert np.all(np.abs(back.mean(axis=1)) < WIDE * np.sqrt(variances / NUMBER))
    error = np.sqrt((np.outer(variances, variances) + omega**2) / NUMBER)  # of a Wishart matrix
    assert np.all(np.abs(np.cov(back) - omega) < WIDE * error)
    assert found["lag"] == 0.5


def test_draws_continue_their_own_sequence_and_no_other() -> None:
    generator = generator_of(7, 3)
    parts = [EFFECTS.draw(generator, n) for n in (1, 5, 2)]
    assert np.array_equal(np.concatenate(parts), EFFECTS.draw(generator_of(7, 3), 8))
    for other in (generator_of(7, 4), generator_of(8, 3)):
        assert not np.any(EFFECTS.draw(other, 8) == np.concatenate(parts))


def test_without_variance_an_individual_is_typical() -> None:
    none = RandomEffects(EFFECTS.parameters, ((0.0,) * 3,) * 3, EFFECTS.transforms)
    found = none.individual(TYPICAL, none.draw(generator_of(1, 0), 4))
    for name, value in TYPICAL.items():
        assert_allclose(found[name], np.full(4, value) if name != "lag" else value, rtol=1e-15)


def test_individuals_can_be_traced_and_differentiated() -> None:
    def clearance(eta: jax.Array) -> jax.Array:
        found: jax.Array = EFFECTS.individual(TYPICAL, eta)["clearance"]
        return found

    eta = np.array([0.3, 0.1, -0.2])
    slope = jax.jit(jax.grad(clearance))(eta)
    assert_allclose(slope, [100.0 * np.exp(0.3), 0.0, 0.0], rtol=CLOSED_FORM)


@given(
    columns=st.lists(st.lists(st.integers(-24, 24), min_size=4, max_size=4), min_size=1, max_size=4)
)
def test_any_semidefinite_matrix_has_its_factor(columns: list[list[int]]) -> None:
    """Also of lower rank: fewer columns than effects."""
    half = np.asarray(columns).T / 8.0
    matrix = half @ half.T
    matrix = 0.5 * (matrix + matrix.T)
    assert covariance_fault("abcd", tuples(matrix)) is None
    root = factor(matrix)
    assert np.all(np.triu(root, 1) == 0.0)
    scale = np.sqrt(np.outer(np.diag(matrix), np.diag(matrix)))
    # A pivot below 1e-9 of its variance is taken as 0: what it held, its root at most, is lost.
    assert np.all(np.abs(root @ root.T - matrix) <= 4e-5 * scale + 1e-300)


@given(values=st.lists(st.floats(-0.99, 0.99), min_size=6, max_size=6))
def test_a_matrix_is_refused_if_and_only_if_an_eigenvalue_is_negative(values: list[float]) -> None:
    matrix = np.eye(4)
    matrix[np.triu_indices(4, 1)] = values
    matrix = matrix + matrix.T - np.eye(4)
    smallest = float(np.linalg.eigvalsh(matrix)[0])
    if abs(smallest) > 1e-4:  # nearer to 0 than rounding is told apart from either
        assert (covariance_fault("abcd", tuples(matrix)) is not None) == (smallest < 0.0)


@pytest.mark.parametrize(
    ("matrix", "complaint"),
    [
        (((-0.1, 0.0), (0.0, 1.0)), "row a, column a: found -0.1; needed a variance of 0 or more"),
        (((1.0, 0.2), (0.3, 1.0)), "row b, column a: found 0.3; needed 0.2, as in row a, column b"),
        (((1.0, 3.0), (3.0, 4.0)), "row b, column a: found 3; needed at most 2 in size"),
        (((0.0, 0.1), (0.1, 4.0)), "row b, column a: found 0.1; needed at most 0 in size"),
        (((1.0, float("nan")), (0.0, 4.0)), "row a, column b: found nan; needed a finite number"),
        (((1.0,), (0.0, 4.0)), "as many rows, columns"),
    ],
)
def test_a_matrix_that_is_no_covariance_names_row_and_column(
    matrix: tuple[tuple[float, ...], ...], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        RandomEffects(("a", "b"), matrix)


def test_correlations_that_contradict_each_other_are_refused() -> None:
    matrix = ((1.0, 0.9, -0.9), (0.9, 1.0, 0.9), (-0.9, 0.9, 1.0))
    with pytest.raises(UsageError, match="correlations of c that no effects have"):
        RandomEffects(("a", "b", "c"), matrix)


def test_a_parameter_has_one_effect() -> None:
    with pytest.raises(UsageError, match="'a' has two"):
        RandomEffects(("a", "a"), ((1.0, 0.0), (0.0, 1.0)))


@pytest.mark.parametrize(
    ("typical", "complaint"),
    [
        ({**TYPICAL, "clearance": 0.0}, "'clearance' is log-normal, its typical value 0; needed a"),
        ({**TYPICAL, "volume": 1.0}, "'volume' is logit, its typical value 1; needed one between"),
        ({**TYPICAL, "shift": float("inf")}, "'shift' is additive, its typical value inf"),
        ({"clearance": 1.0}, "'volume': found no typical value"),
    ],
)
def test_a_typical_value_that_cannot_scatter_so_is_refused(
    typical: dict[str, float], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        EFFECTS.check_typical(typical)
    EFFECTS.check_typical(TYPICAL)
