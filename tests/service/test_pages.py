"""The whole of it in a real browser: invited, joined on a phone, glazed, fetched, gone; and a second artist beside."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn

from glaze.service import accounts, look, sessions, studio
from glaze.service.app import create_app
from glaze.service.house import House
from glaze.service.worker import Worker
from tests.accessibility import violations
from tests.browser import PATIENCE, in_a_loop
from tests.service.lodge import PASSPHRASE, Lodge, free_port, wait_for
from tests.stand_in import StandIn, draw

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
    "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148 Safari/604.1",
}
FILE = "/studio/gradio_api/file="
JOIN = "/studio/gradio_api/queue/join"


@dataclass
class Served:
    """A house on a port of this computer, with a worker that stands in."""

    lodge: Lodge
    address: str

    @property
    def house(self) -> House:
        return self.lodge.house

    def cookie(self, member: accounts.Member) -> dict[str, Any]:
        secret = sessions.begin(self.house, member.id)
        return {"name": sessions.cookie_name(self.house), "value": secret, "url": self.address}

    def client(self, member: accounts.Member) -> httpx.Client:
        cookie = self.cookie(member)
        return httpx.Client(
            base_url=self.address,
            cookies={cookie["name"]: cookie["value"]},
            headers={"origin": self.address},
            timeout=60,
        )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    port, folder = free_port(), tmp_path_factory.mktemp("house")
    with Lodge.opened(folder / "data", server={"port": port}) as lodge:
        server = Server(lodge.house, port)
        stop = threading.Event()
        worker = Worker(lodge.house, "worker", StandIn(steps=3), [lambda: None], stop)
        threads = [threading.Thread(target=each) for each in (server.run, worker.run)]
        for thread in threads:
            thread.start()
        try:
            wait_for(lambda: server.started or not threads[0].is_alive(), 180.0)
            yield Served(lodge, f"http://127.0.0.1:{port}")
        finally:
            stop.set()
            server.stop()
            for thread in threads:
                thread.join()


class Server:
    """The service's server, built and run in a thread: Playwright has an event loop in this one."""

    def __init__(self, house: House, port: int) -> None:
        self._house, self._port = house, port
        self._server: uvicorn.Server | None = None

    @property
    def started(self) -> bool:
        return self._server is not None and self._server.started

    def run(self) -> None:
        app = in_a_loop(
            lambda: create_app(self._house, look.render, lambda app, house: studio.mount(app, house, ("en", "ja")))
        )
        self._server = uvicorn.Server(
            uvicorn.Config(app, "127.0.0.1", self._port, log_level="warning", timeout_graceful_shutdown=1)
        )
        self._server.run()

    def stop(self) -> None:
        if self._server is not None:
            self._server.should_exit = True


@pytest.fixture
def phone(browser: Browser, served: Served) -> Iterator[Page]:
    context = browser.new_context(**PHONE, base_url=served.address, locale="en-US")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    context.close()


