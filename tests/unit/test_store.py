"""A store is whole at every moment: whoever reads it finds one complete snapshot."""

import dataclasses
import multiprocessing
import os
import random
import shutil
import signal
import time
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest

from venuenet import pipeline
from venuenet.errors import BadQueryError, SnapshotError
from venuenet.pipeline import Inputs, compute, is_outdated
from venuenet.publish import snapshot as snapshots
from venuenet.publish.snapshot import read, write
from venuenet.store import SnapshotFolder
from venuenet.store.snapshots import KEEP

MINI = Path(__file__).parents[1] / "golden" / "minicity"
TRIES = 20
MORE = "bcdef"
"""More names than are kept, so that each is written anew when its turn comes again."""


@pytest.fixture(scope="module")
def mini():
    return compute(Inputs(MINI / "pack", MINI / "standards.yaml", MINI / "assumptions.yaml"))


def named(snapshot, letter):
    """The same content under another id."""
    manifest = dataclasses.replace(snapshot.manifest, snapshot=letter * 16)
    return dataclasses.replace(snapshot, manifest=manifest)


def publish(store, snapshot):
    return store.publish(snapshot, lambda folder: write(snapshot, folder))


@pytest.fixture
def store(tmp_path, mini):
    """A store with snapshot aaaa... in force."""
    store = SnapshotFolder(tmp_path / "data")
    publish(store, named(mini, "a"))
    return store


def whole(store, *ids):
    """The snapshot in force is one of these and reads as one piece."""
    snapshot = store.current()
    assert snapshot.manifest.snapshot in ids
    assert int(snapshot.demand.people.sum()) == snapshot.manifest.counts["people"] == 13_000
    return True


def same(a, b):
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return a == b


def test_what_was_published_is_read_back_bit_by_bit(store, mini):
    back = store.current()
    for name in ("demand", "surface"):
        one, other = getattr(mini, name), getattr(back, name)
        for field in dataclasses.fields(one):
            assert same(getattr(one, field.name), getattr(other, field.name)), field.name
    for mode, times in mini.times.items():
        for field in dataclasses.fields(times):
            assert same(getattr(times, field.name), getattr(back.times[mode], field.name))
    assert back.manifest == named(mini, "a").manifest
    assert (back.standards, back.assumptions) == (mini.standards, mini.assumptions)
    assert back.area.digest == mini.area.digest


def test_a_snapshot_is_named_by_its_content(mini):
    again = compute(Inputs(MINI / "pack", MINI / "standards.yaml", MINI / "assumptions.yaml"))
    other = compute(Inputs(MINI / "pack", None, MINI / "assumptions.yaml"))
    assert again.manifest == mini.manifest
    assert other.manifest.snapshot != mini.manifest.snapshot
    assert len(mini.manifest.snapshot) == 16
    assert set(mini.manifest.snapshot) <= set("0123456789abcdef")


def test_an_empty_store_says_what_to_do(tmp_path):
    empty = SnapshotFolder(tmp_path / "new")
    assert empty.current_id() is None
    with pytest.raises(SnapshotError, match="venuenet build"):
        empty.current()


def test_only_the_last_few_are_kept_the_one_in_force_among_them(store, mini):
    for letter in "bcdef":
        publish(store, named(mini, letter))
        assert store.current_id() == letter * 16
    kept = [p.name for p in (store.root / "snapshots").iterdir()]
    assert len(kept) == KEEP
    assert "f" * 16 in kept


def test_an_older_content_can_be_put_in_force_again(store, mini):
    publish(store, named(mini, "b"))
    publish(store, named(mini, "a"))
    assert whole(store, "a" * 16)


def test_who_is_reading_keeps_what_was_opened(store, mini):
    opened = store.current()
    people = opened.demand.people.copy()
    for letter in "bcdef":
        publish(store, named(mini, letter))
    assert not store.folder("a" * 16).exists()
    assert np.array_equal(opened.demand.people, people)


def test_a_write_that_fails_changes_nothing(store, mini):
    def fails(folder):
        write(mini, folder)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        store.publish(named(mini, "b"), fails)
    assert whole(store, "a" * 16)
    publish(store, named(mini, "c"))
    assert not list((store.root / "snapshots").glob(".new-*"))


class Died(BaseException):
    """Stands for the end of the process: nothing in the code may catch it."""


def die_at(patch, step):
    """End publishing before its step-th change of the disk that others can see."""
    left = [step]

    def counted(change):
        def before(*args, **kwargs):
            left[0] -= 1
            if left[0] == 0:
                raise Died
            return change(*args, **kwargs)

        return before

    patch.setattr(Path, "rename", counted(Path.rename))
    patch.setattr(Path, "replace", counted(Path.replace))
    patch.setattr(shutil, "rmtree", counted(shutil.rmtree))
    patch.setattr(os, "fsync", counted(os.fsync))
    return left


@pytest.mark.parametrize(
    "letter",
    [
        pytest.param("b", id="new content"),
        pytest.param("a", id="the same content again"),
    ],
)
def test_whichever_step_is_the_last_the_store_is_whole(store, mini, letter):
    for step in range(1, 50):
        with pytest.MonkeyPatch.context() as patch:
            left = die_at(patch, step)
            try:
                publish(store, named(mini, letter))
                died = False
            except Died:
                died = True
        assert left[0] <= 0 or not died
        assert whole(SnapshotFolder(store.root), "a" * 16, "b" * 16), f"died at step {step}"
        if not died:
            break
    else:
        pytest.fail("never got through")
    assert step > (3 if letter == "b" else 1)
    assert store.current_id() == letter * 16


