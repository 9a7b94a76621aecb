"""Asks one provider over the network: paced, bounded in time and size, and silent about its key.

Nothing here knows what the answers mean; ``providers.py`` does.
"""

from __future__ import annotations

import json
import logging
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal, TypeVar

import httpx

from venuenet import __version__
from venuenet.errors import GeocodeError

T = TypeVar("T")

MAX_BYTES = 256 * 2**10
"""Largest answer read; a geocoder's has some kilobytes."""
GIVE_UP_AFTER = 3
"""Queries in a row without an answer after which a provider is left alone."""
_SHUT = (401, 403, 418)
"""Statuses that mean the key or the caller is refused; 418 is the Tianditu firewall's."""


class Trouble(Exception):  # noqa: N818  the state of a request, turned into a GeocodeError
    """Why a provider did not answer, and what may be done.

    ``again``: try once more. ``busy``: too fast, try more slowly; off when that does not help.
    ``off``: key or quota, do not ask again in this run. ``bad``: the answer is no use.
    ``query``: the provider is well but cannot make sense of this query.
    """

    def __init__(
        self,
        kind: Literal["again", "busy", "off", "bad", "query"],
        zh: str,
        en: str,
        after_s: float = 0.0,
    ) -> None:
        super().__init__(en)
        self.kind = kind
        self.zh = zh
        self.en = en
        self.after_s = after_s


@dataclass(frozen=True)
class Limits:
    """How a provider may be asked.

    Attributes
    ----------
    per_second : float
        Requests, at most; evenly spaced.
    timeout_s : float
        Longest silence of the server.
    deadline_s : float
        For one query with all its retries, however slowly the server drips.
    tries : int
        Requests per query, at most.
    in_all : int, optional
        Requests in the life of the client, at most.
    """

    per_second: float
    timeout_s: float = 5.0
    deadline_s: float = 15.0
    tries: int = 3
    in_all: int | None = None