def wide(browser: Browser, served: Served, member: accounts.Member) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=served.address)
    context.set_default_timeout(PATIENCE)
    context.add_cookies([served.cookie(member)])  # type: ignore[list-item]
    return context


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.browser
def test_invited_joined_glazed_fetched_and_gone(browser: Browser, served: Served, phone: Page, tmp_path: Path) -> None:
    house = served.house
    host = served.lodge.artist("Host")
    accounts.set_admin(house, host.id, admin=True)

    admin = wide(browser, served, host).new_page()
    admin.goto("/admin")
    admin.fill("#note", "for Aiko")
    admin.click("text=Make an invitation >> visible=true >> nth=-1")
    link = admin.input_value("#secret")
    admin.context.close()

    phone.goto(link)
    assert fits(phone)
    phone.fill("#name", "Aiko")
    phone.fill("#passphrase", PASSPHRASE)
    phone.check("#rules")
    phone.click("button.primary")
    phone.wait_for_url("**/pictures")

    picture = draw(tmp_path / "sea & sky.png", seed=5)
    phone.set_input_files("#picture", str(picture))
    phone.click("#send-button")
    phone.wait_for_selector("#news:has-text('Done: sea & sky.png')")
    assert fits(phone)
    with phone.expect_download() as waiting:
        phone.click("a:has-text('Download')")
    assert waiting.value.suggested_filename == "sea & sky-glazed.png"
    [result] = house.artists_folder.rglob("*-glazed.png")
    assert Path(waiting.value.path()).read_bytes() == result.read_bytes()
    job = phone.get_attribute("[data-job]", "data-job")

    eve = served.lodge.artist("Eve")
    with served.client(eve) as other:
        for path in (f"/jobs/{job}/result", f"/jobs/{job}/original", f"/pictures/{job}/small", f"{FILE}{result}"):
            assert other.get(path).status_code == 404, path
        assert "sea" not in other.get("/pictures").text

    phone.goto("/account")
    assert fits(phone)
    phone.fill("#delete-passphrase", PASSPHRASE)
    phone.click("button.alarm")
    phone.wait_for_selector(".said")
    assert [path for path in house.settings.storage.data.rglob("*.png") if path.parent.name != "common"] == []
    assert [member.name for member in accounts.all_of(house)] == ["Host", "Eve"]


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_people_out(browser: Browser, served: Served, scheme: Any) -> None:
    member = served.lodge.artist(f"Host {scheme}", language="ja" if scheme == "dark" else "en")
    accounts.set_admin(served.house, member.id, admin=True)
    # axe-core comes in as a script that the pages' own policy forbids.
    context = browser.new_context(**PHONE, base_url=served.address, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    for path in ("/sign-in", "/join?invitation=x", "/jobs/none/result"):
        page.goto(path)
        assert violations(page) == [], path
    context.add_cookies([served.cookie(member)])  # type: ignore[list-item]
    served.lodge.hand_in(member)
    for path in ("/pictures", "/account", "/admin"):
        page.goto(path)
        assert violations(page) == [], path
        assert fits(page), path
    page.goto("/account")
    page.fill("#token-name", "my site")
    page.click("text=Make a token" if scheme == "light" else "text=トークンを作る")
    page.wait_for_selector("#secret")
    assert violations(page) == []
    context.close()


@pytest.mark.browser
def test_a_connection_that_breaks_off_is_waited_for(served: Served, phone: Page, tmp_path: Path) -> None:
    phone.context.add_cookies([served.cookie(served.lodge.artist("Berta"))])  # type: ignore[list-item]
    phone.goto("/pictures")
    pieces: list[str] = []

    def break_off(route: Any) -> None:
        pieces.append(route.request.url)
        # The second piece never arrives, and of the third the answer is lost.
        if len(pieces) == 2:
            route.abort()
        elif len(pieces) == 3:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    phone.route("**/studio/upload/*?at=*", break_off)
    # Two pieces.
    phone.set_input_files("#picture", str(draw(tmp_path / "sea.png", 560, 480)))
    phone.click("#send-button")
    phone.wait_for_selector("#sent-told:has-text('No connection')")
    phone.wait_for_selector("[data-job]")
    assert not phone.is_visible("#send-trouble")
    assert phone.locator("[data-job]").count() == 1
    assert [piece.rpartition("=")[2] for piece in pieces] == ["0", "262144", "262144", "262144"]


@pytest.mark.browser
def test_a_phones_own_format_is_told_of_before_it_is_sent(served: Served, phone: Page, tmp_path: Path) -> None:
    phone.context.add_cookies([served.cookie(served.lodge.artist("Carla"))])  # type: ignore[list-item]
    phone.goto("/pictures")
    heic = tmp_path / "IMG_1.HEIC"
    heic.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100)
    phone.set_input_files("#picture", str(heic))
    phone.click("#send-button")
    phone.wait_for_selector("#send-trouble:has-text('HEIC')")


@pytest.mark.browser
def test_the_studio_glazes_through_the_services_queue(browser: Browser, served: Served, tmp_path: Path) -> None:
    dora, eve = served.lodge.artist("Dora", language="ja"), served.lodge.artist("Emil")
    page = wide(browser, served, dora).new_page()
    asked: list[tuple[str, str]] = []
    page.on("request", lambda request: asked.append((request.url, request.post_data or "")))
    page.goto("/studio/")
    page.wait_for_selector("body.ready")
    assert page.url.endswith("/studio/ja")
    page.set_input_files("#drop input[type=file]", str(draw(tmp_path / "sea.png", seed=9)))
    page.wait_for_selector("#picture img")
    page.click("#glaze")
    page.wait_for_selector("#download")
    with page.expect_download() as waiting:
        page.click("#download")
    assert waiting.value.suggested_filename == "sea-glazed.png"
    page.goto("/studio/ja-portfolio")
    page.wait_for_selector(".queue a")
    assert not page.is_visible("#folder")
    page.context.close()

    files = {url for url, _ in asked if FILE in url}
    tabs = {url.partition("session_hash=")[2] for url, _ in asked if "/queue/data" in url}
    joined = [json.loads(body) for url, body in asked if JOIN in url and '"path"' in body]
    assert files
    assert tabs
    assert joined
    with served.client(eve) as other:
        assert {other.get(url).status_code for url in files if "/common/" not in url} == {404}
        assert {other.post(JOIN, json=event).status_code for event in joined} == {404}
        heard = [f"/studio/gradio_api/queue/data?session_hash={tab}" for tab in tabs]
        assert {other.get(address).status_code for address in heard} == {404}
