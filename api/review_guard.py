"""Who may change and reckon: this machine, from its own page, with the token of this start.

Until the service has accounts this is all that stands between a web page and the registry, and
between a web page and this machine's processors. A :class:`Door` says what one kind of route asks.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any, ClassVar

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from pydantic_core import from_json

from api.problems import PROBLEM_JSON, PROBLEM_SCHEMA, STATUS
from venuenet.errors import BadQueryError, RegistryError, VenuenetError

TOKEN_HEADER = "X-Venuenet-Token"
MAX_BODY = 64 * 1024
"""Bytes from which a decision is refused unread; one takes some 200."""

# Names only this machine answers to: a foreign name that resolves here (DNS rebinding) is refused.
_OWN_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", re.ASCII | re.IGNORECASE)
_PROXIED = ("x-forwarded-", "forwarded", "x-real-ip", "via")
# What browsers send of themselves and scripts do not.
_BROWSERS = ("sec-fetch-", "sec-ch-ua", "referer", "cookie")
_PRIVATE = re.compile(r"/review/|/venues/[^/]+/history$|/siting(/|$)")


class ReviewRefusedError(VenuenetError):
    """Somebody who may not review."""

    code = "review-refused"
    title = "不能在此审核"
    title_en = "No review from here"


class ReviewOffError(VenuenetError):
    """A service that was started without the review."""

    code = "review-off"
    title = "审核未开启"
    title_en = "Review is off"


class BodySizeError(BadQueryError):
    """A body longer than anything that is asked."""

    code = "body-size"


class BodyTypeError(BadQueryError):
    """A body that does not say it is JSON: what a form of a foreign page can send."""

    code = "body-type"


STATUS[ReviewRefusedError] = 403
STATUS[RegistryError] = 409
STATUS[BodySizeError] = 413
STATUS[BodyTypeError] = 415
STATUS[ReviewOffError] = 503


@dataclass(frozen=True)
class Door:
    """What one kind of route asks of whoever comes.

    Attributes
    ----------
    refused, off : type of VenuenetError
        How it tells who may not pass, and that nobody may as the service was started.
    way, way_en : str
        How to come rightly; ends what ``refused`` says.
    start, start_en : str
        How to start the service so that somebody may; ends what ``off`` says.
    registry : bool
        Whether there must be a registry behind it.
    scripts : bool
        Whether a program of this machine may write without an Origin. A browser always names
        itself: it sends an Origin with every POST and DELETE, and the fetch metadata beside it; a
        page of another place can leave out neither, nor can it send the token, which it does not
        know, without a preflight that nobody answers.
    longest : int
        Bytes of a body; one that is longer is refused unread.
    """

    refused: type[VenuenetError]
    off: type[VenuenetError]
    way: str
    way_en: str
    start: str
    start_en: str
    registry: bool = False
    scripts: bool = False
    longest: int = MAX_BODY

    def refuse(self, zh: str, en: str) -> VenuenetError:
        """Tell why somebody may not pass, and how to come rightly."""
        return self.refused(f"{zh}。{self.way}", f"{en}. {self.way_en}")


REVIEW = Door(
    refused=ReviewRefusedError,
    off=ReviewOffError,
    way="请在运行 venuenet serve 的电脑上，打开它显示的审核地址（http://127.0.0.1:…/review#token=…）",
    way_en="On the computer that runs venuenet serve, open the review address it prints "
    "(http://127.0.0.1:.../review#token=...)",
    start="服务启动时没有审核令牌，或还没有登记簿。请先用 venuenet import 导入清单，再用 "
    "venuenet serve 重新启动，并打开它显示的审核地址；自行部署时设置环境变量 "
    "VENUENET_REVIEW_TOKEN",
    start_en="the service was started without a review token, or before there was a registry. "
    "Import a list with venuenet import, start venuenet serve again and open the review "
    "address it prints; a service of your own takes the environment variable "
    "VENUENET_REVIEW_TOKEN",
    registry=True,
)


def token_door(refused: type[VenuenetError], off: type[VenuenetError], longest: int) -> Door:
    """Let pass programs and pages of this machine that have the token of this start."""
    return Door(
        refused=refused,
        off=off,
        way=f"请在运行 venuenet serve 的电脑上操作，并带上它启动时显示的令牌（{TOKEN_HEADER}）",
        way_en="Ask on the computer that runs venuenet serve, with the token it prints when it "
        f"starts ({TOKEN_HEADER})",
        start="服务启动时没有令牌。请用 venuenet serve 启动，它会显示令牌；自行部署时设置环境变量 "
        "VENUENET_REVIEW_TOKEN",
        start_en="the service was started without a token. venuenet serve makes one and prints "
        "it; a service of your own takes the environment variable VENUENET_REVIEW_TOKEN",
        scripts=True,
        longest=longest,
    )


_PROBLEM = {PROBLEM_JSON: {"schema": PROBLEM_SCHEMA}}
READ_RESPONSES: dict[int | str, dict[str, Any]] = {
    403: {"content": _PROBLEM, "description": "Not this machine, its page or its token"},
    503: {"content": _PROBLEM, "description": "Started without the review"},
}
TOKEN_RESPONSES: dict[int | str, dict[str, Any]] = {
    403: {"content": _PROBLEM, "description": "Not this machine, or without its token"},
    503: {"content": _PROBLEM, "description": "Started without a token"},
}
WRITE_RESPONSES: dict[int | str, dict[str, Any]] = {
    409: {"content": _PROBLEM, "description": "The registry cannot be changed so, or changed"},
    413: {"content": _PROBLEM, "description": f"A body above {MAX_BODY} bytes"},
    415: {"content": _PROBLEM, "description": "A body that is not application/json"},
}


class _SmallRequest(Request):
    """A request whose body is read up to so many bytes, as strict JSON."""

    longest = MAX_BODY

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            found = b""
            async for chunk in self.stream():
                found += chunk
                if len(found) > self.longest:
                    raise BodySizeError(
                        f"请求内容超过 {self.longest} 字节",
                        f"the body is longer than {self.longest} bytes",
                        param="body",
                    )
            self._body = found
        return self._body

    async def json(self) -> Any:  # noqa: ANN401  JSON is anything
        if not hasattr(self, "_json"):
            text = await self.body()
            try:
                # Unlike the json module's: no lone surrogates, no bottomless nesting, no NaN.
                self._json = from_json(text, allow_inf_nan=False)
            except ValueError as error:
                raise BadQueryError(
                    "请求内容不是有效的 JSON", "the body is not valid JSON", param="body"
                ) from error
        return self._json


class GuardedRoute(APIRoute):
    """A route that looks at who asks before it reads anything of what is asked."""

    door: ClassVar[Door] = REVIEW

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See APIRoute."""
        answer = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            check(request, self.door)
            small = _SmallRequest(request.scope, request.receive)
            small.longest = self.door.longest
            if request.method == "POST":
                await small.json()
            return await answer(small)

        return guarded


