"""Small random networks of the pack 'studio', saved as the real ones are and under the names that the pack has."""

from __future__ import annotations

import json
import socket
import string
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from safetensors.torch import load_file, save_file

from glaze.encoders.saved import quiet
from glaze.settings import Effort, Render

END: Final = "<|endoftext|>"
START: Final = "<|startoftext|>"


def put_stable_diffusion(packs: Path) -> Path:
    """A Stable Diffusion whose model was trained at 64 px, as it were. Returns its folder."""
    folder = packs / "stable-diffusion-v1-5"
    torch.manual_seed(0)
    with quiet("diffusers", "transformers"):
        from diffusers import AutoencoderKL, PNDMScheduler, UNet2DConditionModel
        from transformers import CLIPTextConfig, CLIPTextModel

        autoencoder = AutoencoderKL(
            block_out_channels=(8, 8, 8),
            down_block_types=("DownEncoderBlock2D",) * 3,
            up_block_types=("UpDecoderBlock2D",) * 3,
            norm_num_groups=4,
            layers_per_block=1,
        )
        autoencoder.save_pretrained(folder / "vae", variant="fp16")
        unet = UNet2DConditionModel(
            sample_size=16,
            block_out_channels=(16, 16),
            layers_per_block=1,
            norm_num_groups=4,
            cross_attention_dim=16,
            attention_head_dim=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        )
        unet.save_pretrained(folder / "unet", variant="fp16")
        words = _put_tokenizer(folder / "tokenizer")
        text = CLIPTextModel(CLIPTextConfig(**_text(words)))
        text.save_pretrained(folder / "text_encoder", variant="fp16")
        _as_published(folder / "text_encoder" / "model.fp16.safetensors")
        PNDMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1
        ).save_pretrained(folder / "scheduler")
    (folder / "model_index.json").write_text("{}", encoding="utf-8")
    return folder


def put_full(packs: Path, name: str = "sd-vae-ft-mse") -> Path:
    """A full autoencoder, of FLUX.2 where its name says so. Returns its folder."""
    torch.manual_seed(0)
    shape: dict[str, Any] = {"block_out_channels": (8,) * 4, "norm_num_groups": 4, "layers_per_block": 1}
    with quiet("diffusers"):
        from diffusers import AutoencoderKL, AutoencoderKLFlux2

        if name == "flux2-vae":
            network = AutoencoderKLFlux2(**shape, latent_channels=3)
        else:
            down, up = ("DownEncoderBlock2D",) * 4, ("UpDecoderBlock2D",) * 4
            network = AutoencoderKL(**shape, down_block_types=down, up_block_types=up)
        network.save_pretrained(packs / name)
    return packs / name


def put_clip(packs: Path) -> Path:
    """A CLIP that looks at 32 px. Returns its folder."""
    folder = packs / "clip-vit-large-patch14"
    torch.manual_seed(0)
    with quiet("transformers"):
        from transformers import CLIPConfig, CLIPModel, CLIPTokenizer
        from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

        words = _put_tokenizer(folder)
        vision = {
            "hidden_size": 16,
            "intermediate_size": 24,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 8,
            "projection_dim": 16,
        }
        model = CLIPModel(CLIPConfig(text_config=_text(words), vision_config=vision, projection_dim=16))
        # As random weights come they are so small that it would say the same of all pictures.
        for numbers in model.parameters():
            torch.nn.init.normal_(numbers, std=1.0)
        model.save_pretrained(folder)
        CLIPTokenizer.from_pretrained(folder).save_pretrained(folder)
        CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(folder)
    for name in ("vocab.json", "merges.txt", "special_tokens_map.json"):
        if not (folder / name).exists():
            _put_tokenizer(folder)
    return folder


def _text(words: dict[str, int]) -> dict[str, Any]:
    return {
        "vocab_size": len(words),
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": 77,
        "projection_dim": 16,
        "bos_token_id": words[START],
        "eos_token_id": words[END],
        "pad_token_id": words[END],
    }


def _put_tokenizer(folder: Path) -> dict[str, int]:
    """One that spells, in the four files that CLIP's has. Returns its vocabulary."""
    letters = string.ascii_lowercase + string.digits + ",-"
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), START, END]
    words = {token: number for number, token in enumerate(tokens)}
    special = {"bos_token": START, "eos_token": END, "pad_token": END, "unk_token": END}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(words), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    (folder / "special_tokens_map.json").write_text(json.dumps(special), encoding="utf-8")
    options = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "do_lower_case": True, **special}
    (folder / "tokenizer_config.json").write_text(json.dumps(options), encoding="utf-8")
    return words


def _as_published(weights: Path) -> None:
    """Under the names that the published file has, one entry more among them that nobody reads any longer."""
    numbers = {f"text_model.{name.removeprefix('text_model.')}": value for name, value in load_file(weights).items()}
    numbers["text_model.embeddings.position_ids"] = torch.arange(77)[None]
    save_file(numbers, weights, metadata={"format": "pt"})


def isolate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Packs and redrawn pictures of one test alone, short glazes, no connection. Returns the folder of the packs."""
    monkeypatch.setenv("GLAZE_PACKS", str(tmp_path / "packs"))
    monkeypatch.setenv("GLAZE_REDRAWN", str(tmp_path / "redrawn"))
    monkeypatch.setattr(Render, "effort", property(lambda _: Effort(steps=3, canvas=128)))

    def refuse(*_: object) -> None:
        raise AssertionError("models that are here open no connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tmp_path / "packs"
