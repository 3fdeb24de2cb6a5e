"""The host's settings: defaults, and what is wrong told by its key."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from glaze.errors import HostError
from glaze.service.settings import _KINDS, _READ, ServiceSettings, load

HOST = Path(__file__).resolve().parents[2] / "docs" / "host.md"


def written(folder: Path, text: str) -> Path:
    path = folder / "service.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_it_listens_to_this_computer_alone() -> None:
    settings = load(None)
    assert (settings.server.host, settings.public_url) == ("127.0.0.1", "http://127.0.0.1:7861")
    assert settings.storage.retention_hours == 24
    assert settings.database.startswith("sqlite:///")
    assert not settings.mail.host


def test_what_is_set_counts_and_the_rest_stays(tmp_path: Path) -> None:
    text = """
    [server]
    public_url = "https://glaze.example.org/"
    trusted_proxies = ["10.0.0.0/8"]
    [storage]
    data = "kept"
    retention_hours = 12
    [limits]
    render = "slow"
    """
    settings = load(written(tmp_path, text))
    assert settings.public_url == "https://glaze.example.org"
    assert settings.is_https
    assert settings.storage.data == tmp_path / "kept"
    assert settings.storage.retention_hours == 12
    assert str(settings.limits.render) == "slow"
    assert settings.limits.jobs_per_day == ServiceSettings().limits.jobs_per_day


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[server]\nport = 'x'", "server.port"),
        ("[server]\nport = 0", "server.port"),
        ("[server]\nport = true", "server.port"),
        ("[server]\nhost = 'example.org'", "server.host"),
        ("[server]\npublic_url = 'glaze.example.org'", "server.public_url"),
        ("[server]\npublic_url = 'https://example.org/glaze'", "server.public_url"),
        ("[server]\ntrusted_proxies = ['everybody']", "server.trusted_proxies"),
        ("[server]\ntrusted_proxies = '127.0.0.1'", "server.trusted_proxies"),
        ("[storage]\nretention_hours = -1", "storage.retention_hours"),
        ("[storage]\ndata = 3", "storage.data"),
        ("[limits]\nmegapixels = 1000", "limits.megapixels"),
        ("[limits]\nrender = 'best'", "limits.render"),
        ("[mail]\nsecurity = 'ssl'", "mail.security"),
        ("[mail]\nsender = 'Glaze'", "mail.sender"),
        ("[workers]\nnice = -5", "workers.nice"),
        ("server = 3", "server"),
        ("[limits]\njobs_a_day = 3", "limits.jobs_a_day"),
        ("[limit]\njobs_per_day = 3", "limit"),
    ],
)
def test_what_is_wrong_is_named(text: str, key: str, tmp_path: Path) -> None:
    with pytest.raises(HostError, match=re.escape(key)):
        load(written(tmp_path, text))


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="cannot be read"):
        load(tmp_path / "nothing.toml")
    with pytest.raises(HostError, match="not TOML"):
        load(written(tmp_path, "[server"))


def test_every_setting_can_be_read_and_stands_in_the_hosts_guide() -> None:
    there = {f"{table}.{one.name}" for table, kind in _KINDS.items() for one in fields(kind)}
    assert there == set(_READ)
    guide = HOST.read_text(encoding="utf-8")
    for key in there:
        assert f"`{key.split('.')[1]}`" in guide, key
