"""The tables. Times are seconds since the epoch; of secrets there is only a hash (codes.py)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# SQLite counts up by itself only where the key is a plain INTEGER.
_Number = BigInteger().with_variant(Integer, "sqlite")
_ID = String(32)
_DIGEST = String(64)


class Base(DeclarativeBase):
    """All tables."""


class Fact(Base):
    """One thing that the database knows of itself: its version."""

    __tablename__ = "facts"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class Artist(Base):
    """Who has joined.

    key       the name as it is compared (accounts.comparable), so that no two look alike.
    folder    the name of the artist's folder of pictures, which nobody can guess.
    email     where to tell that a picture is done; None does not. language: of such messages and of the pages.
    admin     may make invitations on the page.
    """

    __tablename__ = "artists"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(120), unique=True)
    passphrase: Mapped[str] = mapped_column(Text)
    folder: Mapped[str] = mapped_column(_ID, unique=True)
    email: Mapped[str | None] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(35), default="en")
    admin: Mapped[bool] = mapped_column(Boolean, default=False)
    joined: Mapped[float] = mapped_column(Float)
    rules_accepted: Mapped[float] = mapped_column(Float)


class Invitation(Base):
    """A way in, once. state (invitations.State) is worked out from the times."""

    __tablename__ = "invitations"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    digest: Mapped[str] = mapped_column(_DIGEST, unique=True)
    note: Mapped[str] = mapped_column(String(120), default="")
    made: Mapped[float] = mapped_column(Float)
    expires: Mapped[float] = mapped_column(Float)
    used: Mapped[float | None] = mapped_column(Float)
    used_by: Mapped[str | None] = mapped_column(ForeignKey("artists.id", ondelete="SET NULL"))
    revoked: Mapped[float | None] = mapped_column(Float)


class Session(Base):
    """A browser that is signed in. digest: of the cookie's secret."""

    __tablename__ = "sessions"

    digest: Mapped[str] = mapped_column(_DIGEST, primary_key=True)
    artist_id: Mapped[str] = mapped_column(ForeignKey("artists.id", ondelete="CASCADE"), index=True)
    made: Mapped[float] = mapped_column(Float)
    seen: Mapped[float] = mapped_column(Float)


class ApiToken(Base):
    """A program that an artist lets in. digest: of its secret; the secret is shown once, when it is made."""

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    digest: Mapped[str] = mapped_column(_DIGEST, unique=True)
    artist_id: Mapped[str] = mapped_column(ForeignKey("artists.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    made: Mapped[float] = mapped_column(Float)
    used: Mapped[float | None] = mapped_column(Float)


class Job(Base):
    """One picture on its way; queue.Job is what others get to see.

    name        what the artist calls the picture; shown to nobody else, and never written to a log.
    original    names of files in the artist's folder; result is None until the job is done.
    settings, error, glaze: JSON of glaze.ledger.plain.
    owner       the worker that runs it, which must renew it before `lease`; attempts: how many workers began it.
    expires     when it and its files are deleted; None until it has ended.
    mail        None: nothing to tell; else mail.State.
    """

    __tablename__ = "jobs"
    __table_args__ = (Index("jobs_by_state", "state", "queued"), Index("jobs_by_artist", "artist_id", "queued"))

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    artist_id: Mapped[str] = mapped_column(ForeignKey("artists.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    settings: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(12))
    progress: Mapped[float] = mapped_column(Float, default=0.0)
    original: Mapped[str] = mapped_column(String(64))
    result: Mapped[str | None] = mapped_column(String(64))
    error: Mapped[str | None] = mapped_column(Text)
    glaze: Mapped[str | None] = mapped_column(Text)
    owner: Mapped[str | None] = mapped_column(String(200))
    lease: Mapped[float | None] = mapped_column(Float)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    queued: Mapped[float] = mapped_column(Float)
    started: Mapped[float | None] = mapped_column(Float)
    ended: Mapped[float | None] = mapped_column(Float)
    expires: Mapped[float | None] = mapped_column(Float, index=True)
    mail: Mapped[str | None] = mapped_column(String(12), index=True)
    mail_tries: Mapped[int] = mapped_column(Integer, default=0)


class Share(Base):
    """What an artist took of the service: a job handed in ("submitted") or begun ("served"). Kept for a day.

    Apart from the jobs, so that deleting one gives nothing back.
    """

    __tablename__ = "shares"
    __table_args__ = (Index("shares_by_artist", "artist_id", "kind", "at"),)

    id: Mapped[int] = mapped_column(_Number, primary_key=True)
    artist_id: Mapped[str] = mapped_column(ForeignKey("artists.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(12))
    at: Mapped[float] = mapped_column(Float)


class Failure(Base):
    """A wrong passphrase or invitation. digest: keyed, of the name or of the address it came from (lockout.py)."""

    __tablename__ = "failures"
    __table_args__ = (Index("failures_by_digest", "digest", "at"),)

    id: Mapped[int] = mapped_column(_Number, primary_key=True)
    digest: Mapped[str] = mapped_column(_DIGEST)
    at: Mapped[float] = mapped_column(Float)
