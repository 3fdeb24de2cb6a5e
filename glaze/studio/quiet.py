"""Settings that gradio and the hub read from the environment, once, when they are imported."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

import psutil
from platformdirs import user_cache_path

SILENCE: Final = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "DO_NOT_TRACK": "1",
}
LOOPBACK: Final = ("127.0.0.1", "localhost")


def quiet(scratch: Path | None = None) -> Path:
    """Silence what would speak to the network, and give uploads a folder of ours. Returns that folder.

    It is `scratch`, left as it is, or one of this program's own, emptied. To be called before the first import of
    gradio, diffusers or huggingface_hub; calling it again changes nothing.
    """
    os.environ.update(SILENCE)
    for name in ("NO_PROXY", "no_proxy"):
        # Behind a proxy, gradio's own ping to its page would go out and fail.
        hosts = [host for host in os.environ.get(name, "").split(",") if host]
        os.environ[name] = ",".join([*hosts, *(host for host in LOOPBACK if host not in hosts)])
    folder = scratch or _temporary_folder()
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    return folder


def scratch_folder() -> Path:
    """Every studio that runs has a folder in this one; whatever else is in it is wiped when the next one starts."""
    return user_cache_path("glaze", appauthor=False) / "studio"


def _temporary_folder() -> Path:
    """<scratch folder>/<process>: private to the user, and free of what earlier runs left."""
    ours = os.environ.get("GRADIO_TEMP_DIR")
    if ours and Path(ours).name == str(os.getpid()) and Path(ours).is_dir():
        return Path(ours)
    parent = scratch_folder()
    try:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in parent.iterdir():
            # Another studio that runs keeps its own. A number that was given to a new process only delays the wiping.
            if not (left.name.isdigit() and int(left.name) != os.getpid() and psutil.pid_exists(int(left.name))):
                shutil.rmtree(left, ignore_errors=True)
        folder = parent / str(os.getpid())
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="glaze-")) / str(os.getpid())
        folder.mkdir()
    return folder
