"""How long a list of 50,000 rows takes from file to receipt, stage by stage, and its memory.

Run ``python -m benchmarks.registry_import [--rows N] [--database URL]``; it prints the section
``import`` of benchmarks/RESULTS.md. The list is made up: places named after real townships and
stations, most with a GCJ-02 position in their district and an address, some twice under a changed
name, some without coordinates, a few cells that cannot be read, every known venue once.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import resource
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import shapely

from benchmarks.build import machine
from venuenet import crs
from venuenet.area import load
from venuenet.geocode.build import from_settings
from venuenet.geocode.settings import GeocodeSettings
from venuenet.intake import Options, import_lists, seed
from venuenet.model import LocatedVenue
from venuenet.registry.model import Actor
from venuenet.registry.resolve import register
from venuenet.registry.settle import subject_of
from venuenet.settings import Settings
from venuenet.store import open_store

KINDS = ("科普馆", "科技馆", "博物馆", "科普基地", "文化中心", "公园", "图书馆")
WORDS = (
    "星河", "蓝天", "青松", "未来", "启明", "时代", "长城", "海棠", "银杏", "春晖", "远航", "求真",
    "智慧",
    "绿洲", "晨光", "凤凰", "和平", "幸福", "东风",
)  # fmt: skip
THINGS = (
    "航天", "气象", "地质", "昆虫", "植物", "消防", "交通", "电力", "水利", "印刷",
    "陶瓷", "中医药", "机器人",
    "湿地", "天文", "海洋", "茶艺", "蜜蜂",
)  # fmt: skip


def make_list(path: Path, rows: int) -> None:
    """Write the list as CSV."""
    area, dice = load(), random.Random(1)
    towns = area.townships[area.townships["lon"].notna()].to_dict("records")
    names = dict(zip(area.districts["adcode"], area.districts["name_zh"], strict=True))
    shapes = dict(zip(area.districts["adcode"], area.districts.geometry, strict=True))
    made = []
    for v in area.venues:
        if isinstance(v, LocatedVenue) and v.adcode:
            made.append((v.name_zh, v.adcode, v.address_zh or "", v.lon, v.lat))
    while len(made) < rows:
        if len(made) > 1000 and dice.random() < 0.03:
            name, adcode, address, lon, lat = dice.choice(made)
            made.append((name.replace("科普", "科學普及")[:-1] + "馆", adcode, address, lon, lat))
            continue
        town = dice.choice(towns)
        name = (
            f"{town['name_zh'][:-2]}{dice.choice(WORDS)}{dice.choice(THINGS)}{dice.choice(KINDS)}"
        )
        road = f"{dice.choice(WORDS)}{dice.choice('东西南北中')}路{dice.randint(1, 400)}号"
        spread = 0.02
        made.append((
            name, town["adcode"], f"{names[town['adcode']]}{town['name_zh']}{road}",
            town["lon"] + dice.gauss(0, spread), town["lat"] + dice.gauss(0, spread),
        ))  # fmt: skip
    dice.shuffle(made)
    lon, lat = crs.gcj02_from_wgs84([m[3] for m in made], [m[4] for m in made])
    inside = shapely.contains_xy(
        np.array([shapes[m[1]] for m in made]), [m[3] for m in made], [m[4] for m in made]
    )
    header = (
        "序号", "场馆名称", "所属区", "地址", "类别", "经度", "纬度", "联系电话", "展厅面积（㎡）",
        "年接待量（万人次）", "开放天数", "有效期", "联系人", "备注",
    )  # fmt: skip
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for i, (m, x, y, good) in enumerate(zip(made, lon, lat, inside, strict=True), start=1):
            point = (f"{x:.6f}", f"{y:.6f}") if good and dice.random() < 0.85 else ("", "")
            area_text = dice.choice(("1200", "约800", "3,000", "暂无", "2000-3000", ""))
            writer.writerow((
                i, m[0], names[m[1]], m[2], dice.choice(KINDS), *point,
                f"010-{dice.randint(60000000, 89999999)}", area_text, f"{dice.random() * 9:.1f}",
                dice.choice(("", "250", "300", "全年")),
                dice.choice(("2021-2025", "2026-2030", "")),
                dice.choice("张王李赵"), "",
            ))  # fmt: skip


def run(path: Path, data: Path) -> None:
    seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def stage(_zh: str, en: str, _total: int):
        start = time.perf_counter()
        yield lambda _n: None
        seconds[en] += time.perf_counter() - start

    area = load()
    store = open_store(data=data)
    seed(store, area)
    subjects = [subject_of(v) for v in register(store.ledger()).values()]
    geocoder = from_settings(area, subjects, GeocodeSettings(), None)
    start = time.perf_counter()
    result = import_lists(
        store, area, [path], geocoder, actor=Actor("benchmark"), options=Options(datum="GCJ-02"),
        stage=stage,
    )  # fmt: skip
    whole = time.perf_counter() - start
    scale = 1024 if sys.platform == "linux" else 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e6
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * scale / 1e6
    start = time.perf_counter()
    again = import_lists(
        store, area, [path], geocoder, actor=Actor("benchmark"), options=Options(datum="GCJ-02")
    )
    second = time.perf_counter() - start
    assert again.receipt is None, again.counts
    kind = "PostGIS" if Settings().database_url else "SQLite"
    print(f"## import: {len(result.rows):,} rows from file to receipt ({kind})\n")
    print(f"`python -m benchmarks.registry_import`, {datetime.now(UTC):%Y-%m-%d}; {machine()}\n")
    print("| stage | seconds |\n|---|---:|")
    for name, took in seconds.items():
        print(f"| {name} | {took:.1f} |")
    print(f"| the rest (accounting) | {whole - sum(seconds.values()):.1f} |")
    print(f"| **whole** | **{whole:.1f}** |")
    print(f"| the same list again (nothing changes) | {second:.1f} |\n")
    print(f"Peak memory {peak:.0f} MB (its reader process {child:.0f} MB). Outcomes: ", end="")
    print(", ".join(f"{k} {v:,}" for k, v in sorted(result.counts.items())) + ".")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--database", help="a PostgreSQL URL; a SQLite file by default")
    asked = parser.parse_args()
    if asked.database:
        os.environ["VENUENET_DATABASE_URL"] = asked.database
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        make_list(path, asked.rows)
        run(path, Path(folder))


if __name__ == "__main__":
    main()