def check(request: Request, door: Door = REVIEW) -> None:
    """Let pass whoever may.

    Raises
    ------
    VenuenetError
        ``door.refused``: not from this machine, or not from its own page, or without the token;
        ``door.off``: the service has no token, or no registry where one is needed.
    BodyTypeError
        A POST that is not application/json.
    """
    host = request.headers.get("host", "")
    if request.client is None or not _is_loopback(request.client.host):
        raise door.refuse("只接受来自本机的请求", "only this machine may ask")
    if not _OWN_HOST.fullmatch(host):
        raise door.refuse("地址须为 127.0.0.1 或 localhost", "the address must be 127.0.0.1")
    if any(name.startswith(_PROXIED) for name in request.headers):
        raise door.refuse("请求经过了代理服务器", "the request came through a proxy")
    state = request.app.state
    if not state.review_token or (door.registry and state.registry is None):
        raise door.off(door.start, door.start_en)
    given = request.headers.get(TOKEN_HEADER, "")
    if not secrets.compare_digest(given.encode(), state.review_token.encode()):
        raise door.refuse("令牌缺失或已失效", f"the {TOKEN_HEADER} header is missing or outdated")
    if request.method == "GET":
        return
    if not (door.scripts and _is_script(request)):
        _check_origin(request, host, door)
    if request.method != "DELETE":
        _check_type(request)


def _check_origin(request: Request, host: str, door: Door) -> None:
    if request.headers.get("origin", "").lower() != f"{request.url.scheme}://{host}".lower():
        raise door.refuse("请求不是由本服务的页面发出的", "the request is not from our own page")


def _check_type(request: Request) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise BodyTypeError(
            "请求内容须为 application/json",
            "the content type must be application/json",
            param="content-type",
            allowed=["application/json"],
        )


def _is_script(request: Request) -> bool:
    """Whether the sender says nothing of an origin and nothing else that browsers send."""
    return not any(name == "origin" or name.startswith(_BROWSERS) for name in request.headers)


def keep_nothing(app: FastAPI) -> None:
    """Have no browser and no cache keep what the review answers, refusals included."""

    @app.middleware("http")
    async def private(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        if not _PRIVATE.match(request.scope["path"]):
            return await call_next(request)
        # Its answers change between two snapshots: a tag of the snapshot would call them the same.
        request.scope["headers"] = [h for h in request.headers.raw if h[0] != b"if-none-match"]
        response = await call_next(request)
        response.headers["Cache-Control"] = "no-store"
        if "etag" in response.headers:
            del response.headers["etag"]
        return response


def _is_loopback(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback
