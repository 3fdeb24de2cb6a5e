"""Invitations, joining, signing in, lock-out, sessions and tokens, on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from glaze.errors import HostError, ServiceError
from glaze.service import accounts, codes, invitations, lockout, passphrases, queue, sessions, tokens
from glaze.service.models import ApiToken, Artist, Failure, Invitation, Job, Session, Share
from tests.service.lodge import PASSPHRASE, Lodge


def join(lodge: Lodge, code: str, name: str = "Ada", **what: object) -> accounts.Member:
    how = {"passphrase": PASSPHRASE, "rules": True, **what}
    return accounts.join(lodge.house, code=code, name=name, **how)  # type: ignore[arg-type]


class TestInvitations:
    def test_one_lets_one_artist_in(self, any_lodge: Lodge) -> None:
        invited, code = invitations.make(any_lodge.house, note="for Ada")
        ada = join(any_lodge, code)
        with pytest.raises(ServiceError, match="not good"):
            join(any_lodge, code, "Bea")
        (seen,) = invitations.all_of(any_lodge.house)
        assert (seen.id, seen.note, seen.state, seen.used_by) == (invited.id, "for Ada", "used", "Ada")
        assert accounts.all_of(any_lodge.house) == [ada]

    def test_of_ten_who_come_at_once_one_gets_in(self, any_lodge: Lodge) -> None:
        _, code = invitations.make(any_lodge.house)
        barrier = threading.Barrier(10)

        def come(number: int) -> bool:
            barrier.wait()
            try:
                join(any_lodge, code, f"artist {number}")
            except ServiceError:
                return False
            return True

        with ThreadPoolExecutor(10) as pool:
            assert sum(pool.map(come, range(10))) == 1
        assert len(accounts.all_of(any_lodge.house)) == 1

    def test_one_that_has_run_out_or_was_taken_back_lets_nobody_in(self, any_lodge: Lodge) -> None:
        late, code = invitations.make(any_lodge.house, days=1)
        any_lodge.clock.at += 24 * 3600
        with pytest.raises(ServiceError, match="not good"):
            join(any_lodge, code)
        taken, code = invitations.make(any_lodge.house)
        invitations.revoke(any_lodge.house, taken.id)
        with pytest.raises(ServiceError, match="not good"):
            join(any_lodge, code)
        states = {one.id: one.state for one in invitations.all_of(any_lodge.house)}
        assert states == {late.id: "expired", taken.id: "revoked"}

    def test_one_that_was_used_cannot_be_taken_back(self, lodge: Lodge) -> None:
        invited, code = invitations.make(lodge.house)
        join(lodge, code)
        with pytest.raises(HostError):
            invitations.revoke(lodge.house, invited.id)

    def test_whoever_fails_to_join_has_used_nothing_up(self, any_lodge: Lodge) -> None:
        _, code = invitations.make(any_lodge.house)
        any_lodge.artist("Ada")
        wrong: list[dict[str, object]] = [
            {"name": "Ada"},
            {"name": "\uff21DA"},
            {"name": "a"},
            {"name": "<b>Bea</b>"},
            {"passphrase": "short"},
            {"passphrase": "aaaaaaaaaaaaaaaa"},
            {"rules": False},
            {"email": "bea@example.org\nBcc: all@example.org"},
            {"email": "bea@example.org, all@example.org"},
        ]
        for what in wrong:
            with pytest.raises(ServiceError):
                join(any_lodge, code, **{"name": "Bea", **what})  # type: ignore[arg-type]
        assert join(any_lodge, code, "Bea").name == "Bea"


class TestSecrets:
    def test_none_is_in_the_database(self, any_lodge: Lodge) -> None:
        house = any_lodge.house
        _, code = invitations.make(house)
        ada = join(any_lodge, code)
        secrets = [code, PASSPHRASE, sessions.begin(house, ada.id), tokens.make(house, ada.id, "mine")[1]]
        with house.database.read() as session:
            kept = [
                str(value)
                for table in (Artist, Invitation, Session, ApiToken)
                for row in session.scalars(select(table))
                for value in vars(row).values()
            ]
        assert len(kept) > 20
        for secret in secrets:
            assert not [value for value in kept if secret in value]

    def test_every_one_has_128_bits_and_more(self) -> None:
        made = {codes.new_secret("token") for _ in range(100)} | {codes.new_id() for _ in range(100)}
        assert len(made) == 200
        assert all(len(one) >= 32 for one in made)


class TestSignIn:
    def test_the_right_passphrase_opens(self, any_lodge: Lodge) -> None:
        ada = any_lodge.artist("Ada Lovelace")
        assert accounts.sign_in(any_lodge.house, name="  ada  LOVELACE ", passphrase=PASSPHRASE) == ada

    def test_the_same_letters_typed_otherwise_are_the_same(self, lodge: Lodge) -> None:
        _, code = invitations.make(lodge.house)
        join(lodge, code, passphrase="caf\u00e9 and croissants")
        assert accounts.sign_in(lodge.house, name="Ada", passphrase="cafe\u0301 and croissants").name == "Ada"

    def test_nobody_and_wrong_sound_the_same_and_check_a_hash_each(
        self, lodge: Lodge, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lodge.artist("Ada")
        checked: list[str] = []
        verify = passphrases._hasher.verify

        class Counting:
            def verify(self, kept: str, text: str) -> bool:
                checked.append(kept.rsplit("$", 1)[0].rsplit("$", 1)[0])
                return verify(kept, text)

        monkeypatch.setattr(passphrases, "_hasher", Counting())
        told = []
        for name in ("Ada", "Nobody"):
            with pytest.raises(ServiceError) as error:
                accounts.sign_in(lodge.house, name=name, passphrase="something quite else")
            told.append(str(error.value))
        assert told[0] == told[1]
        # As many checks, with the same parameters: the time is the same.
        assert len(checked) == 2
        assert checked[0] == checked[1]

    def test_the_stand_in_for_nobody_is_a_hash_as_any_other(self) -> None:
        # Of the real parameters, which the tests replace.
        from importlib import reload

        fresh = reload(passphrases)
        parameters = fresh.hashed("a passphrase of somebody").split("$")[1:4]
        assert fresh._NOBODY.split("$")[1:4] == parameters
        assert not fresh.matches(None, "anything at all")

    def test_a_name_is_locked_after_too_many_failures_and_opens_again(self, any_lodge: Lodge) -> None:
        any_lodge.artist("Ada")
        house, limits = any_lodge.house, any_lodge.house.settings.limits
        for _ in range(limits.sign_in_failures):
            with pytest.raises(ServiceError, match="wrong"):
                accounts.sign_in(house, name="Ada", passphrase="not the right one")
        for _ in range(3):
            with pytest.raises(ServiceError, match="too many") as locked:
                accounts.sign_in(house, name="ADA", passphrase=PASSPHRASE)
        assert locked.value.fields == {"minutes": 15}
        any_lodge.clock.at += limits.lock_minutes * 60 + 1
        assert accounts.sign_in(house, name="Ada", passphrase=PASSPHRASE).name == "Ada"

    def test_a_name_that_nobody_has_is_locked_as_well(self, lodge: Lodge) -> None:
        for _ in range(lodge.house.settings.limits.sign_in_failures):
            with pytest.raises(ServiceError, match="wrong"):
                accounts.sign_in(lodge.house, name="Nobody", passphrase="whatever it may be")
        with pytest.raises(ServiceError, match="too many"):
            accounts.sign_in(lodge.house, name="Nobody", passphrase="whatever it may be")

    def test_an_address_that_tries_many_names_is_locked_for_all(self, lodge: Lodge) -> None:
        lodge.artist("Ada")
        for number in range(lodge.house.settings.limits.address_failures):
            with pytest.raises(ServiceError, match="wrong"):
                accounts.sign_in(lodge.house, name=f"name {number}", passphrase="a common one", address="203.0.113.9")
        with pytest.raises(ServiceError, match="too many"):
            accounts.sign_in(lodge.house, name="Ada", passphrase=PASSPHRASE, address="203.0.113.9")
        assert accounts.sign_in(lodge.house, name="Ada", passphrase=PASSPHRASE, address="198.51.100.1")

    def test_guessed_invitations_lock_the_address(self, lodge: Lodge) -> None:
        for number in range(lodge.house.settings.limits.address_failures):
            with pytest.raises(ServiceError, match="not good"):
                join(lodge, f"glaze-invite-{number}", address="203.0.113.9")
        _, code = invitations.make(lodge.house)
        with pytest.raises(ServiceError, match="too many"):
            join(lodge, code, address="203.0.113.9")

    def test_failures_are_kept_without_name_and_address_and_go(self, lodge: Lodge) -> None:
        with pytest.raises(ServiceError):
            accounts.sign_in(lodge.house, name="Ada", passphrase="a wrong one", address="203.0.113.9")
        with lodge.house.database.read() as session:
            kept = [row.digest for row in session.scalars(select(Failure))]
        assert len(kept) == 2
        assert codes.digest("name:ada") not in kept
        lodge.clock.at += 3600
        lockout.tidy(lodge.house)
        with lodge.house.database.read() as session:
            assert not session.scalars(select(Failure)).all()


class TestSessions:
    def test_one_runs_out_when_nobody_comes(self, any_lodge: Lodge) -> None:
        ada = any_lodge.artist()
        secret = sessions.begin(any_lodge.house, ada.id)
        any_lodge.clock.at += 13 * 24 * 3600
        assert sessions.artist_by(any_lodge.house, secret) == ada
        any_lodge.clock.at += 13 * 24 * 3600
        assert sessions.artist_by(any_lodge.house, secret) == ada
        any_lodge.clock.at += 14 * 24 * 3600 + 1
        assert sessions.artist_by(any_lodge.house, secret) is None
        sessions.tidy(any_lodge.house)
        with any_lodge.house.database.read() as session:
            assert not session.scalars(select(Session)).all()

    def test_signing_out_everywhere_ends_all_of_one_artist(self, any_lodge: Lodge) -> None:
        house = any_lodge.house
        ada, bea = any_lodge.artist("Ada"), any_lodge.artist("Bea")
        mine, other = [sessions.begin(house, ada.id) for _ in range(3)], sessions.begin(house, bea.id)
        sessions.end_all(house, ada.id)
        assert [sessions.artist_by(house, secret) for secret in mine] == [None] * 3
        assert sessions.artist_by(house, other) == bea

    def test_a_new_passphrase_ends_all_and_the_old_one_opens_nothing(self, any_lodge: Lodge) -> None:
        house, ada = any_lodge.house, any_lodge.artist()
        secret = sessions.begin(house, ada.id)
        with pytest.raises(ServiceError, match="wrong"):
            accounts.change_passphrase(house, ada.id, old="not this one", new="four other good words")
        assert sessions.artist_by(house, secret)
        accounts.change_passphrase(house, ada.id, old=PASSPHRASE, new="four other good words")
        assert sessions.artist_by(house, secret) is None
        with pytest.raises(ServiceError, match="wrong"):
            accounts.sign_in(house, name="Ada", passphrase=PASSPHRASE)
        assert accounts.sign_in(house, name="Ada", passphrase="four other good words") == ada


class TestTokens:
    def test_one_opens_until_it_is_revoked_by_its_own_artist(self, any_lodge: Lodge) -> None:
        house = any_lodge.house
        ada, bea = any_lodge.artist("Ada"), any_lodge.artist("Bea")
        token, secret = tokens.make(house, ada.id, "portfolio")
        assert tokens.artist_by(house, secret) == ada
        with pytest.raises(ServiceError, match="no such token"):
            tokens.revoke(house, bea.id, token.id)
        assert tokens.artist_by(house, secret) == ada
        tokens.revoke(house, ada.id, token.id)
        assert tokens.artist_by(house, secret) is None

    def test_there_are_only_so_many(self, lodge: Lodge) -> None:
        ada = lodge.artist()
        for number in range(tokens.MOST):
            tokens.make(lodge.house, ada.id, f"token {number}")
        with pytest.raises(ServiceError, match="already"):
            tokens.make(lodge.house, ada.id, "one more")


def test_of_a_deleted_account_nothing_is_left(any_lodge: Lodge) -> None:
    house = any_lodge.house
    ada, bea = any_lodge.artist("Ada", email="ada@example.org"), any_lodge.artist("Bea")
    secret, (_, token) = sessions.begin(house, ada.id), tokens.make(house, ada.id, "portfolio")
    any_lodge.hand_in(ada)
    others = any_lodge.hand_in(bea)
    any_lodge.work()
    any_lodge.hand_in(ada, "second.png")
    assert len(any_lodge.files()) == 5
    accounts.delete(house, ada.id)
    assert sessions.artist_by(house, secret) is None
    assert tokens.artist_by(house, token) is None
    assert len(any_lodge.files()) == 2
    with house.database.read() as session:
        for table in (Artist, Job, Session, ApiToken, Share):
            for row in session.scalars(select(table)):
                assert ada.id not in map(str, vars(row).values())
                assert "ada@example.org" not in map(str, vars(row).values())
    assert queue.get(house, bea.id, others.id).state == "done"
    with pytest.raises(ServiceError, match="wrong"):
        accounts.sign_in(house, name="Ada", passphrase=PASSPHRASE)
