"""The text of a scenario, YAML or JSON, as plain values; hostile text ends in a fault.

Pure.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import yaml

from venuenet.scenarios.words import Path, Told

MOST_BYTES = 2**20
"""Size from which a text is refused unread."""
DEPTH = 8
"""How deep lists and mappings may nest; a scenario needs six."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_VALUES = {_TAG + name for name in ("null", "bool", "int", "float", "str")}
_TEXTS = {_TAG + name for name in ("timestamp", "merge", "value")}
"""Plain text that YAML would read as something else: here it is what is written."""


def plain_values(told: Told, text: str | bytes) -> Any:  # noqa: ANN401  any JSON value
    """Read a text; None after a fault. Notes in ``told.lines`` where each value begins."""
    try:
        content = text if isinstance(text, bytes) else text.encode()
        if len(content) > MOST_BYTES:
            told.say("too_large", limit="1 MiB")
            return None
        plain = content.decode("utf-8-sig")
    except UnicodeError:
        told.say("not_utf8")
        return None
    try:
        if plain.lstrip().startswith("{"):
            with suppress(ValueError):  # a flow mapping of YAML looks alike
                return json.loads(plain, object_pairs_hook=_once)
        return _yaml(told, plain)
    except _TwiceError as error:
        told.say("twice_key", value=error)
    except RecursionError:
        told.say("deep", limit=DEPTH)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        told.lines[()] = 0 if mark is None else mark.line + 1
        told.say("unreadable", value=getattr(error, "problem", None) or "YAML")
    return None


class _TwiceError(Exception):
    """A key of a JSON object stands there twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _TwiceError(key)
        found[key] = value
    return found


def _yaml(told: Told, text: str) -> Any:  # noqa: ANN401
    """Read YAML, once for what may not be in it and once for its values."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        anchor = getattr(event, "anchor", None)
        if anchor or depth > DEPTH:
            told.lines[()] = 0 if event.start_mark is None else event.start_mark.line + 1
            told.say("alias" if anchor else "deep", limit=DEPTH)
            return None
    loader = _LOADER(text)
    try:
        node = loader.get_single_node()
        return None if node is None else _value(told, loader, node, ())
    finally:
        loader.dispose()


def _value(told: Told, loader: yaml.SafeLoader, node: yaml.Node, at: Path) -> Any:  # noqa: ANN401
    told.lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
        return [_value(told, loader, item, (*at, i)) for i, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
        found: dict[str, Any] = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                told.say("shape", at, limit="a mapping of plain keys", limit_zh="以文字为键的对象")
                continue
            below = (*at, key.value)
            if key.value in found:
                told.say("twice_key", at, value=key.value)
            told.lines[below] = key.start_mark.line + 1
            found[key.value] = _value(told, loader, item, below)
        return found
    if node.tag in _TEXTS:
        return str(node.value)
    if node.tag not in _VALUES:
        told.say("tag", at, value=node.tag)
        return None
    try:
        return loader.construct_object(node)
    except (ValueError, KeyError):  # digits beyond what Python reads, `!!int x`, `!!bool x`
        told.say("number", at, value=node.value)
        return None
