"""The load test in its small form: no job is lost or crossed. How long anybody waits is benchmarks/service.py's."""

from __future__ import annotations

from pathlib import Path

from benchmarks.service import run


def test_no_job_is_lost_or_crossed(tmp_path: Path) -> None:
    found = run(tmp_path, 6, 3.0, stand_in=True, finish=True)
    assert found["wrong"] == []
    assert found["jobs"]["handed in"] >= 6
    assert found["jobs"]["done"] == found["jobs"]["handed in"]
    assert (found["jobs"]["lost"], found["jobs"]["crossed"]) == (0, 0)
    assert found["waited"]["pages"]["requests"] >= 12
