"""Whole files and locks."""

from pathlib import Path

import pytest

from riskml.files import locked, ordinary_mode, whole_file


def test_a_file_appears_when_its_block_ends_well(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with whole_file(path) as file:
        file.write(b"one")
        assert not path.exists()
    assert path.read_bytes() == b"one"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ZeroDivisionError), whole_file(path) as file:
        file.write(b"%d" % (1 // 0))
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_there_is_replaced_only_if_it_may_be(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    with pytest.raises(FileExistsError), whole_file(path, replace=False) as file:
        file.write(b"two")
    assert path.read_bytes() == b"one"
    with whole_file(path, private=False) as file:
        file.write(b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == ordinary_mode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_lock_is_held_once_and_let_go(tmp_path: Path) -> None:
    with locked(tmp_path / "lock"), pytest.raises(BlockingIOError), locked(tmp_path / "lock"):
        pass
    with locked(tmp_path / "lock"):
        pass
