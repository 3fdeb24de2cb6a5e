"""The trial's pictures: protection over what the glaze did to latents, and sheets of samples."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.mimicry.cases import BASE, CLEAN
from benchmarks.mimicry.protection import FIGURES, Row, standings
from benchmarks.mimicry.washes import UNWASHED

MARGIN: Final = 130  # of a sheet, in pixels, for the names


def plot(rows: list[Row], path: Path) -> None:
    """Protection by each figure over move and over progress: a point a case and family, unwashed, with its interval."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    found = [one for one in standings(rows) if one.wash == UNWASHED and one.case not in {BASE, CLEAN}]
    figure, axes = plt.subplots(2, len(FIGURES), figsize=(13, 7), layout="constrained", sharey="col", squeeze=False)
    for row, moved in enumerate(("move", "progress")):
        for column, name in enumerate(FIGURES):
            area = axes[row][column]
            for one in found:
                known = one.protection[name]
                error = [[max(0.0, known.value - known.low)], [max(0.0, known.high - known.value)]]
                area.errorbar([one.means[moved]], [known.value], yerr=error, fmt="o", capsize=2)
                area.annotate(one.case, (one.means[moved], known.value), fontsize=7)
            together = np.array([(one.means[moved], one.protection[name].value) for one in found])
            if len(found) > 2 and np.ptp(together, axis=0).all():
                area.set_title(f"correlation {np.corrcoef(together.T)[0, 1]:.2f}", fontsize=9)
            area.set(xlabel=moved, ylabel=f"protection by {name}")
            area.axhline(0, color="grey", linewidth=0.5)
            area.axhline(1, color="grey", linewidth=0.5)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def sheet(rows: list[Row], family: str, artist: str, strips: Path, out: Path, seed: int = 0) -> bool:
    """The strips of one artist's cells under each other, those of one seed; False where there is none."""
    kept = []
    for row in rows:
        if (row["family"], row["artist"], row["seed"]) == (family, artist, seed):
            path = strips / f"{family}-{artist}-{row['case']}-{row['wash']}-{seed}.png"
            if path.exists():
                name = row["case"] if row["wash"] == UNWASHED else f"{row['case']},\n{row['wash']}"
                kept.append((f"{name}\nnamed {row['named']:.2f}", Image.open(path)))
    if not kept:
        return False
    width, height = kept[0][1].size
    page = Image.new("RGB", (MARGIN + width, height * len(kept)), "white")
    pen = ImageDraw.Draw(page)
    for number, (name, picture) in enumerate(kept):
        page.paste(picture, (MARGIN, number * height))
        pen.multiline_text((6, number * height + 6), name, fill="black", font_size=14)
    page.save(out, quality=90)
    return True
