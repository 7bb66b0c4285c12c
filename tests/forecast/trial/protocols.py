"""Protocols that the tests of virtual trials change a little."""

from dataclasses import replace
from pathlib import Path

from lymphocast.forecast.trial.protocol import TrialProtocol
from lymphocast.forecast.trial.protocol_file import read_protocol
from tests.conftest import ROOT

EXAMPLE = ROOT / "docs" / "examples" / "trial.yaml"
STABLE = "stable: 1, recovery: 0, infection: 0"
FIXED = """\
title: everyone alike
population:
  weights: {il2: 0.5, stable: 1, recovery: 0, infection: 0}
  fixed: {count_sd: 0.16, baseline_count: 200, gain: 40, gain_half_life: 30}
arms:
  - {name: none, patients: 20}
  - {name: drug, patients: 20, stretches: [{dose: 1}]}
visits: {days: [180 d, 360 d]}
endpoints:
  - {name: ratio, kind: change, at: 360 d, scale: log}
analyses:
  - {endpoint: ratio, method: difference}
"""


def read(text: str, folder: Path, name: str = "trial.yaml") -> TrialProtocol:
    """Return the protocol of a text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_protocol(path)


def with_patients(protocol: TrialProtocol, number: int) -> TrialProtocol:
    """Return a protocol with as many patients in every arm."""
    arms = tuple(replace(arm, patients=number) for arm in protocol.arms)
    return replace(protocol, arms=arms)


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
