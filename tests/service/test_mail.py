"""Messages, against a mail server on this computer."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import SMTP as POLICY
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from sqlalchemy import select, update

from glaze.errors import ServiceError
from glaze.service import accounts, mail, mail_states, queue
from glaze.service.models import Job as Row
from tests.service.lodge import Lodge, free_port
from tests.stand_in import StandIn


@dataclass
class Box:
    """What came in. busy: how many messages are refused before one is taken."""

    came: list[Envelope] = field(default_factory=list)
    busy: int = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.busy:
            self.busy -= 1
            return "451 come back later"
        self.came.append(envelope)
        return "250 OK"

    @property
    def messages(self) -> list[Message]:
        return [message_from_bytes(envelope.original_content or b"", policy=POLICY) for envelope in self.came]


@dataclass
class Post:
    box: Box
    lodge: Lodge

    def done(self, email: str = "ada@example.org", language: str = "en", engine: StandIn | None = None) -> None:
        ada = self.lodge.artist("Ada", email=email, language=language)
        self.lodge.hand_in(ada, "unmistakable.png")
        self.lodge.work(engine)

    def send(self) -> None:
        while mail.send_next(self.lodge.house):
            pass

    def state(self) -> str | None:
        with self.lodge.house.database.read() as session:
            return session.scalars(select(Row.mail)).one()


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    box, port = Box(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    settings = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "glaze@example.org"}
    server = {"public_url": "https://glaze.example.org"}
    try:
        with Lodge.opened(tmp_path / "data", mail=settings, server=server) as lodge:
            yield Post(box, lodge)
    finally:
        controller.stop()


def test_an_artist_is_told_once_where_it_is_and_nothing_of_the_picture(post: Post) -> None:
    post.done()
    post.send()
    post.send()
    (told,) = post.box.messages
    assert (told["From"], told["To"]) == ("glaze@example.org", "ada@example.org")
    assert told["Auto-Submitted"] == "auto-generated"
    text = told.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert "https://glaze.example.org/" in text
    assert "24" in text
    assert "unmistakable" not in str(told)
    assert post.box.came[0].rcpt_tos == ["ada@example.org"]
    assert post.state() == mail_states.SENT


def test_it_is_told_in_the_artists_language(post: Post) -> None:
    post.done(language="ja")
    post.send()
    (told,) = post.box.messages
    assert "できました" in told["Subject"]
    assert "ダウンロード" in told.get_payload(decode=True).decode()  # type: ignore[union-attr]


def test_one_that_failed_is_told_in_other_words(post: Post) -> None:
    post.done(engine=StandIn(fail=ZeroDivisionError()))
    post.send()
    (told,) = post.box.messages
    assert "could not" in told["Subject"]


def test_who_left_no_address_hears_nothing(post: Post) -> None:
    post.done(email="")
    post.send()
    assert post.box.came == []
    assert post.state() is None


def test_a_server_that_is_busy_is_asked_again_and_not_for_ever(post: Post) -> None:
    post.box.busy = 1
    post.done()
    post.send()
    assert (post.state(), post.box.came) == (mail_states.WAITING, [])
    post.lodge.clock.at += 61
    post.send()
    assert (post.state(), len(post.box.came)) == (mail_states.SENT, 1)


def test_after_three_tries_it_is_left(post: Post) -> None:
    post.box.busy = 100
    post.done()
    for _ in range(6):
        post.lodge.clock.at += 61
        post.send()
    assert (post.state(), post.box.busy) == (mail_states.FAILED, 97)


def test_one_that_was_being_sent_when_the_service_was_killed_is_not_sent_twice(post: Post) -> None:
    post.done()
    with post.lodge.house.database.write() as session:
        session.execute(update(Row).values(mail=mail_states.SENDING))
    mail.recover(post.lodge.house)
    post.send()
    assert (post.state(), post.box.came) == (mail_states.SENT, [])


INJECTIONS = (
    "ada@example.org\nBcc: all@example.org",
    "ada@example.org\r\n\r\nBuy now",
    "ada@example.org%0aBcc:all@example.org\n",
    "ada@example.org,all@example.org",
    "ada@example.org;all@example.org",
    "Ada <ada@example.org>",
    '"ada@example.org, all"@example.org',
    "ada@example.org\u2028Bcc: all@example.org",
    "ada@exam ple.org",
    "@example.org",
    "ada",
    "ada@example.org\0",
    "ada@@example.org",
    "a" * 300 + "@example.org",
)


@pytest.mark.parametrize("address", INJECTIONS)
def test_an_address_is_one_address(address: str, post: Post) -> None:
    with pytest.raises(ServiceError, match="no e-mail address"):
        post.lodge.artist("Ada", email=address)
    ada = post.lodge.artist("Ada")
    with pytest.raises(ServiceError, match="no e-mail address"):
        accounts.change_email(post.lodge.house, ada.id, address)


@pytest.mark.parametrize("address", [one for one in INJECTIONS if set(one) & set("\r\n,;\0") and '"' not in one])
def test_even_one_that_got_into_the_database_reaches_nobody_else(address: str, post: Post) -> None:
    with pytest.raises(ValueError, match=r"address|header|linefeed|newline"):
        mail.message(post.lodge.house, to=address, language="en", done=True)


def test_a_name_and_a_language_put_nothing_into_a_message(post: Post) -> None:
    post.done(language="en\nBcc: all@example.org")
    post.send()
    (told,) = post.box.messages
    assert told["Bcc"] is None
    assert post.box.came[0].rcpt_tos == ["ada@example.org"]


def test_a_password_is_never_sent_in_the_clear(tmp_path: Path) -> None:
    """With TLS the server must prove who it is: one that cannot gets neither the password nor the message."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
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
        certificate,
    ]
    subprocess.run([*made, "-days", "2", "-subj", "/CN=127.0.0.1"], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    passwords: list[Any] = []

    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, _way: str, given: LoginPassword
    ) -> AuthResult:
        passwords.append(given)
        return AuthResult(success=True)

    box, port = Box(), free_port()
    controller = Controller(
        box, hostname="127.0.0.1", port=port, tls_context=context, require_starttls=True, authenticator=authenticate
    )
    controller.start()
    (tmp_path / "password").write_text("a secret\n")
    settings = {
        "host": "127.0.0.1",
        "port": port,
        "security": "starttls",
        "sender": "glaze@example.org",
        "user": "glaze",
        "password_file": str(tmp_path / "password"),
    }
    try:
        with Lodge.opened(tmp_path / "data", mail=settings) as lodge:
            post = Post(box, lodge)
            post.done()
            post.send()
            assert (post.state(), box.came, passwords) == (mail_states.WAITING, [], [])
    finally:
        controller.stop()


def test_without_a_mail_server_nothing_is_to_be_told(lodge: Lodge) -> None:
    ada = lodge.artist("Ada", email="ada@example.org")
    job = lodge.hand_in(ada)
    lodge.work()
    assert queue.get(lodge.house, ada.id, job.id).state == "done"
    with lodge.house.database.read() as session:
        assert session.scalars(select(Row.mail)).all() == [None]
