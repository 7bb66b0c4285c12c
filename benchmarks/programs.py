"""The programs that the benchmark runs, in a table: where each is, and what is asked of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

ROOT: Final = Path(__file__).parent.parent
OWN_ENVIRONMENT: Final = ROOT / ".venv-bench"
LOOSE: Final = (1e-5, 1e-3)
"""Largest error of count and log burden: what LSODA makes of a tolerance of 1e-6."""
TIGHT: Final = (1e-6, 1e-4)
"""The same for what keeps well within that tolerance."""


@final
@dataclass(frozen=True)
class Program:
    """One program, in one way to use it.

    Parameters
    ----------
    name
        What table and file call it.
    entry
        ``module:function`` that solves the founding problem.
    patients
        How many patients one call solves; answers are known for the first 100.
    limits
        Largest error of count and log burden that is still right.
    packages
        Packages whose versions belong to the result.
    repeats
        How often it is timed.
    environment
        Where its Python is; ``None`` for the Python that runs the benchmark.
    problems
        Problems besides the founding one, from ``OWN`` of the entry's module.
    """

    name: str
    entry: str
    patients: int
    limits: tuple[float, float]
    packages: tuple[str, ...]
    repeats: int = 3
    environment: Path | None = None
    problems: tuple[str, ...] = ()


LONG: Final = frozenset({"100000 patients", "no-U-turn"})
"""Problems of a minute or more, which are timed once."""

OURS: Final = Program(
    name="lymphocast",
    entry="benchmarks.ours:solve",
    patients=1000,
    limits=TIGHT,
    packages=("jax", "jaxlib", "numpy"),
    repeats=5,
    problems=(
        "course",
        "5000 events",
        "FHIR",
        "general",
        "schedules",
        "schedules from events",
        "gradient",
        "gradient alone",
        "100 patients",
        "10000 patients",
        "100000 patients",
        "mode",
        "no-U-turn",
        "theophylline",
        "regimens",
    ),
)

YARDSTICKS: Final = tuple(
    Program(
        name=f"numbalsoda {solver.upper()}",
        entry=f"benchmarks.peers.numbalsoda:{solver}",
        patients=100,
        limits=limits,
        packages=("numbalsoda", "numba", "llvmlite"),
        repeats=5,
        environment=OWN_ENVIRONMENT,
    )
    for solver, limits in (("lsoda", LOOSE), ("dop853", TIGHT))
)
"""Ours is timed in turns with these, and compared with the faster of them."""

# Programs that take long for a patient are given few; what one costs does not depend on it.
OTHERS: Final = (
    Program(
        "diffrax Tsit5, vmapped",
        "benchmarks.peers.diffrax:vmapped",
        patients=100,
        limits=(1e-5, 1e-4),
        packages=("diffrax", "jax", "jaxlib"),
    ),
    Program(
        "diffrax Dopri8, shared steps",
        "benchmarks.peers.diffrax:shared_steps",
        patients=100,
        limits=TIGHT,
        packages=("diffrax", "jax", "jaxlib"),
    ),
    Program(
        "SciPy odeint",
        "benchmarks.peers.scipy:with_odeint",
        patients=4,
        limits=LOOSE,
        packages=("scipy", "numpy"),
    ),
    Program(
        "SciPy solve_ivp LSODA",
        "benchmarks.peers.scipy:with_solve_ivp",
        patients=2,
        limits=LOOSE,
        packages=("scipy", "numpy"),
    ),
    Program(
        "libroadrunner CVODE",
        "benchmarks.peers.roadrunner:solve",
        patients=20,
        limits=(1e-4, 1e-3),
        packages=("libroadrunner", "python-libsbml"),
    ),
)

PROGRAMS: Final = {p.name: p for p in (OURS, *YARDSTICKS, *OTHERS)}
