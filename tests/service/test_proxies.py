"""The proxies of the host's guide, with TLS: what the guide says is what runs here."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from glaze.service import accounts, invitations, queue, tokens
from tests.service.lodge import PASSPHRASE, Forms, free_port, wait_for
from tests.service.running import ROOT, Running
from tests.stand_in import draw

GUIDE = (ROOT / "docs" / "host.md").read_text(encoding="utf-8")
NAME = "glaze.example.org"

Proxy = Callable[[Path, int, int], AbstractContextManager[None]]


def example(language: str) -> str:
    """The example of the guide in that language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    return str(found)


def certificate(folder: Path) -> tuple[Path, Path]:
    key, own = folder / "key.pem", folder / "certificate.pem"
    made: list[str | Path] = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        key,
        "-out",
        own,
        "-days",
        "2",
    ]
    subprocess.run(
        [*made, "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"], check=True, capture_output=True
    )
    return key, own


@contextmanager
def nginx(folder: Path, service: int, port: int) -> Iterator[None]:
    key, own = certificate(folder)
    server = example("nginx").replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl").replace("7861", str(service))
    for ending, path in (("fullchain", own), ("privkey", key)):
        server = server.replace(f"/etc/letsencrypt/live/{NAME}/{ending}.pem", str(path))
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    user = "user root;\n" if folder.owner() == "root" else ""
    config.write_text(
        f"{user}daemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\n{temporary}{server}}}\n"
    )
    subprocess.run(["nginx", "-t", "-e", folder / "error.log", "-c", config], check=True, capture_output=True)
    with subprocess.Popen(["nginx", "-e", folder / "error.log", "-c", config]) as proxy:
        try:
            yield
        finally:
            proxy.terminate()


@contextmanager
def caddy(folder: Path, service: int, port: int) -> Iterator[None]:
    key, own = certificate(folder)
    site = example("caddyfile").replace("7861", str(service))
    # The certificate is one's own here, since nobody outside can be asked for one.
    site = site.replace(f"{NAME} {{", f"{NAME}:{port} {{\n\tbind 127.0.0.1\n\ttls {own} {key}", 1)
    config = folder / "Caddyfile"
    config.write_text("{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + site)
    named: list[str | Path] = ["--config", config, "--adapter", "caddyfile"]
    environment = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    subprocess.run(["caddy", "validate", *named], check=True, capture_output=True, env=environment)
    with (
        (folder / "caddy.log").open("wb") as log,
        subprocess.Popen(["caddy", "run", *named], env=environment, stderr=log) as proxy,
    ):
        try:
            yield
        finally:
            proxy.terminate()


def csrf_of(html: str) -> dict[str, str]:
    """What a page's form brings back."""
    return {"csrf": next(hidden["csrf"] for hidden in Forms(html).hidden.values() if "csrf" in hidden)}


class Here(httpx.HTTPTransport):
    """Leads the name to this computer, as DNS would."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1"),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": NAME},
        )
        return super().handle_request(asked)


def browser(port: int) -> httpx.Client:
    url = f"https://{NAME}:{port}"
    # A certificate of one's own is nobody's to check.
    return httpx.Client(base_url=url, headers={"origin": url}, transport=Here(verify=False), timeout=30)


def installed(proxy: Proxy, name: str) -> Any:
    missing = pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed")
    return pytest.param(proxy, marks=missing, id=name)


@pytest.mark.parametrize("proxy", [installed(nginx, "nginx"), installed(caddy, "caddy")])
def test_an_artist_comes_through_it(proxy: Proxy, tmp_path: Path) -> None:
    port = free_port()
    url = f"https://{NAME}:{port}"
    tables: dict[str, dict[str, Any]] = {"server": {"public_url": url}, "limits": {"address_failures": 3}}
    with (
        Running.at(tmp_path, tables) as running,
        proxy(tmp_path, int(running.url.rsplit(":", 1)[1]), port),
        ExitStack() as stack,
    ):
        artist, guesser = (stack.enter_context(browser(port)) for _ in range(2))

        def answers() -> bool:
            try:
                return artist.get("/sign-in").status_code == 200
            except httpx.TransportError:
                return False

        wait_for(answers)
        house = running.house()
        _, code = invitations.make(house)
        hidden = csrf_of(artist.get("/join").text)
        fields = {**hidden, "invitation": code, "name": "Ada", "passphrase": PASSPHRASE, "rules": "yes"}
        joined = artist.post("/join", data=fields)
        assert (joined.status_code, joined.headers["location"]) == (303, "/studio/")
        assert "__Host-glaze_session" in joined.headers["set-cookie"]
        assert artist.get("/account").status_code == 200

        (ada,) = accounts.all_of(house)
        _, secret = tokens.make(house, ada.id, "test")
        bearer = {"authorization": f"Bearer {secret}"}
        picture = {"picture": ("sea.png", draw(tmp_path / "sea.png").read_bytes())}
        job = artist.post("/api/v1/jobs", files=picture, headers=bearer).json()
        wait_for(lambda: queue.get(house, ada.id, job["id"]).state == "done")
        assert artist.get(f"/jobs/{job['id']}/result").content[:4] == b"\x89PNG"
        large = artist.post("/api/v1/jobs", files={"picture": ("x.png", b"x" * 45_000_000)}, headers=bearer)
        assert large.status_code == 413

        # Guesses with addresses made up by the client count as one address's.
        token = csrf_of(guesser.get("/sign-in").text)
        statuses = [
            guesser.post(
                "/sign-in",
                data={**token, "name": f"name {n}", "passphrase": "a guess"},
                headers={"x-forwarded-for": f"203.0.113.{n}"},
            ).status_code
            for n in range(5)
        ]
        assert statuses == [400] * 3 + [429] * 2
        house.close()
