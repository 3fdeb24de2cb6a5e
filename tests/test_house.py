"""The order of the house: which part may know which, and what no file may contain."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from glaze.studio.words import FALLBACK, LOCALE, blanks, languages, load

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "glaze"

# Arrows run one way, from a line to itself and the lines above it. A new module gets its place here.
LAYERS = (
    {"adam", "errors", "files", "filters", "jpeg", "last_run"},
    {"settings", "preferences", "machine", "artwork", "removals", "advice", "outcome", "packs"},
    {"memory", "network", "precision", "device", "visibility", "weights", "encoders", "genres"},
    {"allocation", "canvas", "fitting", "decoys", "cloak", "report", "pace", "registration", "fallback", "graphs"},
    {"glazing", "ledger", "preview", "inspection"},
    {"jobs", "portfolio", "download"},
    {"crew"},
    {"cluster"},
    {"studio"},
    {"service"},
    {"commands"},
    {"__main__"},
)
PAGES = {"gradio", "gradio_client", "fastapi", "starlette", "uvicorn"}
NETWORK = {
    "ftplib",
    "http",
    "httpx",
    "httpx2",
    "huggingface_hub",
    "requests",
    "smtplib",
    "socket",
    "ssl",
    "urllib",
    "urllib3",
}
OUTSIDE = {"app", "benchmarks", "scripts", "tests", "training"}


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def unit(module: str) -> str:
    """The part of the house that a module of glaze belongs to: "decoys" for glaze.decoys.styles.mosaic."""
    return module.split(".")[1] if "." in module else ""


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it, but for what only the type checker sees."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    unseen = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in unseen:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by dots; house style is whole names"
            # `from glaze import machine` imports a module, `from glaze.machine import check` a name in one.
            for alias in node.names:
                module = f"{node.module}.{alias.name}"
                file = ROOT / Path(*module.split("."))
                yield module if file.is_dir() or file.with_suffix(".py").exists() else str(node.module)


def tracked() -> list[Path]:
    """The files that git has or would take."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout")
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


class TestArrows:
    @pytest.mark.parametrize("path", sources(), ids=name_of)
    def test_they_run_one_way(self, path: Path) -> None:
        rank = {name: layer for layer, names in enumerate(LAYERS) for name in names}
        own = unit(name_of(path))
        if not own:
            pytest.skip("glaze itself only names what others may use")
        assert own in rank, f"{own} has no place in LAYERS yet"
        for module in imports(path):
            if module.split(".")[0] == "glaze" and unit(module):
                assert rank[unit(module)] <= rank[own], f"{path.name} must not know {module}"

    def test_they_form_no_circle(self) -> None:
        graph: dict[str, set[str]] = {}
        for path in sources():
            own = unit(name_of(path))
            known = {unit(module) for module in imports(path) if module.split(".")[0] == "glaze"}
            graph.setdefault(own, set()).update(known - {own, ""})
        graph.pop("", None)
        # Raises CycleError, which names the circle.
        assert list(TopologicalSorter(graph).static_order())

    @pytest.mark.parametrize("path", sources(), ids=name_of)
    def test_the_engine_knows_no_page_no_network_and_nothing_outside(self, path: Path) -> None:
        known = {module.split(".")[0] for module in imports(path)}
        assert not known & OUTSIDE
        own = unit(name_of(path))
        assert own in {"studio", "service"} or not known & PAGES
        assert own in {"studio", "download", "cluster", "service"} or not known & NETWORK

    @pytest.mark.parametrize("path", sorted((PACKAGE / "service").glob("*.py")), ids=name_of)
    def test_the_service_speaks_to_nobody_but_by_mail(self, path: Path) -> None:
        # It answers, through uvicorn. Taking an address apart and naming an answer opens no connection.
        harmless = {"http", "urllib.parse"}
        spoken = {module for module in imports(path) if module.split(".")[0] in NETWORK and module not in harmless}
        assert path.name == "mail.py" or not spoken

    def test_ray_is_named_in_one_file_alone(self) -> None:
        named = re.compile(r"""import_module\(["']ray["']\)|^\s*(import|from) ray\b""", re.MULTILINE)
        found = [path.relative_to(PACKAGE) for path in sources() if named.search(path.read_text(encoding="utf-8"))]
        assert found == [Path("cluster", "ray.py")]

    def test_importing_glaze_opens_no_page(self) -> None:
        code = "import sys, glaze; print(*sys.modules)"
        answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert not {"gradio", "huggingface_hub"} & set(answer.stdout.split())

    def test_the_command_line_answers_without_the_heavy_libraries(self) -> None:
        code = "import sys, glaze.__main__; print(*sys.modules)"
        answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert not {"gradio", "torch", "kornia"} & set(answer.stdout.split())


class TestFiles:
    def test_none_names_a_place_on_somebodys_machine(self) -> None:
        own = re.escape(str(ROOT))
        place = re.compile(rf"{own}\b|(?<![\w.:/])/(?:work|root|Users/\w+|home/\w+)/|[A-Z]:\\Users\\")
        for path in tracked():
            text = path.read_bytes()
            if b"\0" not in text:
                found = place.search(text.decode("utf-8"))
                assert not found, f"{path.relative_to(ROOT)} names {found.group()}"

    def test_none_is_larger_than_the_bundled_network_may_be(self) -> None:
        for path in tracked():
            assert path.stat().st_size <= 8_000_000, path.relative_to(ROOT)

    def test_none_can_run_code_when_loaded_as_weights(self) -> None:
        unsafe = {".bin", ".ckpt", ".joblib", ".npy", ".npz", ".pickle", ".pkl", ".pt", ".pth"}
        assert not [path for path in tracked() if path.suffix in unsafe]


class TestLocales:
    @pytest.mark.parametrize("language", languages())
    def test_each_has_the_keys_and_blanks_of_english(self, language: str) -> None:
        # As the file has it: what it lacks is said in English.
        english, other = load(FALLBACK).texts, json.loads((LOCALE / f"{language}.json").read_text(encoding="utf-8"))
        assert language == FALLBACK or other.keys() == english.keys()
        for key, text in other.items():
            assert blanks(text) == blanks(english[key]) is not None, key
            assert text.strip(), f"{key} is empty"

    @pytest.mark.parametrize("language", languages())
    def test_no_key_is_said_twice(self, language: str) -> None:
        def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
            assert len({key for key, _ in pairs}) == len(pairs), [key for key, _ in pairs]
            return dict(pairs)

        json.loads((LOCALE / f"{language}.json").read_text(encoding="utf-8"), object_pairs_hook=once)