def endlessly(root, source, letters, begun):
    """Publish the source under one name after the other, slowly, until killed."""
    save = np.save

    def slow(*args, **kwargs):
        time.sleep(0.0005)
        save(*args, **kwargs)

    snapshots.np.save = slow
    store, snapshot = SnapshotFolder(root), read(source)
    begun.set()
    for letter in cycle(letters):
        publish(store, named(snapshot, letter))


@pytest.fixture(scope="module")
def processes():
    """Children that have the imports behind them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", "venuenet.pipeline"])
    return context


@pytest.fixture
def source(tmp_path, mini):
    """A snapshot's folder, for children to read."""
    write(mini, tmp_path / "source")
    return tmp_path / "source"


def test_kill_9_at_any_moment_leaves_a_whole_snapshot(store, mini, processes, source):
    rng = random.Random(9)
    seen = set()
    for _ in range(TRIES):
        begun = processes.Event()
        child = processes.Process(target=endlessly, args=(store.root, source, MORE, begun))
        child.start()
        assert begun.wait(20)
        time.sleep(rng.uniform(0, 0.4))
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        assert child.exitcode == -signal.SIGKILL
        assert whole(SnapshotFolder(store.root), *(x * 16 for x in "a" + MORE))
        seen.add(store.current_id())
    assert len(seen) > 1, "no child ever got as far as publishing"
    publish(store, named(mini, "9"))
    assert whole(store, "9" * 16)
    assert not list(store.root.glob("snapshots/.new-*"))


def take_turns(root, source, letters, clashes):
    """Publish the source under each name a few times; note who else is writing meanwhile."""
    store, content = SnapshotFolder(root), read(source)
    for letter in letters * 3:
        snapshot = named(content, letter)

        def fill(folder, snapshot=snapshot):
            try:
                os.close(os.open(root / "busy", os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                (clashes / str(os.getpid())).touch()
            write(snapshot, folder)
            time.sleep(0.02)
            (root / "busy").unlink(missing_ok=True)

        store.publish(snapshot, fill)


def test_two_who_publish_at_once_take_turns(store, processes, source, tmp_path):
    clashes = tmp_path / "clashes"
    clashes.mkdir()
    children = [
        processes.Process(target=take_turns, args=(store.root, source, letters, clashes))
        for letters in ("bc", "de")
    ]
    for child in children:
        child.start()
    while any(child.is_alive() for child in children):
        assert whole(store, *(x * 16 for x in "abcde"))
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0]
    assert list(clashes.iterdir()) == []
    assert store.current_id() in ("c" * 16, "e" * 16)
    assert not list(store.root.glob("snapshots/.new-*"))


DAMAGES = {
    "is gone": lambda path: path.unlink(),
    "is empty": lambda path: path.write_bytes(b""),
    "is cut short": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "is noise": lambda path: path.write_bytes(bytes(range(256)) * 4),
}
TABLES = [
    "manifest.json",
    "demand/people.npy",
    "demand/plain.json",
    "travel-walk/near_s.npy",
    "travel-transit-surface/plain.json",
]
PACK = ["area/venues.csv", "area/area.yaml", "area/districts.geojson"]


def damaged():
    for damage in DAMAGES:
        for file in TABLES:
            yield file, damage
        for file in PACK:
            yield file, damage


@pytest.mark.parametrize(("file", "damage"), list(damaged()))
def test_a_damaged_snapshot_is_refused_with_the_way_out(store, file, damage):
    DAMAGES[damage](store.folder("a" * 16) / file)
    with pytest.raises(SnapshotError, match="venuenet build"):
        store.current()


def test_numbers_that_are_not_those_the_id_was_made_from_are_refused(tmp_path, mini):
    store = SnapshotFolder(tmp_path)
    people = publish(store, mini) / "demand" / "people.npy"
    content = bytearray(people.read_bytes())
    content[-8] ^= 1
    people.write_bytes(content)
    with pytest.raises(SnapshotError):
        store.current()


@pytest.mark.parametrize(
    "name",
    [
        b"b" * 16,
        b"\x00",
        b"../../elsewhere",
        b"\xff\xfe",
    ],
)
def test_a_pointer_to_nowhere_is_refused(store, name):
    (store.root / "current").write_bytes(name)
    with pytest.raises(SnapshotError):
        store.current()


def test_a_snapshot_of_another_format_is_refused(store, monkeypatch):
    monkeypatch.setattr(snapshots, "FORMAT", snapshots.FORMAT + 1)
    with pytest.raises(SnapshotError, match="another version"):
        store.current()


def test_a_folder_stands_alone_wherever_it_is_moved(store, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.copytree(store.folder("a" * 16), moved)
    shutil.rmtree(store.root)
    assert int(read(moved).demand.people.sum()) == 13_000


def test_a_snapshot_of_other_data_is_known_as_outdated(mini, beijing):
    assert is_outdated(Inputs(), mini.manifest)
    assert not is_outdated(Inputs(), beijing.manifest)
    older = dataclasses.replace(beijing.manifest, version="0.0.1")
    assert is_outdated(Inputs(), older)


def test_more_venues_than_a_snapshot_can_name_are_refused(monkeypatch):
    monkeypatch.setattr(pipeline, "MAX_VENUES", 1)
    with pytest.raises(BadQueryError, match="1"):
        compute(Inputs(MINI / "pack", MINI / "standards.yaml", MINI / "assumptions.yaml"))


def test_a_reader_overtaken_by_publishers_reads_what_is_in_force(store, monkeypatch):
    """The snapshot it was told of is gone by the time it reads: it asks again."""
    final = store.current_id()
    names = iter(["f" * 16, final, final])
    monkeypatch.setattr(store, "current_id", lambda: next(names))
    assert store.current().manifest.snapshot == final
