"""Blocks of seconds become the nearest of each kind and the rows of the matrix, whatever runs."""

import os
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from venuenet.model import BEYOND, KINDS, NEAREST, SPREAD, UNREACHED, VARIANTS
from venuenet.travel.engine import CHUNK, collect

CUTOFF = 600
CELLS, SAMPLES = 5 * CHUNK + 7, 3
CITY = SimpleNamespace(
    sample_xy=np.zeros((CELLS, SAMPLES, 2)),
    cell_district=np.arange(CELLS, dtype=np.int32) % 3,
    adcodes=("one", "two", "three"),
)


def some_venues(kinds):
    where = (*CITY.adcodes, None, "elsewhere")
    return [
        SimpleNamespace(
            kind=kind,
            venue_id=f"v{i}",
            adcode=where[i % 5],
            status="unknown" if i % 4 == 3 else "open",
        )
        for i, kind in enumerate(kinds)
    ]


@pytest.fixture(scope="module")
def venues():
    """Two kinds with many venues mixed with each other, one with two, the others with none."""
    return some_venues([KINDS[i % 2] for i in range(14)] + [KINDS[3], KINDS[0], KINDS[3]])


@pytest.fixture(scope="module")
def dense(venues):
    """Seconds by variant and by spread, many of them equal, some unreached, some at the cut-off."""
    rng = np.random.default_rng(4)
    out = {}
    for variant in VARIANTS:
        seconds = 100 * rng.integers(1, 12, (CELLS * SAMPLES, len(venues)))
        seconds[rng.random(seconds.shape) < 0.2] = UNREACHED
        out[variant] = seconds.astype(np.int32)
    for name in SPREAD:
        out[name] = rng.integers(60_000, 70_000, (CELLS, len(venues))).astype(np.int32)
        out[name][rng.random(out[name].shape) < 0.1] = UNREACHED
        out[name][0, :2] = 65_534, 65_536
    out["point"][0] = CUTOFF
    return out


def block_of(dense, names):
    def block(cells):
        points = (cells[:, None] * SAMPLES + np.arange(SAMPLES)).ravel()
        return {n: dense[n][cells if n in SPREAD else points] for n in names}

    return block


def collected(dense, venues, *, progress=None, names=(*VARIANTS, *SPREAD), **more):
    more = {"mode": "walk", "engine": "made up"} | more
    return collect(block_of(dense, names), CITY, venues, CUTOFF, progress, **more)


@pytest.fixture(scope="module")
def times(dense, venues):
    return collected(dense, venues)


def test_the_nearest_of_each_kind_are_those_of_a_sort_the_earlier_venue_first(times, dense, venues):
    for v, variant in enumerate(VARIANTS):
        for k, kind in enumerate(KINDS):
            mine = [i for i, venue in enumerate(venues) if venue.kind == kind]
            for at, row in enumerate(dense[variant].tolist()):
                sure = [i for i in mine if variant != "late" or venues[i].status == "open"]
                reached = [i for i in sure if row[i] < UNREACHED]
                ranked = sorted(reached, key=lambda i, row=row: row[i])[:NEAREST]
                none = NEAREST - len(ranked)
                cell, point = divmod(at, SAMPLES)
                seconds = [row[i] for i in ranked] + [UNREACHED] * none
                assert times.near_s[v, k, :, cell, point].tolist() == seconds
                if v == 0:
                    named = times.near_venue[k, :, cell, point].tolist()
                    assert named == ranked + [-1] * none


def test_the_nearest_of_the_own_district_is_kept_up_to_the_cut_off(times, dense, venues):
    for (v, k, cell, point), seconds in np.ndenumerate(times.own_s):
        row = dense[VARIANTS[v]][cell * SAMPLES + point]
        mine = [
            row[i]
            for i, one in enumerate(venues)
            if one.kind == KINDS[k] and one.adcode == CITY.adcodes[cell % 3]
            if VARIANTS[v] != "late" or one.status == "open"
            if row[i] <= CUTOFF
        ]
        assert seconds == min(mine, default=BEYOND)
    assert CUTOFF in times.own_s


