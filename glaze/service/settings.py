"""The host's settings: one TOML file. docs/host.md says what each key is for; here are the defaults, each once."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from platformdirs import user_data_path

from glaze.artwork import MOST_MEGAPIXELS
from glaze.errors import HostError
from glaze.settings import Render

MEGA: Final = 1_000_000
HOUR: Final = 3600.0


def _default_data() -> Path:
    return user_data_path("glaze", appauthor=False) / "service"


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where the pages are.

    host, port        what the program listens on.
    public_url        what artists type, without a slash at the end; empty is http://HOST:PORT.
    hosts             other names under which it may be asked.
    trusted_proxies   addresses or networks whose X-Forwarded-For and -Proto are believed.
    """

    host: str = "127.0.0.1"
    port: int = 7861
    public_url: str = ""
    hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")


@dataclass(frozen=True, kw_only=True)
class Storage:
    """Where things are kept, and how long.

    data              the folder of pictures and, unless `database` names another, of the database.
    database          an address as SQLAlchemy has it; empty is SQLite in `data`.
    retention_hours   after a job's end it is deleted with its pictures.
    waiting_hours     a job that waited so long is given up.
    """

    data: Path = field(default_factory=_default_data)
    database: str = ""
    retention_hours: float = 24.0
    waiting_hours: float = 72.0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one artist may take, and one upload.

    jobs_per_day, jobs_waiting    of one artist, in any 24 hours and at once.
    upload_megabytes, megapixels  of one picture.
    decode_megabytes, decode_seconds   what opening an upload may take.
    sign_in_failures   of one name, within lock_minutes, after which it is locked for as long.
    address_failures   of one address, likewise.
    requests_per_minute   of one artist or address, beside pictures and scripts.
    render             the highest render quality that is offered.
    """

    jobs_per_day: int = 20
    jobs_waiting: int = 10
    upload_megabytes: int = 40
    megapixels: int = 50
    decode_megabytes: int = 2500
    decode_seconds: int = 60
    sign_in_failures: int = 10
    address_failures: int = 50
    lock_minutes: float = 15.0
    requests_per_minute: int = 300
    render: Render = Render.SLOWEST


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """invitation_days: how long an invitation is good for; session_days: how long a browser stays signed in unused."""

    invitation_days: float = 14.0
    session_days: float = 14.0


@dataclass(frozen=True, kw_only=True)
class Workers:
    """How pictures are glazed.

    threads   of the processor for one glaze; 0 leaves them to torch.
    nice      how far the workers give way to the pages, 0 to 19.
    cluster   HOST:PORT of a Ray cluster (docs/cluster.md), or "local"; empty is this computer without Ray.
    lease_seconds   a worker that has not been heard of for so long is taken for dead.
    """

    threads: int = 0
    nice: int = 10
    cluster: str = ""
    lease_seconds: float = 60.0


@dataclass(frozen=True, kw_only=True)
class Mail:
    """How to tell artists by e-mail; without a host nothing is sent.

    security        "starttls", "tls" or "none".
    password_file   a file with the password alone, so that the settings hold no secret.
    sender          the address that messages come from.
    """

    host: str = ""
    port: int = 587
    security: str = "starttls"
    user: str = ""
    password_file: Path | None = None
    sender: str = ""


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """Everything a host can set; a table of the file each."""

    server: Server = field(default_factory=Server)
    storage: Storage = field(default_factory=Storage)
    limits: Limits = field(default_factory=Limits)
    accounts: Accounts = field(default_factory=Accounts)
    workers: Workers = field(default_factory=Workers)
    mail: Mail = field(default_factory=Mail)

    @property
    def public_url(self) -> str:
        """Without a slash at the end."""
        host = f"[{self.server.host}]" if ":" in self.server.host else self.server.host
        return self.server.public_url.rstrip("/") or f"http://{host}:{self.server.port}"

    @property
    def is_https(self) -> bool:
        """Whether artists come by TLS, which the proxy speaks."""
        return self.public_url.startswith("https://")

    @property
    def database(self) -> str:
        """The address of the database."""
        return self.storage.database or f"sqlite:///{self.storage.data / 'service.sqlite'}"


def load(path: Path | None) -> ServiceSettings:
    """The settings of a TOML file; all defaults where `path` is None.

    Paths in it are relative to the file. Raises HostError, which names the key.
    """
    if path is None:
        return ServiceSettings()
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise HostError("no_settings", path=path, reason=fault.strerror or str(fault)) from fault
    except ValueError as fault:
        raise HostError("not_toml", path=path, reason=fault) from fault
    return parse(found, path)


def parse(found: Mapping[str, Any], path: Path) -> ServiceSettings:
    """Settings from what a TOML file holds; `path` is that file. Raises HostError."""
    tables = {one.name: one for one in fields(ServiceSettings)}
    _known(found, tables, path, "")
    return ServiceSettings(**{name: _table(_KINDS[name], found[name], name, path) for name in tables if name in found})


_KINDS: Final[dict[str, type]] = {
    "server": Server,
    "storage": Storage,
    "limits": Limits,
    "accounts": Accounts,
    "workers": Workers,
    "mail": Mail,
}


def _known(found: Mapping[str, Any], expected: Mapping[str, Any], path: Path, before: str) -> None:
    for name in found:
        if name not in expected:
            choices = ", ".join(f"{before}{choice}" for choice in expected)
            raise HostError("unknown_setting", path=path, name=f"{before}{name}", choices=choices)


def _table(kind: type, found: object, table: str, path: Path) -> Any:
    if not isinstance(found, dict):
        raise HostError("wrong_setting", path=path, name=table, value=found, expected=f"a table, [{table}]")
    _known(found, {one.name: one for one in fields(kind)}, path, f"{table}.")
    values = {}
    for name, value in found.items():
        key = f"{table}.{name}"
        read = _READ[key]
        try:
            values[name] = read(value, path)
        except (TypeError, ValueError) as fault:
            raise HostError("wrong_setting", path=path, name=key, value=value, expected=str(fault)) from fault
    return kind(**values)


Read = Callable[[Any, Path], Any]


def _text(value: Any, _path: Path) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError("a text in quotation marks")
    return value


def _number(least: float, most: float) -> Read:
    def read(value: Any, _path: Path) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise ValueError(f"a number from {least:g} to {most:g}")
        return float(value)

    return read


def _whole(least: int, most: int) -> Read:
    def read(value: Any, _path: Path) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return value

    return read


def _choice(*choices: str) -> Read:
    def read(value: Any, _path: Path) -> str:
        if value not in choices:
            raise ValueError(f"one of: {', '.join(choices)}")
        return str(value)

    return read


def _texts(each: Callable[[str], object], expected: str) -> Read:
    def read(value: Any, _path: Path) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise ValueError(expected)
        try:
            for one in value:
                each(one)
        except ValueError:
            raise ValueError(expected) from None
        return tuple(value)

    return read


def _place(value: Any, path: Path) -> Path:
    if not isinstance(value, str) or not value:
        raise ValueError("a path in quotation marks")
    return (path.absolute().parent / Path(value).expanduser()).resolve()


def _address(value: Any, path: Path) -> str:
    text = _text(value, path)
    ip_address(text) if text != "localhost" else None
    return text


def _listen(value: Any, path: Path) -> str:
    try:
        return _address(value, path)
    except ValueError:
        raise ValueError("an address such as 127.0.0.1, 0.0.0.0 or ::1") from None


def _url(value: Any, path: Path) -> str:
    text = _text(value, path)
    parts = urlsplit(text)
    if text and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query):
        raise ValueError("an address such as https://glaze.example.org, without a path")
    return text.rstrip("/")


def _mailbox(value: Any, path: Path) -> str:
    text = _text(value, path)
    if text.count("@") != 1 or text.startswith("@") or text.endswith("@") or any(c.isspace() for c in text):
        raise ValueError("an address such as glaze@example.org")
    return text


_READ: Final[dict[str, Read]] = {
    "server.host": _listen,
    "server.port": _whole(1, 65535),
    "server.public_url": _url,
    "server.hosts": _texts(str, "a list of names in quotation marks"),
    "server.trusted_proxies": _texts(ip_network, "a list of addresses or networks in quotation marks"),
    "storage.data": _place,
    "storage.database": _text,
    "storage.retention_hours": _number(0.01, 24 * 365),
    "storage.waiting_hours": _number(0.01, 24 * 365),
    "limits.jobs_per_day": _whole(1, 100_000),
    "limits.jobs_waiting": _whole(1, 10_000),
    "limits.upload_megabytes": _whole(1, 1000),
    "limits.megapixels": _whole(1, MOST_MEGAPIXELS),
    "limits.decode_megabytes": _whole(500, 64_000),
    "limits.decode_seconds": _whole(1, 600),
    "limits.sign_in_failures": _whole(3, 1000),
    "limits.address_failures": _whole(3, 100_000),
    "limits.lock_minutes": _number(0.01, 24 * 60),
    "limits.requests_per_minute": _whole(10, 100_000),
    "limits.render": lambda value, path: Render(_choice(*map(str, Render))(value, path)),
    "accounts.invitation_days": _number(0.01, 365),
    "accounts.session_days": _number(0.01, 365),
    "workers.threads": _whole(0, 1024),
    "workers.nice": _whole(0, 19),
    "workers.cluster": _text,
    "workers.lease_seconds": _number(1, 3600),
    "mail.host": _text,
    "mail.port": _whole(1, 65535),
    "mail.security": _choice("starttls", "tls", "none"),
    "mail.user": _text,
    "mail.password_file": _place,
    "mail.sender": _mailbox,
}
