"""Named scenarios in a folder: what is kept, what is refused, what a crash leaves."""

import hashlib
import os
import threading
from pathlib import Path

import pytest

from venuenet.errors import BadQueryError
from venuenet.scenarios.words import ScenarioError
from venuenet.store import scenarios
from venuenet.store.scenarios import (
    ScenarioFolder,
    TooManyScenariosError,
    UnknownScenarioError,
)

TEXT = "name_zh: 关闭一馆\nname_en: close one\nedits:\n- close: V1\n"


@pytest.fixture
def folder(tmp_path):
    return ScenarioFolder(tmp_path / "data")


def text(n):
    return f"name_zh: 情景{n}\nedits:\n- close: V{n}\n"


def files(folder):
    return sorted(p.name for p in folder.root.iterdir() if p.name != ".lock")


def test_what_is_saved_is_read_under_the_hash_of_its_content(folder):
    id_, new = folder.save(TEXT)
    assert id_ == hashlib.sha256(TEXT.encode()).hexdigest()[:12]
    assert new
    assert folder.read(id_) == TEXT
    assert folder.has(id_)
    assert files(folder) == [f"{id_}.yaml"]


def test_the_same_content_is_the_same_scenario(folder):
    id_, _ = folder.save(TEXT)
    assert folder.save(TEXT) == (id_, False)
    other, new = folder.save(TEXT.replace("V1", "V2"))
    assert new
    assert other != id_
    assert len(folder.notes()) == 2


def test_a_list_tells_names_and_edits_the_latest_first(folder):
    first, _ = folder.save(TEXT)
    second, _ = folder.save(text(2))
    os.utime(folder.root / f"{first}.yaml", (1_700_000_000, 1_700_000_000))
    late, early = folder.notes()
    assert (late.id, late.name_zh, late.name_en, late.edits) == (second, "情景2", "情景2", 1)
    assert (early.id, early.name_zh, early.name_en) == (first, "关闭一馆", "close one")
    assert early.saved.isoformat() == "2023-11-14T22:13:20+00:00"
    os.utime(folder.root / f"{first}.yaml", (1_900_000_000, 1_900_000_000))
    assert folder.notes()[0].id == first


def test_a_folder_that_is_not_there_holds_nothing_and_is_not_made(folder):
    assert folder.notes() == []
    assert not folder.has("0" * 12)
    assert not folder.root.exists()


@pytest.mark.parametrize(
    "id_",
    ["0" * 12, "", "..", "../current", "a/b", "0" * 11, "0" * 13, "ABCDEF012345", "情景", "\0" * 12,
     "000000000000\n", "x" * 100_000],
)  # fmt: skip
def test_what_is_no_kept_id_is_unknown_whatever_it_looks_like(folder, id_):
    folder.save(TEXT)
    (folder.root.parent / "current").write_text("it")
    for act in (folder.read, folder.delete):
        with pytest.raises(UnknownScenarioError):
            act(id_)
    assert not folder.has(id_)
    assert (folder.root.parent / "current").exists()
    assert len(files(folder)) == 1


def test_a_deleted_scenario_is_gone(folder):
    id_, _ = folder.save(TEXT)
    folder.delete(id_)
    assert files(folder) == []
    assert not folder.notes()
    with pytest.raises(UnknownScenarioError):
        folder.read(id_)
    assert folder.save(TEXT) == (id_, True)


def test_one_too_many_is_refused_and_changes_nothing(folder, monkeypatch):
    monkeypatch.setattr(scenarios, "MOST", 3)
    kept = [folder.save(text(n))[0] for n in range(3)]
    with pytest.raises(TooManyScenariosError):
        folder.save(text(3))
    assert files(folder) == sorted(f"{id_}.yaml" for id_ in kept)
    assert folder.save(text(1)) == (kept[1], False)
    folder.delete(kept[0])
    assert folder.save(text(3))[1]


def test_one_too_long_is_refused_and_one_at_the_limit_is_not(folder):
    with pytest.raises(BadQueryError):
        folder.save("#" + "万" * (scenarios.MOST_BYTES // 3 + 1))
    assert not folder.root.exists()
    assert folder.save("#" * scenarios.MOST_BYTES)[1]


def test_a_crash_while_writing_leaves_no_scenario_and_no_rubbish_after_the_next(
    folder, monkeypatch
):
    def crash(self, target):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            folder.save(TEXT)
    assert not folder.notes()
    (left,) = files(folder)
    assert left.startswith(".new-")
    id_, new = folder.save(TEXT)
    assert new
    assert files(folder) == [f"{id_}.yaml"]


def test_a_file_is_on_the_disk_before_it_has_its_name(folder, monkeypatch):
    steps = []
    real = Path.replace
    monkeypatch.setattr(scenarios.os, "fsync", lambda _: steps.append("on the disk"))
    monkeypatch.setattr(Path, "replace", lambda p, to: (steps.append("named"), real(p, to))[1])
    folder.save(TEXT)
    assert steps == ["on the disk", "named"]


def test_a_file_changed_by_hand_is_not_taken_for_what_was_saved(folder, caplog):
    id_, _ = folder.save(TEXT)
    (folder.root / f"{id_}.yaml").write_bytes(TEXT.replace("V1", "V2").encode())
    with pytest.raises(ScenarioError):
        folder.read(id_)
    assert not folder.notes()
    assert id_ in caplog.text
    (folder.root / f"{id_}.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ScenarioError):
        folder.read(id_)


@pytest.mark.parametrize("said", ["[1, 2]", "", "name_zh: 甲", "edits: []", "{", "&a [*a, *a]"])
def test_a_file_that_is_no_scenario_is_left_out_of_the_list(folder, said, caplog):
    kept, _ = folder.save(TEXT)
    strange, _ = folder.save(said)
    assert [n.id for n in folder.notes()] == [kept]
    assert strange in caplog.text


def test_files_of_other_names_are_nobody_s(folder):
    id_, _ = folder.save(TEXT)
    (folder.root / "notes.yaml").write_text(TEXT)
    (folder.root / f"{'0' * 12}.yaml").mkdir()
    assert [n.id for n in folder.notes()] == [id_]


def test_many_who_save_at_once_keep_no_more_than_there_is_room_for(folder, monkeypatch):
    monkeypatch.setattr(scenarios, "MOST", 5)
    refused = []

    def save(n):
        try:
            ScenarioFolder(folder.root.parent).save(text(n))
        except TooManyScenariosError:
            refused.append(n)

    threads = [threading.Thread(target=save, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(folder.notes()) == 5
    assert len(refused) == 7
