"""A block of wood, gouged by hand and printed: tapered white cuts that follow the form, grain in what was left."""

from __future__ import annotations

import numpy as np

from glaze.decoys.styles.paint import (
    Picture,
    Rng,
    Sheet,
    Style,
    finish,
    forms,
    mix,
    noise,
    pick,
    ribbons,
    sample,
    scatter,
    smear,
    smoothstep,
    swirl,
    trace,
    unit,
)

# Paper, ink, and the tint of a second block.
PALETTES = (
    "#efe6d2 #16130f #efe6d2",
    "#f2ecdd #1b1a1f #d9a05b",
    "#ece2cc #1d2a3a #c9d3cf",
    "#f0e4cd #2a1712 #cf6a4a",
    "#e9e4d4 #14201b #a9b98c",
    "#efe9dc #101014 #dcd6c8",
)
STEPS = 8


def draw(rng: Rng, width: int, height: int) -> Picture:
    """Cuts as wide as the form is light there; each enters thin and ends blunt, as a gouge does."""
    u = unit(width, height)
    paper, black, tint = pick(rng, PALETTES)
    tone = forms(rng, width, height, 150 * u)
    angle = swirl(rng, width, height, 210 * u)
    block = Sheet(width, height, 0)
    starts = scatter(rng, width, height, 7.0 * u, 0.4)
    here = sample(tone, starts[:, 0], starts[:, 1])
    keep = rng.random(len(starts)) < (0.7 + 0.25 * here)
    starts, here = starts[keep], here[keep]
    length = (13 + 11 * here + rng.normal(0, 3, len(here))).clip(8, 40)
    paths = trace(angle, starts, STEPS, u)
    # One stride for the flow, then each path drawn out to the length of its own cut.
    paths = paths[:, :1] + (paths - paths[:, :1]) * (length / STEPS)[:, None, None]
    taper = np.sin(np.linspace(0.06, 0.86, STEPS + 1) * np.pi)
    wide = u * (1.6 + 2.0 * here) * rng.uniform(0.75, 1.25, len(here))
    for outline in ribbons(paths, wide[:, None] * taper):
        block.polygon(outline, 255)
    cut = block.read()
    grain = smear(rng.random((height, width), np.float32), noise(rng, width, height, 300 * u) * 0.5 - 0.25, 12 * u)
    grain = (grain - grain.mean()) / grain.std()
    worn = smoothstep(1.1, 2.4, grain + noise(rng, width, height, 40 * u)) * 0.6
    tinted = smoothstep(0.42, 0.46, forms(rng, width, height, 240 * u) + 0.03 * grain) * 0.9
    sheet = mix(np.broadcast_to(paper, (height, width, 3)), tint, tinted)
    sheet = sheet + 0.012 * grain[..., None]
    return finish(mix(sheet, black, ((1 - cut) * (1 - worn))))


STYLE = Style("woodcut", "a woodcut print, bold gouge marks, black ink, visible wood grain, relief print", draw)
