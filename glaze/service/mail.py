"""Tells artists by e-mail that a picture is done. The message says nothing of the picture: others carry it.

At most once a job: one that the service was about to send when it was killed is taken for sent.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from sqlalchemy import or_, select, update

from glaze.ledger import State
from glaze.service import mail_states
from glaze.service.house import House
from glaze.service.models import Artist
from glaze.service.models import Job as Row
from glaze.service.settings import Mail
from glaze.studio.words import FALLBACK, languages, load

TRIES: Final = 3
TIMEOUT: Final = 20.0  # seconds

_log = logging.getLogger(__name__)


def message(house: House, *, to: str, language: str, done: bool) -> EmailMessage:
    """The message, in the artist's language. Raises ValueError where an address would be more than one."""
    words = load(language if language in languages() else FALLBACK)
    kind = "done" if done else "failed"
    hours = round(house.settings.storage.retention_hours)
    told = EmailMessage(policy=SMTP)
    told["Subject"] = words(f"service.mail.{kind}.subject")
    told["From"] = house.settings.mail.sender
    # An address with a line break, or anything else that is no address, is refused here.
    told["To"] = to
    if len(told["To"].addresses) != 1 or told["To"].defects:
        raise ValueError("no single address")
    told["Auto-Submitted"] = "auto-generated"
    text = words(f"service.mail.{kind}.text", address=f"{house.settings.public_url}/", hours=max(1, hours))
    told.set_content(text + "\n")
    return told


def send_next(house: House) -> bool:
    """Send the next message that is to be sent, if there is any. Returns whether there was."""
    taken = _take(house)
    if taken is None:
        return False
    job_id, state, to, language = taken
    if to is None:
        _note(house, job_id, None)
        return True
    try:
        _send(house.settings.mail, message(house, to=to, language=language, done=state == State.DONE))
    except (OSError, smtplib.SMTPException, ValueError) as fault:
        _log.warning("job %s: no message could be sent: %s", job_id, type(fault).__name__)
        _put_back(house, job_id)
    else:
        _note(house, job_id, mail_states.SENT)
    return True


def recover(house: House) -> None:
    """After a start: what was being sent counts as sent."""
    with house.database.write() as session:
        session.execute(update(Row).where(Row.mail == mail_states.SENDING).values(mail=mail_states.SENT))


def _take(house: House) -> tuple[str, str, str | None, str] | None:
    asked = (
        select(Row.id, Row.state, Artist.email, Artist.language)
        .join(Artist, Artist.id == Row.artist_id)
        .where(Row.mail == mail_states.WAITING)
        .where(or_(Row.mail_tries == 0, Row.ended <= house.now() - 60.0))
        .order_by(Row.mail_tries, Row.ended)
        .limit(1)
    )
    with house.database.read() as session:
        if session.execute(asked).first() is None:
            return None
    with house.database.write() as session:
        found = session.execute(asked).first()
        if found is None:
            return None
        tries = Row.mail_tries + 1
        session.execute(update(Row).where(Row.id == found.id).values(mail=mail_states.SENDING, mail_tries=tries))
        return found.id, found.state, found.email, found.language


def _put_back(house: House, job_id: str) -> None:
    with house.database.write() as session:
        row = session.get(Row, job_id)
        if row is not None:
            row.mail = mail_states.WAITING if row.mail_tries < TRIES else mail_states.FAILED


def _note(house: House, job_id: str, state: str | None) -> None:
    with house.database.write() as session:
        session.execute(update(Row).where(Row.id == job_id).values(mail=state))


def _send(mail: Mail, told: EmailMessage) -> None:
    """Raises OSError and SMTPException."""
    context = ssl.create_default_context()
    if mail.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(mail.host, mail.port, timeout=TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(mail.host, mail.port, timeout=TIMEOUT)
    try:
        if mail.security == "starttls":
            server.starttls(context=context)
        if mail.user:
            server.login(mail.user, _password(mail))
        server.send_message(told)
    finally:
        with suppress(OSError, smtplib.SMTPException):
            server.quit()


def _password(mail: Mail) -> str:
    return "" if mail.password_file is None else mail.password_file.read_text(encoding="utf-8").strip()