class Client:
    """Asks one provider.

    Parameters
    ----------
    zh, en : str
        Its name, for what people read.
    url : str
        Where it is asked; redirects are not followed.
    limits : Limits
    key : (parameter, value), optional
        Added on the wire only: neither logs nor errors nor answers hold it.
    clock, sleep : callable, optional
        The time in seconds, and how to wait.
    """

    def __init__(
        self,
        zh: str,
        en: str,
        url: str,
        limits: Limits,
        key: tuple[str, str] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._names = (zh, en)
        self._url = url
        self._limits = limits
        self._key = key
        self._clock = clock
        self._sleep = sleep
        # An http:// mirror needs no certificates; an empty context trusts nobody.
        secure = url.startswith("https:")
        self._tls = (
            ssl.create_default_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        )
        self._lock = threading.Lock()
        self._next_turn = 0.0
        self._asked = 0
        self._failed = 0
        self._off: GeocodeError | None = None

    def ask(self, params: Mapping[str, str], read: Callable[[Any], T]) -> tuple[Any, T]:
        """Ask once, with retries where they can help.

        Parameters
        ----------
        params : mapping
            The query string without the key.
        read : callable
            Makes sense of the JSON body; raises Trouble where the body says that something is
            wrong, anything else where it is not of the expected shape.

        Returns
        -------
        body : JSON value
        found
            What ``read`` made of it.

        Raises
        ------
        GeocodeError
            No answer. Once a provider is off, the same error every time, without a request.
        """
        if self._off is not None:
            raise self._off.with_traceback(None)  # else it grows with every raise
        outcome = self._patiently(params, read)
        if isinstance(outcome, Trouble):
            raise self._given_up(outcome)
        self._failed = 0
        return outcome

    def _patiently(
        self, params: Mapping[str, str], read: Callable[[Any], T]
    ) -> tuple[Any, T] | Trouble:
        """Try until there is an answer, a trouble that will not pass, or no time left."""
        deadline = None
        for attempt in range(1, self._limits.tries + 1):
            refused = self._take_turn()
            if refused is not None:
                return refused
            deadline = deadline or self._clock() + self._limits.deadline_s
            outcome = self._once(params, read, deadline)
            if not isinstance(outcome, Trouble) or outcome.kind not in ("again", "busy"):
                break
            wait = max(outcome.after_s, 0.5 * 2 ** (attempt - 1) * random.uniform(0.75, 1.25))
            if attempt == self._limits.tries or self._clock() + wait > deadline:
                break
            self._sleep(wait)
        return outcome

    def _take_turn(self) -> Trouble | None:
        """Wait until the next request is due."""
        with self._lock:
            if self._limits.in_all is not None and self._asked >= self._limits.in_all:
                return Trouble(
                    "off",
                    f"公共服务不得批量使用，本次已请求 {self._asked} 次；请改用自建服务",
                    f"the public service is not for bulk use and was asked {self._asked} times; "
                    "use one of your own",
                )
            self._asked += 1
            now = self._clock()
            turn = max(now, self._next_turn)
            self._next_turn = turn + 1 / self._limits.per_second
        if turn > now:
            self._sleep(turn - now)
        return None

    def _given_up(self, trouble: Trouble) -> GeocodeError:
        zh, en = self._names
        self._failed += trouble.kind != "query"
        stop = trouble.kind in ("off", "busy") or self._failed >= GIVE_UP_AFTER
        error = GeocodeError(
            f"{zh}：{trouble.zh}" + ("；本次运行不再请求" if stop else ""),
            f"{en}: {trouble.en}" + ("; not asked again in this run" if stop else ""),
        )
        if stop:
            self._off = error
        return error

    def _once(
        self, params: Mapping[str, str], read: Callable[[Any], T], deadline: float
    ) -> tuple[Any, T] | Trouble:
        body = self._fetched(params, deadline)
        if isinstance(body, Trouble):
            return body
        try:
            return body, read(body)
        except Trouble as trouble:
            return trouble
        except (AttributeError, LookupError, TypeError, ValueError):
            return Trouble("bad", "应答格式与约定不符", "its answer has not the agreed form")

    def _fetched(self, params: Mapping[str, str], deadline: float) -> Any:  # noqa: ANN401
        """Return the JSON body, or the trouble; no exception of httpx survives, nor its request."""
        try:
            return json.loads(self._fetch(params, deadline))
        except Trouble as trouble:
            return trouble
        except httpx.TimeoutException:
            return Trouble("again", "超时未应答", "no answer in time")
        except (ValueError, RecursionError):
            return Trouble("bad", "应答不是有效的 JSON", "its answer is not JSON")
        except (httpx.HTTPError, httpx.StreamError, RuntimeError, OSError):
            return Trouble("again", "无法连接或连接中断", "cannot be reached or broke off")

    def _fetch(self, params: Mapping[str, str], deadline: float) -> str:
        left = deadline - self._clock()
        if left <= 0:
            raise Trouble("again", "超时未应答", "no answer in time")
        timeout = httpx.Timeout(min(self._limits.timeout_s, left))
        headers = {
            "User-Agent": f"venuenet/{__version__} (science venue register)",
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # the size read is the size sent
        }
        wire = _Wire(httpx.HTTPTransport(verify=self._tls), self._key)
        with (
            _veiled(self._key),
            httpx.Client(transport=wire, timeout=timeout, headers=headers) as http,
        ):
            # A timeout bounds silence, not a drip; closing the connection bounds both.
            alarm = threading.Timer(left, http.close)
            alarm.daemon = True
            alarm.start()
            try:
                with http.stream("GET", self._url, params=dict(params)) as response:
                    body = self._body(response)
                    self._check(response, body)
                    return body
            finally:
                alarm.cancel()

    def _body(self, response: httpx.Response) -> str:
        content = bytearray()
        for chunk in response.iter_raw():
            content += chunk
            if len(content) > MAX_BYTES:
                raise Trouble(
                    "bad",
                    f"应答超过 {MAX_BYTES // 1024} KB",
                    f"its answer exceeds {MAX_BYTES // 1024} KB",
                )
        text = content.decode("utf-8")
        return text if self._key is None else text.replace(self._key[1], "***")

    @staticmethod
    def _check(response: httpx.Response, body: str) -> None:
        status = response.status_code
        if status == 200:
            return
        said = _message(body)
        told = f"HTTP {status}{said}"
        after = _after(response)
        if status == 429:
            raise Trouble("busy", f"请求过快（{told}）", f"too many requests ({told})", after)
        if status >= 500:
            raise Trouble("again", f"服务出错（{told}）", f"server error ({told})", after)
        if status in _SHUT:
            raise Trouble("off", f"密钥或权限被拒（{told}）", f"key or permission refused ({told})")
        if 300 <= status < 400:
            raise Trouble("bad", "转向别处，未跟随", "redirects elsewhere, which is not followed")
        raise Trouble("bad", f"请求被拒（{told}）", f"request refused ({told})")


class _Wire(httpx.BaseTransport):
    """Adds the key just before a request leaves: httpx logs and its errors show the URL."""

    def __init__(self, inner: httpx.HTTPTransport, key: tuple[str, str] | None) -> None:
        self._inner = inner
        self._key = key

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx.BaseTransport."""
        if self._key is not None:
            request = httpx.Request(
                request.method,
                request.url.copy_merge_params(dict([self._key])),
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        return self._inner.handle_request(request)

    def close(self) -> None:
        """See httpx.BaseTransport."""
        self._inner.close()


@contextmanager
def _veiled(key: tuple[str, str] | None) -> Iterator[None]:
    """Keep the key out of httpcore's debug log, which shows the headers a server sends back."""

    def veil(record: logging.LogRecord) -> bool:
        record.msg, record.args = record.getMessage().replace(key[1] if key else "\0", "***"), None
        return True

    log = logging.getLogger("httpcore.http11")
    log.addFilter(veil)
    try:
        yield
    finally:
        log.removeFilter(veil)


def clean(text: object) -> str:
    """Return a provider's words fit to show: one line, short, printable."""
    return "".join(c for c in " ".join(str(text).split()) if c.isprintable())[:120]


def _message(body: str) -> str:
    """Return what an error page in JSON says, with a colon before it."""
    with suppress(ValueError, RecursionError, AttributeError):
        told = json.loads(body)
        parts = [told.get("code"), told.get("msg") or told.get("message") or told.get("info")]
        said = clean(" ".join(str(p) for p in parts if p))
        return f": {said}" if said else ""
    return ""


def _after(response: httpx.Response) -> float:
    """Read Retry-After: seconds or a date; 0 where it is missing or makes no sense."""
    value = response.headers.get("Retry-After", "")
    with suppress(ValueError):
        return max(0.0, float(value))
    with suppress(ValueError, TypeError):  # a date without its zone is no instant
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    return 0.0
