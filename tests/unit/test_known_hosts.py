"""What known_hosts files say about a key, and what is written into them."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.adapters.known_hosts import (
    HostRecord,
    KeyStanding,
    KnownHosts,
    fingerprint,
    known_hosts_line,
    record_key,
)

KEYS = [asyncssh.generate_private_key("ecdsa-sha2-nistp256").convert_to_public() for _ in range(3)]
ED25519 = asyncssh.generate_private_key("ssh-ed25519").convert_to_public()


def text_of(key: asyncssh.SSHKey) -> str:
    return " ".join(key.export_public_key().decode().split()[:2])


def look_up(folder: Path, text: str, name: str) -> HostRecord:
    (folder / "known_hosts").write_text(text)
    return KnownHosts().look_up([str(folder / "known_hosts")], name)


def test_a_listed_key_is_known_and_another_one_is_changed(tmp_path: Path) -> None:
    record = look_up(tmp_path, f"web1 {text_of(KEYS[0])}\n", "web1")
    assert record.judge(KEYS[0]) is KeyStanding.KNOWN
    assert record.judge(KEYS[1]) is KeyStanding.CHANGED
    assert record.fingerprints == (fingerprint(KEYS[0]),)


def test_a_key_of_another_type_is_changed_too(tmp_path: Path) -> None:
    assert look_up(tmp_path, f"web1 {text_of(ED25519)}\n", "web1").judge(KEYS[0]) is KeyStanding.CHANGED


def test_a_host_that_is_not_listed_is_unknown(tmp_path: Path) -> None:
    assert look_up(tmp_path, f"web2 {text_of(KEYS[0])}\n", "web1").judge(KEYS[0]) is KeyStanding.UNKNOWN


def test_a_missing_file_is_an_empty_one(tmp_path: Path) -> None:
    record = KnownHosts().look_up([str(tmp_path / "none"), "/dev/null"], "web1")
    assert record.judge(KEYS[0]) is KeyStanding.UNKNOWN


def test_hashed_names_are_found(tmp_path: Path) -> None:
    line = known_hosts_line("[web1]:2222", KEYS[0], hashed=True)
    assert "web1" not in line
    assert look_up(tmp_path, line, "[web1]:2222").judge(KEYS[0]) is KeyStanding.KNOWN
    assert look_up(tmp_path, line, "[web2]:2222").judge(KEYS[0]) is KeyStanding.UNKNOWN


def test_patterns_and_exceptions_and_lists_of_names_are_understood(tmp_path: Path) -> None:
    text = f"*.example.com,!bad.example.com,10.0.0.1 {text_of(KEYS[0])}\n"
    assert look_up(tmp_path, text, "web.example.com").judge(KEYS[0]) is KeyStanding.KNOWN
    assert look_up(tmp_path, text, "bad.example.com").judge(KEYS[0]) is KeyStanding.UNKNOWN
    assert look_up(tmp_path, text, "10.0.0.1").judge(KEYS[0]) is KeyStanding.KNOWN


def test_names_have_no_case(tmp_path: Path) -> None:
    assert look_up(tmp_path, f"Web1.Example.COM {text_of(KEYS[0])}\n", "web1.example.com").keys == (KEYS[0],)


def test_another_port_is_another_host_but_the_plain_name_still_vouches_for_its_key(tmp_path: Path) -> None:
    record = look_up(tmp_path, f"web1 {text_of(KEYS[0])}\n", "[web1]:2222")
    assert record.judge(KEYS[0]) is KeyStanding.KNOWN
    assert record.judge(KEYS[1]) is KeyStanding.UNKNOWN


def test_the_entry_with_the_port_beats_the_plain_name(tmp_path: Path) -> None:
    record = look_up(tmp_path, f"web1 {text_of(KEYS[0])}\n[web1]:2222 {text_of(KEYS[1])}\n", "[web1]:2222")
    assert record.judge(KEYS[1]) is KeyStanding.KNOWN
    assert record.judge(KEYS[0]) is KeyStanding.CHANGED


def test_a_revoked_key_is_revoked_though_it_is_listed(tmp_path: Path) -> None:
    text = f"web1 {text_of(KEYS[0])}\n@revoked * {text_of(KEYS[0])}\n"
    assert look_up(tmp_path, text, "web1").judge(KEYS[0]) is KeyStanding.REVOKED


def test_an_authority_is_not_a_host_key(tmp_path: Path) -> None:
    record = look_up(tmp_path, f"@cert-authority *.example.com {text_of(KEYS[0])}\n", "web.example.com")
    assert record.authorities == (KEYS[0],)
    assert record.judge(KEYS[0]) is KeyStanding.UNKNOWN


def test_broken_lines_do_not_hide_the_others(tmp_path: Path) -> None:
    text = (
        f"# comment\n\nnonsense\n@what ever {text_of(KEYS[1])}\nweb1 ssh-rsa AAAA!\n|1|x|y z\nweb1 {text_of(KEYS[0])}\n"
    )
    assert look_up(tmp_path, text, "web1").keys == (KEYS[0],)


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    from runners.adapters.known_hosts import _parse

    _parse(text.encode("utf-8", "surrogatepass")).match("web1", "", None)


def test_revoked_keys_of_a_file_count_and_an_unreadable_one_is_an_error(tmp_path: Path) -> None:
    revoked = tmp_path / "revoked"
    revoked.write_text(f"# never\n{text_of(KEYS[0])}\n")
    assert KnownHosts().look_up([], "web1", revoked_file=str(revoked)).judge(KEYS[0]) is KeyStanding.REVOKED
    revoked.write_bytes(b"SSHKRL\n\0")
    with pytest.raises(ValueError, match="KRL"):
        KnownHosts().look_up([], "web1", revoked_file=str(revoked))
    with pytest.raises(ValueError, match="cannot be read"):
        KnownHosts().look_up([], "web1", revoked_file=str(tmp_path / "none"))


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"web1 {text_of(KEYS[0])}\n")
    known = KnownHosts()
    assert known.look_up([str(path)], "web1").keys == (KEYS[0],)
    record_key(str(path), "web1", KEYS[1])
    assert known.look_up([str(path)], "web1").keys == (KEYS[0], KEYS[1])
    path.unlink()
    assert known.look_up([str(path)], "web1").keys == ()


@pytest.mark.parametrize("hashed", [False, True])
def test_a_recorded_key_is_known_afterwards_and_never_listed_twice(tmp_path: Path, hashed: bool) -> None:
    path = tmp_path / "new folder" / "known_hosts"
    assert record_key(str(path), "[10.0.0.1]:2222", KEYS[0], hashed=hashed)
    assert not record_key(str(path), "[10.0.0.1]:2222", KEYS[0], hashed=hashed)
    assert len(path.read_text().splitlines()) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert KnownHosts().look_up([str(path)], "[10.0.0.1]:2222").judge(KEYS[0]) is KeyStanding.KNOWN


def test_recording_keeps_what_is_there_also_after_a_last_line_without_an_end(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"web1 {text_of(KEYS[0])}")
    path.chmod(0o644)
    assert record_key(str(path), "web2", KEYS[1])
    assert path.read_text() == f"web1 {text_of(KEYS[0])}\nweb2 {text_of(KEYS[1])}\n"
    assert path.stat().st_mode & 0o777 == 0o644


def test_recording_through_a_link_keeps_the_link(tmp_path: Path) -> None:
    (tmp_path / "real").touch()
    (tmp_path / "known_hosts").symlink_to("real")
    assert record_key(str(tmp_path / "known_hosts"), "web1", KEYS[0])
    assert (tmp_path / "known_hosts").is_symlink()
    assert text_of(KEYS[0]) in (tmp_path / "real").read_text()


def test_nothing_is_recorded_in_dev_null() -> None:
    assert not record_key("/dev/null", "web1", KEYS[0])


def test_several_writers_at_once_lose_no_line_and_double_none(tmp_path: Path) -> None:
    path = str(tmp_path / "known_hosts")
    jobs = [(f"web{number}", key) for number in range(8) for key in KEYS] * 2
    threads = [threading.Thread(target=record_key, args=(path, name, key)) for name, key in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = Path(path).read_text().splitlines()
    assert len(lines) == len(set(lines)) == 24


def test_the_line_is_what_ssh_keygen_finds(tmp_path: Path) -> None:
    import shutil
    import subprocess

    if shutil.which("ssh-keygen") is None:
        pytest.skip("there is no ssh-keygen")
    path = tmp_path / "known_hosts"
    record_key(str(path), "[web1]:2222", KEYS[0], hashed=True)
    found = subprocess.run(
        ["ssh-keygen", "-l", "-F", "[web1]:2222", "-f", str(path)],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ, LC_ALL="C"),
    )
    assert fingerprint(KEYS[0]) in found.stdout
