"""The full trial's code, on a small random Stable Diffusion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from benchmarks.mimicry.artists import read, square
from benchmarks.mimicry.low_rank import LowRank, adapt
from benchmarks.mimicry.stable_diffusion import Model, Protocol, captions_of, draw, load_model, main, teach
from tests.small_models import put_stable_diffusion
from tests.small_shared import put_shared

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("places")
    return put_stable_diffusion(folder / "packs"), put_shared(folder / "shared")


def learned(places: tuple[Path, Path], protocol: Protocol) -> tuple[Model, dict[str, Tensor]]:
    model = load_model(places[0], CPU)
    before = {name: value.clone() for name, value in model.unet.state_dict().items()}
    paths = sorted((places[1] / "art" / "paintings").glob("claude-monet__*"))
    squares = [square(read(path), protocol.side) for path in paths]
    teach(model, squares, captions_of(paths, protocol.called), protocol)
    return model, before


def test_every_weight_of_the_unet_learns_and_the_seed_decides(places: tuple[Path, Path]) -> None:
    protocol = Protocol(side=64, steps=2, batch=2, rate=1e-3)
    (one, before), (other, _) = (learned(places, protocol) for _ in range(2))
    after = one.unet.state_dict()
    assert sum(not torch.equal(after[name], value) for name, value in before.items()) > 0.9 * len(before)
    assert all(torch.equal(value, other.unet.state_dict()[name]) for name, value in after.items())


def test_a_lora_changes_what_attention_does_and_no_weight_itself(places: tuple[Path, Path]) -> None:
    model, before = learned(places, Protocol(side=64, steps=2, batch=2, rate=1e-2, rank=2))
    after = model.unet.state_dict()
    for name, value in before.items():
        kept = name if name in after else name.replace(".weight", ".parametrizations.weight.original")
        assert torch.equal(after[kept], value), name
    product = next(module for module in model.unet.modules() if isinstance(module, LowRank))
    assert product.up.abs().max() > 0


def test_a_lora_is_nothing_before_it_learned_and_wants_attention() -> None:
    layer = nn.Linear(6, 4)
    weight = layer.weight.detach().clone()
    products = adapt(nn.ModuleDict({"to_q": layer}), 2)
    assert torch.equal(layer.weight, weight)
    assert sorted(tuple(product.shape) for product in products) == [(2, 6), (4, 2)]
    with pytest.raises(ValueError, match="no attention"):
        adapt(nn.Linear(3, 3), 2)


def test_samples_are_of_the_training_size_and_the_seed_decides(places: tuple[Path, Path]) -> None:
    model = load_model(places[0], CPU)
    protocol = Protocol(side=64, way=2, each=2)
    first, again = (draw(model, ["a boat", "a tree"], protocol) for _ in range(2))
    assert len(first) == 4
    assert {sample.size for sample in first} == {(64, 64)}
    assert [sample.tobytes() for sample in first] == [sample.tobytes() for sample in again]


def test_captions_come_from_the_file_beside_the_pictures(tmp_path: Path) -> None:
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    assert captions_of(paths, "sks") == ["a picture by sks"] * 2
    (tmp_path / "captions.json").write_text(json.dumps({"a.png": "a boat"}), encoding="utf-8")
    assert captions_of(paths, "sks") == ["a boat by sks", "a picture by sks"]


def test_the_command_writes_samples_and_a_verdict(places: tuple[Path, Path], tmp_path: Path) -> None:
    options = ["--model", str(places[0]), "--shared", str(places[1]), "--out", str(tmp_path)]
    few = ["--side", "64", "--steps", "1", "--each", "1", "--way", "1", "--artist", "claude-monet"]
    main([*options, *few, "--pictures", str(places[1] / "art" / "ink_lineart")])
    assert len(list((tmp_path / "samples").glob("*.png"))) == 10
    verdict = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert 0 <= verdict["named"] <= 1
    assert verdict["pictures"] == "ink_lineart"
    assert verdict["protocol"]["steps"] == 1
    with pytest.raises(ValueError, match="no pictures in"):
        main([*options, *few, "--pictures", str(tmp_path)])
