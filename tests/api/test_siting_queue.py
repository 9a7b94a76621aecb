"""The queue: one process at a time, ended for certain, its end told and its memory given back.

The processes are real; what they run is written here, so that it can be slow, greedy or deadly.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import venuenet
from api.job_state import QueueFullError, UnknownJobError
from api.jobs import QUEUE, WORKER, Jobs

TASKS = '''
import os, subprocess, sys, time
from venuenet.errors import BadQueryError

def work(folder, request, tell):
    return globals()[request["do"]](request, tell)

def echo(request, tell):
    print("what a library prints")
    token = os.environ.get("VENUENET_REVIEW_TOKEN")
    return {"status": "optimal", "request": request, "token": token}

def nobody(request, tell):
    return {"status": "infeasible", "reasons": ["够不着"]}

def stopped(request, tell):
    return {"status": "time_limit", "gap": 0.1}

def gave_up(request, tell):
    return {"status": "failed", "items": []}

def slow(request, tell):
    tell("求解", "solving", 10.0, 12.5)
    time.sleep(600)

def deaf(request, tell):
    """Compiled code that never comes back, with a child of its own."""
    import signal
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open(request["pids"] + ".new", "w") as file:
        file.write(f"{os.getpid()} {child.pid}")
    os.rename(request["pids"] + ".new", request["pids"])
    tell("求解", "solving")
    while True:
        pow(3, 10**6)

def greedy(request, tell):
    held = bytearray(os.urandom(1)) * 300_000_000
    return {"status": "optimal", "held": len(held)}

def unknown(request, tell):
    tell("求解", "solving", float("nan"), float("inf"))
    time.sleep(600)

def refuse(request, tell):
    raise BadQueryError("候选点太多", "too many candidates", param="resolution", allowed=["6", "7"])

def broken(request, tell):
    return [][1]

def hungry(request, tell):
    raise MemoryError

def no_number(request, tell):
    return {"status": "optimal", "objective": float("nan")}

def die(request, tell):
    os.kill(os.getpid(), request["by"])

def leave(request, tell):
    os._exit(7)

def long(request, tell):
    return {"status": "optimal", "text": "x" * request["length"]}

def babble(request, tell):
    tell.out.write(request["line"].encode() + b"\\n")
    tell.out.flush()
    time.sleep(600)

def nice(request, tell):
    return {"status": "optimal", "nice": os.nice(0), "session": os.getsid(0) == os.getpid()}
'''
ENDS = {"done", "infeasible", "cancelled", "timed_out", "failed"}


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start a queue that runs the functions above; nothing of it is left behind."""
    (tmp_path / "siting_tasks.py").write_text(TASKS, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    begun = []

    def begin(**limits):
        begun.append(Jobs("siting_tasks:work", **limits))
        return begun[-1]

    yield begin
    for jobs in begun:
        jobs.close()


@pytest.fixture
def jobs(start):
    return start()


def put(jobs, do, time_limit_s=60, **more):
    return jobs.submit(Path("nowhere"), {"do": do, **more}, time_limit_s)


def wait(jobs, job, states=ENDS):
    """The job once it is in one of some states."""
    until = time.monotonic() + 60
    while (found := jobs.get(job.id)).status not in states:
        assert time.monotonic() < until, found
        time.sleep(0.01)
    return found


def until(true):
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def gone(pid):
    """Whether no process of this number runs; one that nobody reaped runs no more."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def children():
    """Processes this one started and that still are, even as a name only."""
    tasks = Path("/proc/self/task").glob("*/children")
    return {pid for task in tasks for pid in task.read_text(encoding="ascii").split()}


def told(problem):
    """Check that a problem speaks both languages; return it."""
    for zh, en in (("title", "title_en"), ("detail", "detail_en")):
        assert any("\u4e00" <= c <= "\u9fff" for c in problem[zh])
        assert any(c.isascii() and c.isalpha() for c in problem[en])
    return problem


# a job runs


def test_a_job_is_done_and_keeps_its_answer(jobs):
    job = put(jobs, "echo", 名="海淀")
    assert (job.status, job.position, job.seconds) == ("queued", 1, None)
    done = wait(jobs, job)
    assert done.status == "done"
    assert done.answer()["request"] == {"do": "echo", "名": "海淀"}
    assert done.problem is None
    assert done.submitted <= done.started <= done.ended
    assert done.seconds > 0


def test_one_job_runs_after_the_other(jobs):
    first, second = put(jobs, "echo", at=1), put(jobs, "echo", at=2)
    one, two = wait(jobs, first), wait(jobs, second)
    assert one.ended <= two.started
    assert [job.id for job in jobs.all()] == [second.id, first.id]


def test_a_job_tells_how_far_it_is(jobs):
    job = put(jobs, "slow")
    until(lambda: jobs.get(job.id).progress.objective)
    found = jobs.get(job.id)
    assert (found.progress.stage_zh, found.progress.stage_en) == ("求解", "solving")
    assert (found.progress.objective, found.progress.bound) == (10.0, 12.5)
    assert found.progress.gap == 0.25
    assert found.status == "running"
    assert 0 < found.seconds < jobs.get(job.id).seconds
    assert jobs.cancel(job.id).progress == found.progress


def test_what_a_solver_does_not_know_yet_is_unknown(jobs):
    job = put(jobs, "unknown")
    until(lambda: jobs.get(job.id).progress.stage_en)
    progress = jobs.get(job.id).progress
    assert (progress.objective, progress.bound, progress.gap) == (None, None, None)


def test_a_job_that_cannot_be_met_is_infeasible_with_its_reasons(jobs):
    found = wait(jobs, put(jobs, "nobody"))
    assert (found.status, found.answer()["reasons"]) == ("infeasible", ["够不着"])


def test_a_solver_that_stopped_at_its_own_limit_has_an_answer(jobs):
    found = wait(jobs, put(jobs, "stopped"))
    assert (found.status, found.answer()["status"]) == ("done", "time_limit")


def test_a_worker_gives_way_to_the_service_and_knows_no_token(jobs, monkeypatch):
    monkeypatch.setenv("VENUENET_REVIEW_TOKEN", "secret")
    assert wait(jobs, put(jobs, "nice")).answer() == {
        "status": "optimal",
        "nice": 19,
        "session": True,
    }
    assert wait(jobs, put(jobs, "echo")).answer()["token"] is None


def test_a_solver_that_failed_has_no_answer(jobs):
    found = wait(jobs, put(jobs, "gave_up"))
    assert (found.status, found.result) == ("failed", None)
    assert told(found.problem)["code"] == "solver-failed"


# a job ends


@pytest.fixture
def deaf(jobs, tmp_path):
    """A job that hears no signal, running, and the numbers of its processes."""

    def begin(time_limit_s=60, queue=jobs):
        job = put(queue, "deaf", time_limit_s, pids=str(tmp_path / "pids"))
        until((tmp_path / "pids").exists)
        return job, [int(p) for p in (tmp_path / "pids").read_text().split()]

    return begin


def test_a_running_job_is_cancelled_with_all_it_started(jobs, deaf):
    job, pids = deaf()
    assert not any(gone(pid) for pid in pids)
    assert jobs.cancel(job.id).status == "cancelled"
    until(lambda: all(gone(pid) for pid in pids))
    after = wait(jobs, put(jobs, "echo"))
    assert after.status == "done"
    assert jobs.get(job.id).status == "cancelled"
    assert str(pids[0]) not in children()


def test_a_waiting_job_is_cancelled_and_never_runs(jobs):
    first, second, third = put(jobs, "slow"), put(jobs, "echo"), put(jobs, "echo")
    wait(jobs, first, {"running"})
    assert [jobs.get(j.id).position for j in (first, second, third)] == [None, 1, 2]
    assert jobs.cancel(second.id).status == "cancelled"
    assert jobs.get(third.id).position == 1
    jobs.cancel(first.id)
    assert wait(jobs, third).status == "done"
    found = jobs.get(second.id)
    assert (found.status, found.started, found.result) == ("cancelled", None, None)


def test_cancelling_again_or_too_late_changes_nothing(jobs):
    done = wait(jobs, put(jobs, "echo"))
    assert jobs.cancel(done.id) == done
    job = put(jobs, "slow")
    cancelled = jobs.cancel(job.id)
    assert jobs.cancel(job.id) == cancelled


def test_a_job_beyond_its_time_is_ended_whatever_it_does(start, deaf):
    jobs = start(grace_s=1.0)
    job, pids = deaf(1.0, jobs)
    found = wait(jobs, job)
    assert (found.status, found.limit_s, found.result) == ("timed_out", 2.0, None)
    assert found.seconds >= 2.0
    assert "2 s" in told(found.problem)["detail_en"]
    until(lambda: all(gone(pid) for pid in pids))
    assert wait(jobs, put(jobs, "echo", 60)).status == "done"


@pytest.mark.parametrize(
    ("do", "more", "says"),
    [
        ("die", {"by": signal.SIGKILL}, "SIGKILL"),
        ("die", {"by": signal.SIGSEGV}, "SIGSEGV"),
        ("leave", {}, "exit 7"),
        ("babble", {"line": "progress\tno json"}, "SIGKILL"),
        ("babble", {"line": "progress\t[]"}, "SIGKILL"),
        ("babble", {"line": "what a library prints"}, "SIGKILL"),
    ],
)
def test_a_worker_that_dies_is_told_and_the_next_job_runs(jobs, do, more, says):
    found, after = (wait(jobs, put(jobs, what, **m)) for what, m in ((do, more), ("echo", {})))
    assert (found.status, found.result) == ("failed", None)
    assert found.problem["code"] == "worker-died"
    assert says in told(found.problem)["detail_en"]
    assert after.status == "done"


def test_a_worker_killed_from_outside_is_told(jobs, deaf):
    job, pids = deaf()
    os.kill(pids[0], signal.SIGKILL)
    assert wait(jobs, job).problem["code"] == "worker-died"
    until(lambda: all(gone(pid) for pid in pids))


def test_a_worker_that_cannot_be_started_is_told(jobs, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    found = wait(jobs, put(jobs, "echo"))
    assert (found.status, found.problem["code"]) == ("failed", "worker-died")
    monkeypatch.undo()
    assert jobs.get(found.id) == found


def test_what_the_worker_refuses_keeps_its_words(jobs):
    problem = wait(jobs, put(jobs, "refuse")).problem
    assert problem["code"] == "bad-query"
    assert (problem["param"], problem["allowed"]) == ("resolution", ["6", "7"])
    assert (problem["detail"], problem["detail_en"]) == ("候选点太多", "too many candidates")


@pytest.mark.parametrize(
    ("do", "says"), [("broken", "IndexError"), ("hungry", "memory"), ("no_number", "ValueError")]
)
def test_a_fault_of_ours_is_a_failed_job(jobs, do, says):
    found = wait(jobs, put(jobs, do))
    assert (found.status, found.problem["code"]) == ("failed", "worker-failed")
    assert says in told(found.problem)["detail_en"]


def test_a_result_may_be_so_long_and_no_longer(start):
    jobs = start(longest=1000)
    line = len('done\t{"status": "optimal", "text": ""}\n')
    most = wait(jobs, put(jobs, "long", length=999 - line))
    assert (most.status, len(most.answer()["text"])) == ("done", 999 - line)
    more = wait(jobs, put(jobs, "long", length=1000 - line))
    assert (more.status, told(more.problem)["code"]) == ("failed", "result-size")


def test_the_memory_of_a_job_goes_with_it(jobs):
    def resident():
        line = Path("/proc/self/statm").read_text(encoding="ascii")
        return int(line.split()[1]) * os.sysconf("SC_PAGE_SIZE")

    wait(jobs, put(jobs, "echo"))
    before = resident()
    for _ in range(3):
        assert wait(jobs, put(jobs, "greedy")).answer()["held"] == 300_000_000
    assert resident() - before < 20e6


# many jobs


def test_so_many_wait_and_one_more_is_refused(jobs):
    first = put(jobs, "slow")
    wait(jobs, first, {"running"})
    waiting = [put(jobs, "echo") for _ in range(QUEUE)]
    assert [jobs.get(j.id).position for j in waiting] == list(range(1, QUEUE + 1))
    with pytest.raises(QueueFullError) as refused:
        put(jobs, "echo")
    assert 1 <= refused.value.retry_after_s <= first.limit_s
    assert str(QUEUE) in refused.value.detail
    assert len(jobs.all()) == QUEUE + 1
    for job in [first, *waiting]:
        assert jobs.cancel(job.id).status == "cancelled"
    assert wait(jobs, put(jobs, "echo")).status == "done"


def test_the_latest_jobs_are_kept(start):
    jobs = start(keep=2)
    ids = [wait(jobs, put(jobs, "nobody")).id for _ in range(3)]
    assert [job.id for job in jobs.all()] == [ids[2], ids[1]]
    with pytest.raises(UnknownJobError):
        jobs.get(ids[0])
    with pytest.raises(UnknownJobError):
        jobs.cancel(ids[0])


def test_no_more_is_kept_than_so_many_bytes_but_always_the_latest(start):
    jobs = start(keep_bytes=2500)
    ids = [wait(jobs, put(jobs, "long", length=1000)).id for _ in range(3)]
    assert [job.id for job in jobs.all()] == [ids[2], ids[1]]
    large = wait(jobs, put(jobs, "long", length=5000)).id
    assert [job.id for job in jobs.all()] == [large]


def test_jobs_put_and_cancelled_by_many_at_once_all_end(start):
    jobs = start(queue=100)

    def hand(number):
        for at in range(5):
            job = put(jobs, "slow" if (number + at) % 2 else "nobody")
            jobs.cancel(job.id)

    hands = [threading.Thread(target=hand, args=(n,)) for n in range(8)]
    for each in hands:
        each.start()
    for each in hands:
        each.join()
    assert wait(jobs, put(jobs, "echo")).status == "done"
    assert {job.status for job in jobs.all()} <= {"cancelled", "infeasible", "done"}


# the service stops


def test_a_queue_that_is_closed_leaves_no_process_and_takes_no_job(jobs, deaf):
    job, pids = deaf()
    waiting = put(jobs, "echo")
    jobs.close()
    assert all(gone(pid) for pid in pids[:1])
    assert str(pids[0]) not in children()
    until(lambda: all(gone(pid) for pid in pids))
    assert {jobs.get(j.id).status for j in (job, waiting)} == {"cancelled"}
    with pytest.raises(QueueFullError):
        put(jobs, "echo")
    jobs.close()


def test_a_worker_ends_with_the_service_that_started_it_however_that_ended(start, tmp_path):
    start()
    pids = tmp_path / "pids"
    task = {"run": "siting_tasks:work", "folder": "", "request": {"do": "deaf", "pids": str(pids)}}
    worker = subprocess.Popen(
        [sys.executable, "-m", WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        cwd=Path(venuenet.__file__).parents[1],
    )
    worker.stdin.write(json.dumps(task).encode() + b"\n")
    worker.stdin.flush()
    until(pids.exists)
    numbers = [int(p) for p in pids.read_text().split()]
    worker.stdin.close()  # as the system does for a service that is killed
    assert worker.wait(60) == -signal.SIGKILL
    worker.stdout.close()
    until(lambda: all(gone(pid) for pid in numbers))
