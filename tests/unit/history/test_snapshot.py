"""A snapshot is whole, its own, and written by one: anything else is refused by name."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from riskml.history import HistoryIndex, Statistic
from riskml.history import snapshot as snapshots
from riskml.history.container import _TRAILER, SnapshotError, read_tree, write_tree
from riskml.history.publishing import SnapshotBusyError, published
from riskml.history.snapshot import load_index, save_index
from tests.oracles.history_rows import events, queries

STATISTICS = [
    Statistic(("importer",), "count", days=365),
    Statistic(("importer",), "hit_rate", days=None),
    Statistic(("importer", "goods"), "sum", column="value", days=30),
]


def lines(first: int, last: int):
    return events(
        "lines",
        *(
            {"id": f"L{n}", "day": n, "importer": "AB"[n % 2], "goods": "x", "value": n / 8}
            for n in range(first, last)
        ),
    )


def filled() -> HistoryIndex:
    index = HistoryIndex(STATISTICS)
    index.append(lines(0, 40))
    return index


def ask(index: HistoryIndex) -> np.ndarray:
    return index.lookup(queries({"day": 39, "importer": "A", "goods": "x"}))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_index(filled(), tmp_path / "index.snapshot")
    return tmp_path / "index.snapshot"


def test_what_is_loaded_answers_and_grows_alike(path):
    loaded, kept = load_index(path, STATISTICS), filled()
    np.testing.assert_array_equal(ask(loaded), ask(kept))
    for index in (loaded, kept):
        index.append(lines(30, 60))
    assert loaded.size == kept.size == 60
    np.testing.assert_array_equal(ask(loaded), ask(kept))


def test_growing_leaves_the_file_as_it_was(path):
    before = path.read_bytes()
    load_index(path, STATISTICS).append(lines(20, 30))
    assert path.read_bytes() == before


def test_an_index_can_be_mapped_while_its_file_is_written_anew(path):
    loaded = load_index(path, STATISTICS)
    save_index(HistoryIndex(STATISTICS), path)
    np.testing.assert_array_equal(ask(loaded), ask(filled()))
    assert load_index(path, STATISTICS).size == 0


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.999])
def test_a_truncated_snapshot_is_refused(path, kept):
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(SnapshotError, match=r"truncated|cannot be read"):
        load_index(path, STATISTICS)


def test_any_altered_byte_of_content_is_noticed(path):
    whole = path.read_bytes()
    size = _TRAILER.unpack(whole[-_TRAILER.size :])[0]
    contents = json.loads(whole[-_TRAILER.size - size : -_TRAILER.size])
    for name, (_, shape, offset, _digest) in contents["sections"].items():
        if np.prod(shape) == 0:
            continue
        altered = bytearray(whole)
        altered[offset] ^= 1
        path.write_bytes(altered)
        with pytest.raises(SnapshotError, match=f"section {name} is altered"):
            load_index(path, STATISTICS)


def test_an_altered_table_of_contents_is_refused(path):
    altered = path.read_bytes().replace(b'"format": 1', b'"format": 2')
    path.write_bytes(altered)
    with pytest.raises(SnapshotError, match="contents is altered"):
        load_index(path, STATISTICS)


def test_another_format_is_refused(path, monkeypatch):
    monkeypatch.setattr("riskml.history.container.FORMAT", 2)
    with pytest.raises(SnapshotError, match="format 1, not 2"):
        load_index(path, STATISTICS)


def test_other_code_is_refused(path, monkeypatch):
    monkeypatch.setattr(snapshots, "_code", lambda: "other")
    with pytest.raises(SnapshotError, match="another version"):
        load_index(path, STATISTICS)


def test_other_statistics_are_refused(path):
    other = [replace(STATISTICS[0], days=30.0), *STATISTICS[1:]]
    with pytest.raises(SnapshotError, match="other statistics"):
        load_index(path, other)
    with pytest.raises(SnapshotError, match="other statistics"):
        load_index(path, STATISTICS, base_rate=0.02)


def test_an_absent_snapshot_is_named(tmp_path):
    with pytest.raises(SnapshotError, match=r"no snapshot gone\.snapshot"):
        load_index(tmp_path / "gone.snapshot", STATISTICS)


@pytest.mark.slow
def test_two_processes_cannot_write_one_snapshot(path):
    script = (
        "import sys; from pathlib import Path; from riskml.history.publishing import *\n"
        "try:\n    with published(Path(sys.argv[1])): pass\n"
        "except SnapshotBusyError as error: print(error)"
    )
    with published(path) as file:
        other = subprocess.run(
            [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
        )
        assert "is being written by another process: let it finish" in other.stdout
        with pytest.raises(SnapshotBusyError), published(path):
            raise AssertionError
        write_tree(file, {"mine": 1})
    assert read_tree(path) == {"mine": 1}


def test_a_failed_write_leaves_the_old_snapshot(path):
    before = path.read_bytes()
    with pytest.raises(RuntimeError, match="half-way"):
        _write_and_fail(path)
    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name, f"{path.name}.lock"]


def _write_and_fail(path: Path) -> None:
    with published(path) as file:
        file.write(b"half")
        raise RuntimeError("half-way")


def test_what_a_killed_writer_left_is_swept_away(path):
    left = path.with_name(f".{path.name}.abc")
    left.write_bytes(b"half")
    save_index(filled(), path)
    assert not left.exists()


@pytest.mark.slow
def test_a_writer_may_be_killed_at_any_moment(path):
    script = (
        "import sys; from pathlib import Path; from tests.unit.history.test_snapshot import *\n"
        "index = filled()\nprint('ready', flush=True)\n"
        "while True: save_index(index, Path(sys.argv[1]))"
    )
    for pause in (0.0, 0.011, 0.023):
        writer = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(pause)
        writer.kill()
        writer.communicate()
        np.testing.assert_array_equal(ask(load_index(path, STATISTICS)), ask(filled()))
    save_index(filled(), path)
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name, f"{path.name}.lock"]


def test_an_unwritable_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SnapshotError, match="cannot be written"):
        save_index(filled(), tmp_path / "file" / "index.snapshot")


def test_a_text_that_cannot_be_stored_is_named_and_the_old_file_stays(path):
    before = path.read_bytes()
    index = filled()
    odd = {"id": "odd", "day": 41, "importer": "\ud800", "goods": "x", "value": 1.0}
    index.append(events("lines", odd))
    with pytest.raises(SnapshotError, match="half of a surrogate pair"):
        save_index(index, path)
    assert path.read_bytes() == before
