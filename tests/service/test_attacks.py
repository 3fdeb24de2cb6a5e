"""What people try at a door like this one, each tried: none gets through.

The pages are asked as a browser asks them, signed in or not, and what comes back is looked at.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from glaze.errors import ServiceError
from glaze.service import accounts, guard, invitations, queue, sessions, tokens
from glaze.service.pages import STUDIO
from glaze.service.rates import Rates
from tests.service.lodge import PASSPHRASE, URL, Lodge, csrf, studio

JOBS = f"{guard.API}/jobs"
EVIL = "https://evil.example"
NOWHERE = "f" * 32
DOCTORED = {
    "..%2f..%2fkey",
    "%2e%2e%2fkey",
    "../../key",
    "....//key",
    "key%00.png",
    "0" * 31,
    "A" * 32,
    "1 OR 1=1",
    "*",
}


def sent(browser: TestClient, page: str, action: str, **fields: str) -> Any:
    return browser.post(action, data={"csrf": csrf(browser, page), **fields})


# --- requests that another site makes a browser send


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": EVIL},
        {"origin": "null"},
        {"origin": f"{URL}.evil.example"},
        {"origin": "http://127.0.0.1:7862"},
        {"origin": "", "referer": f"{EVIL}/?{URL}"},
        {"origin": "", "sec-fetch-site": "cross-site"},
        {"origin": URL, "sec-fetch-site": "same-site"},
        {"origin": ""},
    ],
    ids=str,
)
def test_a_form_of_another_site_changes_nothing(headers: dict[str, str], lodge: Lodge) -> None:
    ada = lodge.artist()
    browser = lodge.browser(ada)
    token = csrf(browser, "/account")
    del browser.headers["origin"]
    answer = browser.post(
        "/account/delete",
        data={"csrf": token, "passphrase": PASSPHRASE},
        headers={name: value for name, value in headers.items() if value},
    )
    assert answer.status_code == 403
    assert accounts.all_of(lodge.house) == [ada]


@pytest.mark.parametrize("action", ["/account/delete", "/account/passphrase", "/account/tokens", "/sign-out"])
def test_a_form_without_its_token_changes_nothing(action: str, lodge: Lodge) -> None:
    ada, bea = lodge.artist("Ada"), lodge.artist("Bea")
    browser, others = lodge.browser(ada), csrf(lodge.browser(bea), "/account")
    fields = {"passphrase": PASSPHRASE, "old": PASSPHRASE, "new": "four other good words", "name": "token"}
    for wrong in ({}, {"csrf": ""}, {"csrf": others}, {"csrf": "0" * 64}, {"csrf": "\u00e9"}):
        assert browser.post(action, data={**fields, **wrong}).status_code == 403
    assert len(accounts.all_of(lodge.house)) == 2
    assert sessions.artist_by(lodge.house, browser.cookies["glaze_session"]) == ada
    assert tokens.all_of(lodge.house, ada.id) == []
    assert accounts.sign_in(lodge.house, name="Ada", passphrase=PASSPHRASE) == ada


def test_nobody_is_signed_in_as_the_attacker_by_a_form_of_his(lodge: Lodge) -> None:
    lodge.artist("Mallory")
    victim, attacker = lodge.browser(), lodge.browser()
    token = csrf(attacker, "/sign-in")
    csrf(victim, "/sign-in")
    answer = victim.post("/sign-in", data={"csrf": token, "name": "Mallory", "passphrase": PASSPHRASE})
    assert answer.status_code == 403
    assert "glaze_session" not in victim.cookies


def test_no_change_is_made_by_a_link(lodge: Lodge) -> None:
    ada = lodge.artist()
    browser = lodge.browser(ada)
    job = lodge.row(ada)
    for path in ("/sign-out", "/account/delete", f"/jobs/{job.id}/delete", "/account/tokens", "/admin/invitations"):
        assert browser.get(path).status_code in {404, 405}
    assert queue.get(lodge.house, ada.id, job.id)


def test_a_socket_is_not_opened_for_another_site(lodge: Lodge) -> None:
    opened = []

    def mount(app: FastAPI, _house: object) -> None:
        @app.websocket(f"{STUDIO}/ws")
        async def socket(ws: WebSocket) -> None:
            opened.append(ws)
            await ws.accept()
            await ws.close()

    browser, address = lodge.browser(lodge.artist(), lodge.app(mount)), f"ws://127.0.0.1:7861{STUDIO}/ws"
    with pytest.raises(WebSocketDisconnect), browser.websocket_connect(address, headers={"origin": EVIL}):
        pass
    assert opened == []
    with browser.websocket_connect(address):
        pass
    assert len(opened) == 1


# --- sessions


def test_a_session_that_was_planted_before_is_worth_nothing_after(lodge: Lodge) -> None:
    lodge.artist("Ada")
    browser = lodge.browser()
    browser.cookies.set("glaze_session", "planted-by-somebody")
    assert sent(browser, "/sign-in", "/sign-in", name="Ada", passphrase=PASSPHRASE).status_code == 303
    planted = lodge.browser()
    planted.cookies.set("glaze_session", "planted-by-somebody")
    assert planted.get("/account").headers["location"].startswith("/sign-in")
    assert lodge.browser().cookies.get("glaze_session") is None


def test_signing_in_ends_the_session_that_the_browser_had(lodge: Lodge) -> None:
    mallory = lodge.artist("Mallory")
    lodge.artist("Ada")
    browser = lodge.browser()
    secret = sessions.begin(lodge.house, mallory.id)
    browser.headers["cookie"] = f"glaze_session={secret}"
    token = csrf(browser, "/account")
    answer = browser.post("/sign-in", data={"csrf": token, "name": "Ada", "passphrase": PASSPHRASE})
    assert answer.status_code == 303
    assert sessions.artist_by(lodge.house, secret) is None


def test_signed_out_is_signed_out_on_the_server(lodge: Lodge) -> None:
    ada = lodge.artist()
    browser = lodge.browser(ada)
    kept = browser.cookies["glaze_session"]
    assert sent(browser, "/account", "/sign-out").status_code == 303
    stolen = lodge.browser()
    stolen.cookies.set("glaze_session", kept)
    assert stolen.get("/account").status_code == 303
    assert stolen.get(f"{STUDIO}/").status_code == 403


def test_after_the_account_is_deleted_nothing_opens_any_more(lodge: Lodge) -> None:
    ada = lodge.artist()
    app = lodge.app()
    browser, elsewhere, program = lodge.browser(ada, app), lodge.browser(ada, app), lodge.program(ada, app)
    job = lodge.row(ada)
    assert sent(browser, "/account", "/account/delete", passphrase="a wrong one indeed").status_code == 400
    assert sent(browser, "/account", "/account/delete", passphrase=PASSPHRASE).status_code == 303
    assert elsewhere.get("/account").status_code == 303
    assert elsewhere.get(f"{STUDIO}/").status_code == 403
    assert program.get(JOBS).status_code == 401
    assert elsewhere.get(f"/jobs/{job.id}/result").headers["location"] == "/sign-in"


def test_the_cookie_is_for_this_host_by_tls_and_no_script(tmp_path: Any) -> None:
    with Lodge.opened(tmp_path / "data", server={"public_url": "https://glaze.example.org"}) as lodge:
        lodge.artist("Ada")
        browser = lodge.browser()
        answer = sent(browser, "/sign-in", "/sign-in", name="Ada", passphrase=PASSPHRASE)
        cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-glaze_session=glaze-session-")
    for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert word in cookie
    assert "Domain" not in cookie
    assert answer.headers["strict-transport-security"]


def test_the_studio_is_for_those_who_are_signed_in(lodge: Lodge) -> None:
    browser = lodge.browser()
    for path in (f"{STUDIO}/", f"{STUDIO}/gradio_api/file=/etc/passwd", f"{STUDIO}//x", f"{STUDIO}/config", STUDIO):
        assert browser.get(path).status_code == 403
        assert browser.get(path, headers={"accept": "text/html"}).headers["location"] == "/sign-in"
        assert browser.post(path).status_code == 403
    assert lodge.browser(lodge.artist("Ada")).get(f"{STUDIO}/").text == "the studio of Ada"


# --- what is another's


@pytest.fixture
def two(lodge: Lodge) -> tuple[Lodge, queue.Job, TestClient, TestClient]:
    """A finished job of Ada's, and Bea's browser and program."""
    ada, bea = lodge.artist("Ada"), lodge.artist("Bea")
    lodge.hand_in(ada)
    lodge.work()
    (job,) = queue.of_artist(lodge.house, ada.id)
    app = lodge.app()
    return lodge, job, lodge.browser(bea, app), lodge.program(bea, app)


def test_anothers_picture_is_as_one_that_does_not_exist(
    two: tuple[Lodge, queue.Job, TestClient, TestClient],
) -> None:
    lodge, job, browser, program = two
    answers = {}
    for job_id in (job.id, NOWHERE):
        token = csrf(browser, "/account")
        answers[job_id] = [
            (answer.status_code, answer.text.replace(job_id, "ID").replace(token, "CSRF"))
            for answer in (
                browser.get(f"/jobs/{job_id}/result"),
                browser.get(f"/jobs/{job_id}/original"),
                program.get(f"{JOBS}/{job_id}"),
                program.get(f"{JOBS}/{job_id}/result"),
                program.delete(f"{JOBS}/{job_id}"),
                browser.post(f"/jobs/{job_id}/delete", data={"csrf": token}),
            )
        ]
    assert answers[job.id] == answers[NOWHERE]
    assert [status for status, _ in answers[NOWHERE]] == [404] * 6
    assert program.get(JOBS).json() == []
    assert browser.get(f"/jobs/{job.id}/result", headers={"cookie": ""}).headers["location"] == "/sign-in"
    (ada, _) = accounts.all_of(lodge.house)
    assert lodge.browser(ada).get(f"/jobs/{job.id}/result").content[:4] == b"\x89PNG"


@pytest.mark.parametrize("job_id", sorted(DOCTORED))
def test_no_path_leads_to_a_file(job_id: str, two: tuple[Lodge, queue.Job, TestClient, TestClient]) -> None:
    _, _, browser, program = two
    for answer in (
        browser.get(f"/jobs/{job_id}/result"),
        browser.get(f"/jobs/{job_id}/original"),
        program.get(f"{JOBS}/{job_id}/result"),
    ):
        assert answer.status_code in {404, 422}


def test_files_of_the_disk_have_no_address(two: tuple[Lodge, queue.Job, TestClient, TestClient]) -> None:
    lodge, _, browser, _ = two
    for file in lodge.files():
        for path in (f"/{file.name}", f"/artists/{file.parent.name}/{file.name}", f"/file={file}", str(file)):
            assert browser.get(path).status_code == 404


def test_a_result_is_saved_and_never_run(two: tuple[Lodge, queue.Job, TestClient, TestClient]) -> None:
    lodge, job, _, _ = two
    (ada, _) = accounts.all_of(lodge.house)
    answer = lodge.browser(ada).get(f"/jobs/{job.id}/result")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == 'attachment; filename="sea-glazed.png"'
    assert answer.headers["cache-control"] == "no-store"


def test_a_name_of_a_picture_puts_nothing_into_a_header(lodge: Lodge) -> None:
    ada = lodge.artist()
    lodge.hand_in(ada, 'a"; filename="evil.html')
    (kept,) = queue.of_artist(lodge.house, ada.id)
    answer = lodge.browser(ada).get(f"/jobs/{kept.id}/original")
    assert answer.headers["content-disposition"] == f'attachment; filename="{kept.id}.png"'
    lodge.work()
    answer = lodge.browser(ada).get(f"/jobs/{kept.id}/result")
    assert answer.headers["content-disposition"].startswith("attachment; filename*=utf-8''a%22%3B%20filename")


def test_markup_in_a_name_stays_a_name(lodge: Lodge) -> None:
    ada = lodge.artist()
    lodge.row(ada, "<img src=x onerror=alert(1)>.png")
    page = lodge.browser(ada).get("/account")
    assert "<img" not in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]


# --- tokens


def test_a_token_that_was_revoked_opens_nothing(lodge: Lodge) -> None:
    ada = lodge.artist()
    program = lodge.program(ada)
    assert program.get(JOBS).status_code == 200
    (token,) = tokens.all_of(lodge.house, ada.id)
    assert sent(lodge.browser(ada), "/account", f"/account/tokens/{token.id}/revoke").status_code == 303
    answer = program.get(JOBS)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_a_cookie_is_no_token_and_a_token_is_no_cookie(lodge: Lodge) -> None:
    ada = lodge.artist()
    browser, program = lodge.browser(ada), lodge.program(ada)
    assert browser.get(JOBS).status_code == 401
    assert program.get("/account").status_code == 303
    secret = program.headers["authorization"].removeprefix("Bearer ")
    both = lodge.browser()
    both.cookies.set("glaze_session", secret)
    assert both.get("/account").status_code == 303
    session = browser.cookies["glaze_session"]
    assert program.get(JOBS, headers={"authorization": f"Bearer {session}"}).status_code == 401


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "Basic QWRhOng=", "Bearer x y", "bearer \xff", "Bearer '--"]
)
def test_what_is_no_token_opens_nothing(value: str, lodge: Lodge) -> None:
    lodge.artist()
    answer = lodge.browser().get(JOBS, headers={b"authorization": value.encode("latin-1")})
    assert answer.status_code == 401


def test_a_token_is_shown_once_and_a_passphrase_never(lodge: Lodge) -> None:
    ada = lodge.artist()
    browser = lodge.browser(ada)
    answer = sent(browser, "/account", "/account/tokens", name="mine")
    secret = lodge.pages[-1].secret
    assert secret is not None
    assert secret in answer.text
    assert secret not in browser.get("/account").text
    wrong = sent(browser, "/account", "/account/passphrase", old="my secret words here", new="short")
    assert "my secret words here" not in wrong.text


# --- the host's page


def test_only_a_host_sees_that_there_is_a_page_for_hosts(lodge: Lodge) -> None:
    ada = lodge.artist()
    browser = lodge.browser(ada)
    for asked in (lodge.browser(), browser):
        assert asked.get("/admin").status_code == 404
        assert asked.post("/admin/invitations", data={"csrf": csrf(browser, "/account")}).status_code == 404
    assert len(invitations.all_of(lodge.house)) == 1
    accounts.set_admin(lodge.house, ada.id, admin=True)
    assert sent(browser, "/admin", "/admin/invitations", note="for Bea").status_code == 200
    assert "/join?invitation=glaze-invite-" in (lodge.pages[-1].secret or "")
    accounts.set_admin(lodge.house, ada.id, admin=False)
    assert browser.get("/admin").status_code == 404


def test_no_field_makes_an_artist_a_host(lodge: Lodge) -> None:
    _, code = invitations.make(lodge.house)
    browser = lodge.browser()
    fields = {"name": "Ada", "passphrase": PASSPHRASE, "rules": "yes", "admin": "true", "id": "1", "folder": ".."}
    assert sent(browser, "/join", "/join", invitation=code, **fields).status_code == 303
    (ada,) = accounts.all_of(lodge.house)
    assert not ada.admin
    assert ada.id != "1"


# --- hosts, addresses, headers


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost", "[::1]", "a b", ""])
def test_another_name_for_this_host_gets_nothing(host: str, lodge: Lodge) -> None:
    answer = lodge.browser().get("/sign-in", headers={"host": host})
    assert answer.status_code == 400
    assert "csrf" not in answer.text


def test_what_a_client_says_of_its_host_is_in_no_link(lodge: Lodge) -> None:
    ada = lodge.artist()
    accounts.set_admin(lodge.house, ada.id, admin=True)
    browser = lodge.browser(ada)
    for name in ("x-forwarded-host", "x-forwarded-proto", "forwarded", "x-original-url", "x-rewrite-url"):
        browser.headers[name] = "evil.example"
    sent(browser, "/admin", "/admin/invitations")
    assert (lodge.pages[-1].secret or "").startswith(f"{URL}/join?")
    assert "evil" not in browser.get("/").headers["location"]


@pytest.mark.parametrize(
    "then",
    [
        EVIL,
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "/a\r\nX: y",
    ],
)
def test_signing_in_leads_nowhere_else(then: str, lodge: Lodge) -> None:
    lodge.artist("Ada")
    browser = lodge.browser()
    answer = sent(browser, "/sign-in", "/sign-in", name="Ada", passphrase=PASSPHRASE, then=then)
    assert answer.headers["location"] == f"{STUDIO}/"
    assert browser.get("/sign-in", params={"then": then}).headers["location"] == f"{STUDIO}/"


def test_the_manual_is_there_and_nothing_beside_it(lodge: Lodge) -> None:
    browser = lodge.browser()
    assert browser.get("/manual/index.html").status_code == 200
    for path in (
        "/manual/..%2freading.py",
        "/manual/../reading.py",
        "/manual//etc/passwd",
        "/manual/%2e%2e/%2e%2e/app.py",
    ):
        assert browser.get(path).status_code == 404


def test_no_page_can_be_framed_or_guessed_at(lodge: Lodge) -> None:
    browser = lodge.browser(lodge.artist())
    for path in ("/account", "/sign-in", f"{STUDIO}/", JOBS, "/nothing", f"{guard.API}/openapi.json"):
        headers = browser.get(path).headers
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers


# --- bodies


def chunks(size: int) -> Iterator[bytes]:
    while size > 0:
        yield b"x" * min(size, 1 << 16)
        size -= 1 << 16


@pytest.mark.parametrize("said", [True, False])
def test_a_body_that_is_too_large_is_not_read(said: bool, lodge: Lodge) -> None:
    browser = lodge.browser(lodge.artist())
    read = 0

    def counted() -> Iterator[bytes]:
        nonlocal read
        for piece in chunks(10_000_000):
            read += len(piece)
            yield piece

    headers = {"content-type": "application/x-www-form-urlencoded"}
    if said:
        answer = browser.post("/account/email", content=b"x" * 10_000_000, headers=headers)
    else:
        answer = browser.post("/account/email", content=counted(), headers=headers)
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("length", ["-1", "1e9", "99999999999999999999", "0x10", "\u0661", "1, 2"])
def test_a_length_that_is_none_is_refused(length: str, lodge: Lodge) -> None:
    answer = asyncio.run(asked(lodge.app(), [b"x"], length))
    assert answer == 413


def test_a_body_that_stops_in_the_middle_is_waited_for_no_longer_than_that(lodge: Lodge) -> None:
    limit = guard.BodyLimit(lodge.app(), most=lambda _: 1000, silence=0.05)
    assert asyncio.run(asked(limit, [b"csrf=", None], "100")) == 408


def test_a_body_that_drips_has_an_end(lodge: Lodge) -> None:
    limit = guard.BodyLimit(lodge.app(), most=lambda _: 1000, silence=1.0, whole=0.05)
    assert asyncio.run(asked(limit, [b"x"] * 100, "100", pause=0.01)) == 408


async def asked(app: Any, pieces: list[bytes | None], length: str, pause: float = 0.0) -> int:
    """The status of a POST whose body comes in pieces; at None, nothing more comes."""
    coming = iter(pieces)
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(pause)
        piece = next(coming, None)
        if piece is None:
            await asyncio.sleep(60)
        return {"type": "http.request", "body": piece, "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    names = {
        "host": "127.0.0.1:7861",
        "origin": URL,
        "content-length": length,
        "content-type": "application/x-www-form-urlencoded",
    }
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/sign-in",
        "raw_path": b"/sign-in",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode("utf-8")) for name, value in names.items()],
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 7861),
    }
    await app(scope, receive, send)
    return statuses[0]


def test_a_form_of_a_thousand_fields_or_with_files_is_refused(lodge: Lodge) -> None:
    browser = lodge.browser(lodge.artist())
    token = csrf(browser, "/account")
    many = {f"field{n}": "x" for n in range(1000)}
    files = {"email": ("x.txt", b"x")}
    assert browser.post("/account/email", data={"csrf": token, **many}).status_code == 400
    assert browser.post("/account/email", data={"csrf": token}, files=files).status_code == 400


def test_a_picture_is_not_read_before_it_is_known_whose_it_is(lodge: Lodge) -> None:
    """Whoever may hand nothing in cannot fill the disk: the answer comes before the body."""
    read = 0

    def counted() -> Iterator[bytes]:
        nonlocal read
        for piece in chunks(30_000_000):
            read += len(piece)
            yield piece

    app = lodge.app()
    seen: list[Any] = []

    class Watched:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            async def watched() -> Any:
                message = await receive()
                seen.append(len(message.get("body", b"")))
                return message

            await app(scope, watched, send)

    client = TestClient(Watched(), base_url=URL)
    answer = client.post(JOBS, content=counted(), headers={"content-type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 401
    assert seen == []


# --- too many


def test_a_flood_of_one_artist_is_slowed_and_others_are_not(lodge: Lodge) -> None:
    app = lodge.app()
    ada, bea = lodge.program(lodge.artist("Ada"), app), lodge.program(lodge.artist("Bea"), app)
    # The clock stands still, or a slow machine would fill the bucket again.
    app.state.door.rates = Rates(300, clock=lambda: 0.0)
    statuses = [ada.get(f"{guard.API}/room").status_code for _ in range(301)]
    assert statuses[:300] == [200] * 300
    assert statuses[-1] == 429
    assert bea.get(f"{guard.API}/room").status_code == 200


def test_guessing_tokens_is_slowed_by_address(lodge: Lodge) -> None:
    app = lodge.app()
    app.state.door.rates = Rates(300, clock=lambda: 0.0)
    browser = lodge.browser(None, app)
    guesses = [{"authorization": f"Bearer glaze-token-{n}"} for n in range(301)]
    statuses = [browser.get(JOBS, headers=guess).status_code for guess in guesses]
    assert statuses == [401] * 300 + [429]


def test_guessing_a_passphrase_locks_the_name(lodge: Lodge) -> None:
    lodge.artist("Ada")
    browser = lodge.browser()
    token = csrf(browser, "/sign-in")
    statuses = [
        browser.post("/sign-in", data={"csrf": token, "name": "Ada", "passphrase": f"guess {n}"}).status_code
        for n in range(12)
    ]
    assert statuses == [400] * 10 + [429] * 2
    assert sent(browser, "/sign-in", "/sign-in", name="Ada", passphrase=PASSPHRASE).status_code == 429


# --- injection


@pytest.mark.parametrize("text", ["' OR '1'='1", "Ada'; DROP TABLE artists;--", "Ada\0", "\ud800", "%' --", 'Ada"; --'])
def test_no_field_is_a_statement(text: str, lodge: Lodge) -> None:
    ada = lodge.artist("Ada")
    with pytest.raises(ServiceError):
        accounts.sign_in(lodge.house, name=text, passphrase=text)
    with pytest.raises(ServiceError):
        queue.get(lodge.house, ada.id, text)
    assert tokens.artist_by(lodge.house, text) is None
    assert sessions.artist_by(lodge.house, text) is None
    assert accounts.all_of(lodge.house) == [ada]


@pytest.mark.parametrize(
    "field", ["url", "picture_url", "callback", "webhook", "decoy", "encoders", "path", "folder", "file"]
)
def test_no_field_makes_the_service_fetch_or_open_anything(field: str, lodge: Lodge) -> None:
    program = lodge.program(lodge.artist())
    for value in ("http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "/etc/passwd"):
        picture = lodge.picture().read_bytes()
        answer = program.post(JOBS, files={"picture": ("x.png", picture)}, data={field: value})
        assert answer.status_code == 422
        answer = program.post(JOBS, files={field: ("x.png", picture), "picture": (None, value)})
        assert answer.status_code == 422
    assert lodge.files() == []


# --- what is written down


def test_the_log_names_no_artist_no_picture_no_address_and_no_secret(
    lodge: Lodge, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("multipart", "python_multipart", "asyncio", "httpx", "httpx2", "httpcore", "PIL"):
        logging.getLogger(name).setLevel(logging.WARNING)
    ada = lodge.artist("Ada Unmistakable", email="ada.unmistakable@example.org")
    app = lodge.app()
    browser, program = lodge.browser(ada, app), lodge.program(ada, app)
    picture = lodge.picture("harbour.png").read_bytes()
    assert program.post(JOBS, files={"picture": ("unmistakable-harbour.png", picture)}).status_code == 201
    lodge.work()
    lodge.hand_in(ada, "unmistakable-storm.png")
    from tests.stand_in import StandIn

    lodge.work(StandIn(fail=ValueError("unmistakable-storm.png of Ada Unmistakable")))
    browser.get("/jobs/unmistakable/result")
    sent(browser, "/account", "/account/passphrase", old="unmistakable wrong words", new="x")
    written = caplog.text + "".join(capfd.readouterr())
    assert "is done" in written
    assert "by a mistake: ValueError" in written
    secret = program.headers["authorization"].removeprefix("Bearer ")
    for word in ("nmistakable", "testclient", secret, browser.cookies["glaze_session"]):
        assert word not in written


def test_a_mistake_of_the_program_tells_the_world_nothing(lodge: Lodge) -> None:
    def mount(app: FastAPI, _house: object) -> None:
        studio(app, lodge.house)

        @app.get("/broken")
        async def broken(request: Request) -> None:
            raise RuntimeError(f"secret words of {request.url}")

    browser = lodge.browser(None, lodge.app(mount), raise_server_exceptions=False)
    answer = browser.get("/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
