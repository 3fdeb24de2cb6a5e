"""The commands of a host."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from glaze.__main__ import main
from glaze.service import accounts, sessions, tokens
from glaze.service.house import open_house
from glaze.service.settings import load
from tests.service.lodge import PASSPHRASE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "service.toml"
    path.write_text('[server]\npublic_url = "https://glaze.example.org"\n[storage]\ndata = "data"\n')
    return path


def test_from_an_invitation_to_the_end_of_an_account(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*words: str) -> str:
        assert main([*words, "--config", str(config)]) == 0
        return capsys.readouterr().out

    link = said("invite", "--days", "2", "--note", "for Ada").splitlines()[0]
    code = re.fullmatch(r"https://glaze\.example\.org/join\?invitation=(glaze-invite-[\w-]+)", link)
    assert code is not None
    listed = said("invitations")
    assert "open" in listed
    assert "for Ada" in listed
    assert code[1] not in listed
    house = open_house(load(config))
    ada = accounts.join(house, code=code[1], name="Ada", passphrase=PASSPHRASE, rules=True)
    assert "used" in said("invitations")
    second = said("invite").split()[-1]
    assert "revoked" in said("invitations", "--revoke", second)
    assert "host" not in said("artists")
    said("artists", "--host", "ada")
    assert "Ada" in said("artists")
    assert accounts.find(house, "Ada").admin
    said("artists", "--no-host", "Ada")
    assert not accounts.find(house, "Ada").admin
    session, (_, token) = sessions.begin(house, ada.id), tokens.make(house, ada.id, "mine")
    said("artists", "--sign-out", "Ada")
    assert sessions.artist_by(house, session) is None
    assert tokens.artist_by(house, token) is None
    said("artists", "--delete", "Ada")
    assert said("artists") == ""
    house.close()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["artists", "--delete", "Nobody"], "no artist of the name 'Nobody'"),
        (["invitations", "--revoke", "1' OR '1'='1"], "no invitation"),
    ],
)
def test_what_there_is_not_is_told(
    words: list[str], told: str, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--config", str(config)]) == 1
    assert told in capsys.readouterr().err


def test_wrong_settings_start_nothing(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text("[server]\nport = 'x'")
    assert main(["serve", "--config", str(config)]) == 1
    assert "server.port" in capsys.readouterr().err
    assert not (config.parent / "data").exists()


def test_without_its_packages_one_command_is_told(config: Path) -> None:
    program = (
        "import sys; sys.modules['sqlalchemy'] = None; from glaze.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, "serve", "--config", str(config)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "pip install -r requirements-service.txt -c constraints.txt" in answer.stderr
