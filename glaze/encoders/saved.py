"""Loading what diffusers or transformers saved: from one folder alone, safetensors alone, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import torch

# What each calls its files, and what else it must be told: else diffusers needs the package accelerate.
_WAYS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "diffusers": ("diffusion_pytorch_model", {"torch_dtype": torch.float32, "low_cpu_mem_usage": False}),
    "transformers": ("model", {"dtype": torch.float32}),
}


class NoSafetensors(Exception):
    """The folder has no weights in that format."""


class NotWhole(Exception):
    """Something in the folder is missing, damaged, or of another network."""


def load_saved(library: str, class_name: str, folder: Path) -> Any:
    """The network of a class of `library` ("diffusers" or "transformers") in a folder: float32, frozen, whole.

    Raises NoSafetensors and NotWhole.
    """
    name, options = _WAYS[library]
    weights = [file.name for file in folder.glob(f"{name}*.safetensors*")]
    if not weights:
        raise NoSafetensors(folder)
    # Some download only the half-precision files; their numbers are taken into float32.
    variant = "fp16" if all(".fp16" in name for name in weights) else None
    with reading(folder), quiet(library):
        network, told = getattr(import_module(library), class_name).from_pretrained(
            folder,
            variant=variant,
            local_files_only=True,
            use_safetensors=True,
            output_loading_info=True,
            **options,
        )
    # Both libraries fill what is missing with random numbers, and leave away what they do not know. Files for
    # transformers have entries that it has stopped to use.
    if any(entries for key, entries in told.items() if library == "diffusers" or key != "unexpected_keys"):
        raise NotWhole(folder)
    return network.eval().requires_grad_(False)


def load_tokenizer(folder: Path) -> Any:
    """CLIP's tokenizer in a folder. Raises NotWhole."""
    from transformers import CLIPTokenizer

    with reading(folder):
        return CLIPTokenizer.from_pretrained(folder, local_files_only=True)


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Raises NotWhole in place of what the libraries raise over files that are missing, cut off, or something else."""
    try:
        yield
    # The one beneath the tokenizers raises nothing more particular.
    except Exception as error:
        # Whole, and too large for this computer.
        if isinstance(error, MemoryError) or "alloc" in str(error):
            raise
        raise NotWhole(folder) from error


@contextmanager
def quiet(*libraries: str) -> Iterator[None]:
    """Without the libraries' remarks and bars: on entries that they do not know, on networks made less precise."""
    usual = [_hush(library) for library in libraries]
    try:
        yield
    finally:
        for undo in usual:
            undo()


def _hush(library: str) -> Any:
    logging = import_module(f"{library}.utils.logging")
    verbosity, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()

    def undo() -> None:
        logging.set_verbosity(verbosity)
        if bar:
            logging.enable_progress_bar()

    return undo
