"""Opening the registry, alone and at once with others, and where it is not to be had."""

import multiprocessing
import queue
import sqlite3
import subprocess
import threading
import traceback
from contextlib import closing
from urllib.parse import unquote

import pytest
from filelock import FileLock
from sqlalchemy import make_url

from tests.contract.changes import change, commit, commit_at_once, confirmed, open_at_once
from tests.contract.postgres import programs
from venuenet.errors import RegistryError
from venuenet.settings import Settings
from venuenet.store import DatabaseStore, database, open_store, registry_exists
from venuenet.store.database import FILE, connect


@pytest.fixture(scope="module")
def processes():
    """Children that have the imports behind them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.contract.changes"])
    return context


@pytest.mark.parametrize("kind", ["processes", "threads"])
def test_of_those_who_commit_at_once_exactly_one_wins(store, url, processes, kind):
    """And who reads meanwhile sees whole revisions, one after the other."""
    seen, done = [], threading.Event()

    def read():
        while not done.is_set():
            seen.append(store.ledger())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for revision in range(3):
            if kind == "processes":
                gate, told = processes.Barrier(2), processes.Queue()
                make = processes.Process
            else:
                gate, told = threading.Barrier(2), queue.SimpleQueue()
                make = threading.Thread
            children = [
                make(target=commit_at_once, args=(url, revision, gate, told)) for _ in range(2)
            ]
            for child in children:
                child.start()
            results = [told.get(timeout=60) for _ in children]
            for child in children:
                child.join()
            assert sorted(map(str, results)) == [str(revision + 1), "stale"]
    finally:
        done.set()
        reader.join()
    seen.append(store.ledger())
    for ledger in seen:
        assert len(ledger.receipts) == ledger.revision
        assert len(ledger.claims) == 10 * ledger.revision
    revisions = [ledger.revision for ledger in seen]
    assert revisions == sorted(revisions)
    assert revisions[-1] == 3


def test_all_who_open_a_new_registry_at_once_get_in(url, processes):
    gate, told = processes.Barrier(4), processes.Queue()
    children = [processes.Process(target=open_at_once, args=(url, gate, told)) for _ in range(4)]
    for child in children:
        child.start()
    assert [told.get(timeout=60) for _ in children] == [0] * 4
    for child in children:
        child.join()


def test_a_file_is_opened_by_one_at_a_time(tmp_path):
    """The first opener turns it to WAL; SQLite does not wait, it fails when others read then."""
    with FileLock(tmp_path / f"{FILE}.lock"):
        opener = threading.Thread(target=lambda: open_store(Settings(database_url=None), tmp_path))
        opener.start()
        opener.join(0.5)
        assert opener.is_alive()
        assert not (tmp_path / FILE).exists()
    opener.join()
    assert (tmp_path / FILE).exists()


def test_a_writer_that_waits_too_long_says_so(store, url, monkeypatch):
    monkeypatch.setattr(database, "WAIT_S", 1)
    other = DatabaseStore(connect(url))
    with store._writing(), pytest.raises(RegistryError, match=r"无法使用.*(locked|lock timeout)"):
        other.commit(change(), 0)
    assert other.commit(change(), 0).number == 1
    other.close()


def test_what_was_committed_is_there_after_closing(url):
    store = DatabaseStore(connect(url))
    commit(store, change(claims=confirmed("A", 116.4, 39.9)))
    store.close()
    store = DatabaseStore(connect(url))
    assert store.ledger().revision == 1
    assert list(store.near(116.4, 39.9, 1)) == ["A"]
    store.close()


def test_the_registry_lies_beside_the_snapshots(tmp_path, monkeypatch):
    monkeypatch.delenv("VENUENET_DATABASE_URL", raising=False)
    folder = tmp_path / "a?b=c&d%20e#f 数据"
    assert not registry_exists(folder)
    store = open_store(data=folder)
    commit(store, change())
    store.close()
    assert (folder / FILE).is_file()
    assert registry_exists(folder)
    monkeypatch.setenv("VENUENET_DATA", str(folder))
    monkeypatch.setenv("VENUENET_DATABASE_URL", "")
    store = open_store()
    assert store.ledger().revision == 1
    store.close()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_the_environment_names_a_postgresql(postgis_url, monkeypatch, tmp_path, scheme):
    url = postgis_url.replace("postgresql:", f"{scheme}:", 1)
    monkeypatch.setenv("VENUENET_DATABASE_URL", url)
    assert registry_exists(tmp_path)
    store = open_store(data=tmp_path)
    assert store._engine.driver == "psycopg"
    store.close()
    assert list(tmp_path.iterdir()) == []


def test_sqlite_survives_a_power_cut_and_keeps_its_references(tmp_path):
    store = open_store(Settings(database_url=None), tmp_path)
    asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    with store._engine.connect() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked}
    assert found == {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000,
    }  # fmt: skip
    store.close()


SECRET = "s3cr%40t/pass"


def unreachable(tmp_path, postgis_url):
    yield f"postgresql://user:{SECRET}@127.0.0.1:1/registry"
    yield f"postgresql://user:{SECRET}@no-such-host.invalid/registry"
    yield f"postgresql://127.0.0.1:1/registry?user=user&password={SECRET}"
    yield f"postgresql://user:{SECRET}@/registry?host={tmp_path}"
    stranger = make_url(postgis_url).set(username="nobody-known", password=unquote(SECRET))
    yield stranger.render_as_string(hide_password=False)
    yield f"postgresql://user:{SECRET}@127.0.0.1:1/registry?no_such_option={SECRET}"
    yield f"postgresql://user:{SECRET}@127.0.0.1:port/registry"
    yield f"mysql://user:{SECRET}@127.0.0.1/registry"
    yield f"user:{SECRET}@127.0.0.1"
    yield f"no-such-dialect://user:{SECRET}@127.0.0.1/registry"


def test_a_database_out_of_reach_is_told_without_its_password(tmp_path, postgis_url):
    for url in unreachable(tmp_path, postgis_url):
        with pytest.raises(RegistryError) as refusal:
            open_store(Settings(database_url=url), tmp_path)
        told = "".join(traceback.format_exception(refusal.value))
        assert any("\u4e00" <= c <= "\u9fff" for c in refusal.value.detail)
        for secret in (SECRET, unquote(SECRET)):
            assert secret not in told, told
    assert SECRET not in repr(Settings(database_url=url))


def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / FILE).write_text("编号,名称\n" * 500)
    with pytest.raises(RegistryError, match=f"{FILE} 无法使用"):
        open_store(Settings(database_url=None), tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(RegistryError, match="无法使用"):
        open_store(Settings(database_url=None), tmp_path / "file")


@pytest.mark.parametrize("how", ["VACUUM INTO", ".backup"])
def test_a_copy_of_the_file_made_while_in_use_is_a_registry(tmp_path, how):
    store = open_store(Settings(database_url=None), tmp_path)
    commit(store, change(claims=confirmed("A", 116.4, 39.9)), change())
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / FILE
    with closing(sqlite3.connect(tmp_path / FILE)) as source:
        if how == "VACUUM INTO":
            source.execute("VACUUM INTO ?", (str(copy),))
        else:
            with closing(sqlite3.connect(copy)) as target:
                source.backup(target)
    again = open_store(Settings(database_url=None), copy.parent)
    assert again.ledger() == store.ledger()
    assert commit(again, change()).number == 3
    again.close()
    store.close()


def test_a_dump_of_the_database_is_a_registry(postgis, postgis_url, tmp_path):
    store = DatabaseStore(connect(postgis_url))
    commit(store, change(claims=confirmed("A", 116.4, 39.9)), change())
    dump, name = tmp_path / "dump", postgis.create()
    postgis.execute("DROP EXTENSION postgis", database=name)
    for command in (
        ("pg_dump", "--format=custom", "--file", dump, "--dbname", postgis_url),
        ("pg_restore", "--exit-on-error", "--dbname", postgis.url(name), dump),
    ):
        subprocess.run([programs() / command[0], *command[1:]], check=True)
    again = DatabaseStore(connect(postgis.url(name)))
    assert again.ledger() == store.ledger()
    assert list(again.near(116.4, 39.9, 1)) == ["A"]
    assert commit(again, change()).number == 3
    again.close()
    store.close()
    postgis.drop(name)
