"""Each picture drawn, glazed and shown; what came of it stands in gallery.json. What is done is not done again."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from glaze.decoys.styles.paint import Picture
from glaze.files import write_whole
from scripts.gallery.pictures import PICTURES, SIZE
from scripts.gallery.publish import publish

ROOT: Final = Path(__file__).resolve().parents[2]
OUT: Final = ROOT / "docs" / "gallery"
DRAWN: Final = ROOT / "runs" / "gallery"
FIGURES: Final = "gallery.json"

Entry = dict[str, Any]


def drawn(name: str, folder: Path, *, anew: bool = False) -> Path:
    """Where a picture lies, a PNG file in `folder`; it is drawn where it is not there yet, or is to be `anew`."""
    path = folder / f"{name}.png"
    if anew or not path.exists():
        content = io.BytesIO()
        Image.fromarray(PICTURES[name](*SIZE)).save(content, "png", optimize=True)
        write_whole(path, content.getvalue())
    return path


def read(out: Path) -> dict[str, Entry]:
    """What gallery.json tells: name -> what came of that picture. Empty where there is none."""
    path = out / FIGURES
    return {entry["name"]: entry for entry in json.loads(path.read_text(encoding="utf-8"))} if path.exists() else {}


def write(out: Path, entries: dict[str, Entry]) -> None:
    """Tell them all, in the order of the gallery."""
    rows = [entries[name] for name in PICTURES if name in entries]
    publish(out / FIGURES, (json.dumps(rows, indent=1) + "\n").encode())


def digest(picture: Picture) -> str:
    """By which a picture is known again, however its file is compressed."""
    return hashlib.sha256(picture.tobytes()).hexdigest()


def network_digest() -> str:
    """By which the bundled network is known again. Raises OSError."""
    from glaze import weights

    return hashlib.sha256(weights.bundled_path().read_bytes()).hexdigest()


def make(name: str, artwork: Path, out: Path, render: str) -> Entry | None:
    """Glaze a picture at the default intensity with the bundled network, and write what is shown of it to out/NAME.

    None where the same picture was glazed by the same network already, and all is there. Raises GlazeError, OSError.
    """
    from glaze import Engine, GlazeSettings, Redraw, Render, glaze
    from scripts.gallery.showing import KINDS, show

    with Image.open(artwork) as file:
        picture: Picture = np.asarray(file.convert("RGB"))
    made_of = {
        "artwork_sha256": digest(picture),
        "network_sha256": network_digest(),
        "render": render,
    }
    before = read(out).get(name, {})
    whole = all((out / name / f"{kind}.webp").exists() for kind in KINDS)
    if whole and all(before.get(key) == value for key, value in made_of.items()):
        return None
    settings = GlazeSettings(render=Render(render), engine=Engine.BUNDLED, redraw=Redraw.PATCHES, save_decoy=True)
    with tempfile.TemporaryDirectory() as folder:
        finished = glaze(artwork, settings, folder=Path(folder))
        shown = show(picture, finished, out / name)
    return {
        "name": name,
        **made_of,
        "size": [picture.shape[1], picture.shape[0]],
        "intensity": settings.intensity.value,
        "decoy_style": finished.decoy_style,
        "seconds": round(finished.seconds),
        "visibility": finished.visibility.as_dict(),
        **finished.report.as_dict(),
        "advice": [advice.key for advice in finished.advice],
        **shown,
    }
