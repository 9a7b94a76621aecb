"""What databases can keep: text without NUL or broken characters, values that JSON can say.

The same value is always the same text, and comes back equal from plain text and from JSONB: a
tuple as a list, a float too large for decimals as the int it equals.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from venuenet.errors import RegistryError

# From here on Python writes a float as 1e+16; JSONB would return the int of that text, which for
# larger ones is another number.
_WHOLE = 1e16


def sound(text: str) -> str:
    """Return a text as it is.

    Raises
    ------
    RegistryError
        It holds a NUL or half a surrogate pair.
    """
    if "\0" not in text and (text.isascii() or _is_unicode(text)):
        return text
    raise RegistryError(
        f"文字中有数据库无法保存的字符：{text[:40]!a}",
        f"text has a character no database keeps: {text[:40]!a}",
    )


def to_json(value: Any) -> str:  # noqa: ANN401  any JSON value
    """Write a value as JSON.

    Raises
    ------
    RegistryError
        It holds a text that is not sound, NaN, infinity, or what JSON has no word for.
    """
    text = _encode(value)
    # Rare enough that looking through a text is cheaper than through every value.
    if "\\u0000" in text or "e+" in text:
        text = _encode(_mended(value))
    return sound(text)


def _encode(value: Any) -> str:  # noqa: ANN401
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise RegistryError(
            f"无法保存为 JSON（{error}）：{value!r:.80}",
            f"cannot be kept as JSON ({error}): {value!r:.80}",
        ) from error


def _as_dict(value: object) -> dict[str, Any]:
    """Help json with mappings other than dict."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, allow_nan=False, separators=(",", ":"), default=_as_dict
)


def _mended(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return sound(value)
    if isinstance(value, float):
        return int(value) if abs(value) >= _WHOLE else value
    if isinstance(value, Mapping):
        return {_mended(key): _mended(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_mended(part) for part in value]
    return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
