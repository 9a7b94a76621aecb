"""One base error; each kind has a stable code, a title in zh and en, and says how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class VenuenetError(ValueError):
    """Anything venuenet refuses, told in both languages.

    Parameters
    ----------
    detail, detail_en : str
        What is wrong, where, and how to mend it, in Chinese and in English.
    param : str, optional
        The parameter or file at fault.
    allowed : sequence of str, optional
        The values that would have been accepted.
    """

    code = "error"
    title = "出错了"
    title_en = "Something went wrong"

    def __init__(
        self,
        detail: str,
        detail_en: str,
        *,
        param: str | None = None,
        allowed: Sequence[str] | None = None,
    ) -> None:
        super().__init__(f"{self.title}：{detail} | {self.title_en}: {detail_en}")
        self.detail = detail
        self.detail_en = detail_en
        self.param = param
        self.allowed = list(allowed) if allowed is not None else None


class BadQueryError(VenuenetError):
    """A parameter that cannot be understood or contradicts another."""

    code = "bad-query"
    title = "参数有误"
    title_en = "Bad parameter"


class UnknownNameError(VenuenetError):
    """A district, venue or standard nobody has heard of."""

    code = "unknown-name"
    title = "查无此项"
    title_en = "Unknown name"


class FaultsError(VenuenetError):
    """Input with faults: refused as a whole, and told all at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = list(faults)
        super().__init__(
            f"共 {len(self.faults)} 处：" + "；".join(f.zh() for f in self.faults[:5]),
            f"{len(self.faults)} faults: " + "; ".join(f.en() for f in self.faults[:5]),
        )


class AreaPackError(FaultsError):
    """An area pack whose tables do not hold together; carries every fault found."""

    code = "bad-area-pack"
    title = "区域数据包有误"
    title_en = "Bad area pack"


class SnapshotError(VenuenetError):
    """A snapshot that is missing, damaged or written by another version."""

    code = "bad-snapshot"
    title = "成果快照不可用"
    title_en = "Snapshot not usable"


class SourceError(FaultsError):
    """A list that cannot be taken at all; nothing was changed. Carries every fault found."""

    code = "bad-list"
    title = "清单无法导入"
    title_en = "List cannot be imported"


class TravelDataError(FaultsError):
    """Roads, a timetable or a matrix that cannot be used as it is; carries every fault found."""

    code = "bad-travel-data"
    title = "出行数据有误"
    title_en = "Bad travel data"


class NetworkFileError(VenuenetError):
    """A network file of ours that is missing, damaged or written by another version."""

    code = "bad-network-file"
    title = "路网文件不可用"
    title_en = "Network file not usable"

    def __init__(self, name: str, kind: str) -> None:
        super().__init__(
            f"{name} 不是本版本的 {kind} 文件，请用 venuenet network build 重新生成",
            f"{name} is no {kind} file of this version; make it again with venuenet network build",
            param=name,
        )


class GeocodeError(VenuenetError):
    """A geocoding service that did not answer: key, quota, network."""

    code = "geocoder"
    title = "地理编码服务未应答"
    title_en = "Geocoder did not answer"


class RegistryError(VenuenetError):
    """A change of the registry that cannot be made as things stand."""

    code = "registry"
    title = "登记簿无法更改"
    title_en = "Registry cannot be changed"


class StaleRegistryError(RegistryError):
    """Another change came between reading and writing; read again and repeat."""

    code = "registry-stale"
    title = "登记簿已被他人更改"
    title_en = "Registry changed meanwhile"


@dataclass(frozen=True)
class Fault:
    """One thing wrong in one place: file, row and column as a spreadsheet shows them."""

    file: str
    row: int | None
    column: str | None
    what_zh: str
    what_en: str
    mend_zh: str
    mend_en: str

    def _place(self) -> str:
        parts = [self.file]
        if self.row is not None:
            parts.append(f"row {self.row}")
        if self.column is not None:
            parts.append(self.column)
        return ":".join(parts)

    def zh(self) -> str:
        """Return the fault as one Chinese sentence."""
        return f"{self._place()} {self.what_zh}（{self.mend_zh}）"

    def en(self) -> str:
        """Return the fault as one English sentence."""
        return f"{self._place()} {self.what_en} ({self.mend_en})"
