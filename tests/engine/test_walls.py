"""The held path against exact piecewise-linear motion and against brute-force stepping."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from lymphocast.engine.walls import Walls, held_path, nodes_of

Floats = NDArray[np.float64]
LANES = 1
WALLS = Walls(
    low=np.full(LANES, -5.0), high=np.full(LANES, 7.0), scale=np.full(LANES, 6.0), delay=30.0
)


def path(
    rate: Callable[[Floats], Floats], mesh: Sequence[float] | Floats, start: float = 6.0
) -> tuple[Floats, Floats]:
    points = np.asarray(mesh, dtype=float)[:, None] + np.zeros(LANES)
    found = held_path(points, rate(np.asarray(nodes_of(points))), np.full(LANES, start), WALLS)
    return np.asarray(found.level)[:, 0], np.asarray(found.lagged)[:, 0]


def test_a_constant_fall_stops_at_the_floor() -> None:
    level, _ = path(lambda t: -0.1 + 0.0 * t, [0.0, 50.0, 110.0, 200.0])
    assert_allclose(level, [6.0, 1.0, -5.0, -5.0], atol=1e-12)


def test_a_constant_rise_stops_at_the_ceiling_and_severity_stays_full() -> None:
    level, lagged = path(lambda t: 0.1 + 0.0 * t, [0.0, 5.0, 10.0, 200.0])
    assert_allclose(level, [6.0, 6.5, 7.0, 7.0], atol=1e-12)
    assert_allclose(lagged, 1.0, atol=1e-12)


def test_severity_follows_a_steady_fall_as_the_first_order_lag_says() -> None:
    t = np.array([0.0, 20.0, 60.0])
    _, lagged = path(lambda u: -0.1 + 0.0 * u, t)
    slope = -0.1 / 6.0  # target falls linearly from 1 until burden reaches 0 at day 60
    expected = 1.0 + slope * (t - 30.0 * -np.expm1(-t / 30.0))
    assert_allclose(lagged, expected, atol=1e-9)


def test_after_the_burden_is_gone_severity_decays_alone() -> None:
    _, lagged = path(lambda t: -0.1 + 0.0 * t, [0.0, 60.0, 90.0, 150.0])
    assert_allclose(lagged[2:] / lagged[1], np.exp([-1.0, -3.0]), rtol=1e-9)


def test_severity_that_begins_elsewhere_goes_to_its_target() -> None:
    mesh = np.array([0.0, 30.0, 90.0])[:, None]
    still = np.zeros((2, 4, 1))
    found = held_path(mesh, still, np.full(LANES, 3.0), WALLS, np.full(LANES, 0.2))
    expected = 0.5 - 0.3 * np.exp([0.0, -1.0, -3.0])
    assert_allclose(np.asarray(found.lagged)[:, 0], expected, rtol=1e-9)


def test_a_rate_that_turns_at_a_wall_leaves_it_where_it_turns() -> None:
    def rate(t: Floats) -> Floats:
        return 0.002 * (t - 100.0)  # falls to the floor, turns up on day 100

    level, _ = path(rate, [0.0, 80.0, 130.0, 170.0], start=3.0)
    assert_allclose(level[1], -5.0, atol=1e-12)
    assert_allclose(level[2:], -5.0 + 0.001 * np.array([30.0, 70.0]) ** 2, atol=1e-9)


def test_a_wavy_rate_agrees_with_small_steps() -> None:
    def rate(t: Floats) -> Floats:
        return 0.12 * np.sin(t / 40.0) - 0.03

    mesh = np.arange(0.0, 601.0, 10.0)
    level, lagged = path(rate, mesh)
    b, s, h = 6.0, 1.0, 0.002
    for i in range(int(600 / h)):
        t = i * h
        middle = float(rate(np.array(t + 0.5 * h)))
        before = np.clip(b / 6.0, 0.0, 1.0)
        b = float(np.clip(b + h * middle, -5.0, 7.0))
        target = 0.5 * (before + np.clip(b / 6.0, 0.0, 1.0))
        s = target + (s - target) * np.exp(-h / 30.0)
    # The comparison steps of 0.002 d are right to about 1e-6 each way.
    assert_allclose(level[-1], b, atol=2e-5)
    assert_allclose(lagged[-1], s, atol=2e-5)


def test_repeated_mesh_points_change_nothing() -> None:
    def rate(t: Floats) -> Floats:
        return -0.05 + 0.0 * t

    once = path(rate, [0.0, 30.0, 60.0])
    twice = path(rate, [0.0, 0.0, 30.0, 30.0, 30.0, 60.0])
    assert_allclose(once[0][-1], twice[0][-1], atol=1e-13)
    assert_allclose(once[1][-1], twice[1][-1], atol=1e-13)
