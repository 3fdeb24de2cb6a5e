"""Which computers are turned away, and where they are sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from glaze.errors import MachineError
from glaze.machine import WEBGLAZE, Machine, check, describe, processor

FINE = Machine(processors=2, memory=8_000_000_000, bits=64, python=(3, 12), system="Linux")


def test_this_computer_is_described_and_fit() -> None:
    here = describe()
    assert here.processors >= 1
    assert here.memory > 100_000_000
    assert here.system
    check()
    assert processor().strip() == processor() != ""


@pytest.mark.parametrize(
    ("machine", "key"),
    [
        (replace(FINE, bits=32), "bits"),
        (replace(FINE, python=(3, 10)), "python"),
        (replace(FINE, memory=2_999_999_999), "memory"),
    ],
)
def test_others_are_told_why_and_where_to_go(machine: Machine, key: str) -> None:
    with pytest.raises(MachineError) as caught:
        check(machine)
    assert caught.value.key == key
    assert WEBGLAZE in str(caught.value)


@pytest.mark.parametrize("machine", [FINE, replace(FINE, memory=3_000_000_000), replace(FINE, python=(3, 11))])
def test_the_least_that_is_asked_for_is_enough(machine: Machine) -> None:
    check(machine)