def entries(times):
    """(venue, cell) of every entry of the matrix, in its order."""
    rows = np.repeat(np.arange(len(times.venue_ids)), np.diff(times.indptr))
    return list(zip(rows.tolist(), times.cell.tolist(), strict=True))


def test_the_matrix_holds_the_centres_up_to_and_at_the_cut_off(times, dense):
    centre = dense["point"][::SAMPLES]
    expected = [(v, c) for v in range(centre.shape[1]) for c in range(CELLS)]
    expected = [(v, c) for v, c in expected if centre[c, v] <= CUTOFF]
    assert entries(times) == expected
    assert times.seconds.tolist() == [centre[c, v] for v, c in expected]
    assert CUTOFF in times.seconds


def test_the_spread_lies_beside_the_entries_and_what_is_too_long_is_marked(times, dense):
    assert set(times.spread) == set(SPREAD)
    for name in SPREAD:
        told = [min(int(dense[name][c, v]), 65_535) for v, c in entries(times)]
        assert times.spread[name].tolist() == told
        assert {65_534, 65_535} <= set(told)


def test_without_a_spread_there_is_none(dense, venues):
    assert collected(dense, venues, names=VARIANTS).spread == {}


@pytest.mark.parametrize("estimated", [True, False])
def test_the_table_says_whether_it_is_estimated(dense, venues, estimated):
    assert collected(dense, venues, estimated=estimated).estimated is estimated


def test_times_are_taken_for_estimated_unless_said_otherwise(times):
    assert times.estimated


@pytest.mark.parametrize("threads", [1, 7])
def test_the_answer_does_not_depend_on_the_number_of_threads(
    times, dense, venues, threads, monkeypatch
):
    monkeypatch.setattr(os, "cpu_count", lambda: threads)
    other = collected(dense, venues)
    for name in ("indptr", "cell", "seconds", "near_s", "near_venue", "own_s"):
        assert np.array_equal(getattr(times, name), getattr(other, name))
    assert all(np.array_equal(times.spread[n], other.spread[n]) for n in SPREAD)


def test_two_chunks_are_worked_on_at_once(dense, venues, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    both = threading.Barrier(2, timeout=20)
    inner = block_of(dense, VARIANTS)
    begun = iter(range(100))

    def block(cells):
        if next(begun) < 2:
            both.wait()
        return inner(cells)

    collect(block, CITY, venues, CUTOFF, None, mode="walk", engine="made up")


def test_progress_is_told_by_the_calling_thread(dense, venues):
    told = []
    collected(dense, venues, progress=lambda n: told.append((n, threading.current_thread())))
    assert sum(n for n, _ in told) == CELLS
    assert {t for _, t in told} == {threading.current_thread()}


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError])
def test_what_interrupts_the_work_ends_it_between_chunks(dense, venues, stop, monkeypatch):
    """As Ctrl-C does, which Python raises in the thread that is told of progress."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    begun, goes_on = [], threading.Event()
    inner = block_of(dense, VARIANTS)

    def block(cells):
        begun.append(cells[0])
        if len(begun) == 3:
            goes_on.wait(20)
        return inner(cells)

    def progress(_n):
        threading.Timer(0.2, goes_on.set).start()
        raise stop

    with pytest.raises(stop):
        collect(block, CITY, venues, CUTOFF, progress, mode="walk", engine="made up")
    assert len(begun) <= 3


def test_what_a_block_cannot_do_is_not_swallowed(venues):
    def block(_cells):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        collect(block, CITY, venues, CUTOFF, None, mode="walk", engine="made up")


def test_a_cut_off_beyond_what_the_matrix_can_tell_is_refused(dense, venues):
    with pytest.raises(ValueError, match="65535"):
        collect(block_of(dense, VARIANTS), CITY, venues, 65_536, None, mode="walk", engine="x")
