"""Which filled rows of a list are no venues: titles, totals, remarks, headers, strangers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from venuenet.errors import Fault
from venuenet.registry.model import RowRef
from venuenet.sources import limits
from venuenet.sources.headers import is_header_word, meaning
from venuenet.sources.says import say
from venuenet.sources.tables import Table
from venuenet.sources.values import is_blank

Rejected = tuple[RowRef, Mapping[str, str], Fault]

_TOTAL = re.compile(
    r"(?:.{0,10}?)(?:合\s*计|小\s*计|总\s*计|共\s*计|总\s*数)[\s:：]*[\d,.]*\s*[家个处座所]?|(?:sub)?total:?",
    re.IGNORECASE,
)
_REMARK = re.compile(
    r"(?:[*※]\s*)?(?:附?注|备注|说明|填报单位|联系人|联系电话|数据来源|资料来源|来源|截至|截止|单位|例|示例|样例"
    r"|notes?|sources?)\s*(?:\d{0,2}\s*[:：]|\d{1,2}\s*[.、)）])"
    r"|(?:填表|制表|填报|审核|负责)人?(?:\s|$|[(（:：])|(?:截至|截止)(?:到|至)?\s*\d{4}\s*年",
    re.IGNORECASE,
)
_HEADING = re.compile(r"[(（]?(?:[一二三四五六七八九十]+|[IVX]+|\d{1,2})[)）、.．]\s*\S")
_FEW = 3


def reason(row: Sequence[str], name: str, *, spanned: bool) -> str | None:
    """Say why a row under the header is no venue; None for one that is.

    Parameters
    ----------
    row : sequence of str
        Its filled cells, in order.
    name : str
        What its name column says.
    spanned : bool
        Whether one cell of it is merged over several columns.

    Returns
    -------
    str, optional
        Key of ``says.SAYS``.
    """
    first = row[0]
    if any(_TOTAL.fullmatch(text) for text in (first, name)):
        return "total"
    if len(row) <= _FEW and _REMARK.match(first):
        return "remark"
    if len(row) == 1 and (spanned or (_HEADING.match(first) and first != name)):
        return "remark"
    if is_blank(name):
        return "no_letter" if name and not any(c.isalpha() for c in name) else "no_name"
    if not any(c.isalpha() for c in name):
        return "no_letter"
    return "long_name" if len(name) > limits.NAME_CHARS else None


def header_again(cells: Sequence[str], table: Table) -> bool | None:
    """Tell whether a row is a header: None for none, True for this table's, False for another's."""
    if tuple(cells) in table.heads:
        return True
    filled = [(at, cell) for at, cell in enumerate(cells) if cell]
    if not any(is_header_word(cell) for _, cell in filled[:2]):
        return None
    words = {at: m.field for at, cell in filled if (m := meaning(cell)) is not None}
    if len(words) < 2 or 2 * len(words) <= len(filled) or "name_zh" not in words.values():
        return None
    own = {at: m.field for at, m in table.meanings.items()}
    return all(own.get(at) == field for at, field in words.items())


def rejected(code: str, ref: RowRef, row: Mapping[str, str], value: str = "") -> Rejected:
    """Account for a row that is not taken."""
    limit = limits.NAME_CHARS
    return ref, row, say(code, ref.where(), ref.row, None, value=value, limit=limit)
