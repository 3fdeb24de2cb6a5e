"""The benchmark's own parts: the peers' loops do what their descriptions say, and the table says what the rows do."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from benchmarks.peers import PEERS, Task, glyphs
from benchmarks.standings import mean_races, races, summary, survival, table
from tests.doubles import LinearEncoder, SquaredLikeness, picture_of_everything

BOUNDS = {"shade": 10.2, "mist": 16.0, "photoguard": 7.65, "blur": 16.0}  # 8-bit levels; impress has none


def task(seed: int = 0) -> Task:
    picture = picture_of_everything()
    decoy = (picture + 0.2 * torch.sin(torch.arange(160) / 9.0)).clamp(0, 1)
    return Task(picture, decoy, (LinearEncoder(),), SquaredLikeness(), seed)


def distance(task: Task, picture: torch.Tensor, goal: torch.Tensor | None) -> float:
    encoder = task.members[0]
    seen = encoder.encode(picture)
    wanted = {f: torch.zeros_like(z) for f, z in seen.items()} if goal is None else encoder.encode(goal)
    return sum((seen[f] - wanted[f]).square().mean().item() for f in seen)


@pytest.mark.parametrize("name", list(PEERS))
def test_a_peer_gets_nearer_to_its_goal_within_its_bound_and_the_seed_decides(name: str) -> None:
    work, peer = task(), PEERS[name]
    found = peer.run(work, 8)
    assert found.shape == work.picture.shape
    assert found.min() >= 0
    assert found.max() <= 1
    if name in BOUNDS:
        assert (found - work.picture).abs().max() * 255 <= BOUNDS[name] + 1e-3
    goal = peer.goal(work)
    assert distance(work, found, goal) < 0.99 * distance(work, work.picture, goal)
    assert torch.equal(found, peer.run(task(), 8))


def test_impress_minds_lpips_and_little_else() -> None:
    work = task()
    change = (PEERS["impress"].run(work, 60) - work.picture).abs() * 255
    assert change.max() > 12


def test_the_glyphs_are_white_on_black_and_as_large_as_the_artwork() -> None:
    page = glyphs(task())
    assert page.shape == (1, 3, 128, 160)
    assert 0.02 < (page > 0.5).float().mean() < 0.5


def row(method: str, progress: float, picture: str = "one", seconds: float = 10.0) -> dict[str, Any]:
    cell = {"move": 0.3, "gain": 1.5, "progress": progress}
    left_out = {"none": cell | {"progress": progress / 2}, "jpeg75": cell | {"progress": progress / 2, "move": 0.15}}
    families = {f: {"none": cell, "jpeg75": cell} for f in ("sd1", "sdxl", "flux1")} | {"flux2": left_out}
    steps = {"noise": 0, "glaze": 60}.get(method, 100)
    return {"picture": picture, "method": method, "steps": steps, "seconds": seconds, "left_out": "flux2"} | {
        "families": families
    }


def test_a_row_is_summed_up_with_the_left_out_family_apart() -> None:
    figures = summary(row("glaze", 0.2))
    assert figures["known"] == pytest.approx(0.2)
    assert figures["left_out"] == pytest.approx(0.1)
    assert figures["progress"] == pytest.approx(0.175)
    assert figures["survival"] == pytest.approx((3 * 1 + 0.5) / 4)


def test_the_table_sets_ours_beside_the_best_peer_on_the_pictures_that_all_have_done() -> None:
    rows = [row("noise", 0.01), row("mist", 0.05), row("shade", 0.1), row("glaze", 0.3), row("glaze", 0.9, "two")]
    text = table(rows)
    assert "Means over 1 pictures." in text
    assert "| glaze | 3.00 | 3.00 | 3.00 |" in text
    assert "| one | shade | 0.088 | 0.262 (3.00) | 0.150 (3.00) |" in text


def test_what_survives_a_removal_is_told_for_each() -> None:
    assert survival(row("glaze", 0.2)) == {"jpeg75": pytest.approx((3 * 1 + 0.5) / 4)}


def test_a_race_takes_our_shortest_run_that_is_as_strong_and_the_peers_published_steps() -> None:
    ours = [row("glaze", p, seconds=s) | {"steps": n} for p, s, n in ((0.05, 2, 8), (0.12, 4, 16), (0.3, 20, 100))]
    (race,) = races([row("mist", 0.05), row("shade", 0.1, seconds=30), *ours])
    assert (race.method, race.peer, race.steps, race.seconds) == ("glaze", "shade", 16, 4)
    assert race.published == pytest.approx(30 / 100 * 500)
    assert races([row("shade", 0.1), ours[0]]) == []


def test_a_race_in_the_mean_takes_all_pictures_with_the_same_steps() -> None:
    peers = [row("shade", 0.2, seconds=30), row("shade", 0.1, "two", seconds=10), row("mist", 0.1)]
    long = [row("glaze", p, name, seconds=8) | {"steps": 16} for p, name in ((0.3, "one"), (0.1, "two"))]
    short = [row("glaze", 0.9, "one", seconds=4) | {"steps": 8}]
    (race,) = mean_races([*peers, *long, *short])
    assert (race.method, race.peer, race.steps, race.seconds) == ("glaze", "shade", 16, 8)
    assert race.published == pytest.approx(20 / 100 * 500)
    assert mean_races([*peers, *short]) == []
    assert mean_races(long) == []
