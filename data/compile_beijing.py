"""Compile the facts gathered for Beijing into the area pack ``data/geo``.

Run once per edition of the facts: ``python data/compile_beijing.py FACTS [OUT]``. The tables are
rewritten, ``area.yaml`` and ``LICENSE.md`` are written by hand and only copied along.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import yaml
from pypinyin import lazy_pinyin, load_phrases_dict

HOME = Path(__file__).parent / "geo"
BY_HAND = ("area.yaml", "LICENSE.md")
METRES = "EPSG:4548"
CROWDED = 60_000
"""Residents per km² above which a township's area, or its residents, cannot be right."""
AREA_SLACK = 1.02
"""How far the known township areas may exceed their district before they are doubted."""

# Readings of place names that a general dictionary gets wrong.
READINGS = {
    "朝阳": "chao yang", "什刹海": "shi cha hai", "大栅栏": "da shi lan", "长阳": "chang yang",
    "长辛店": "chang xin dian", "长沟": "chang gou", "长哨营": "chang shao ying",
    "长椿": "chang chun", "马家堡": "ma jia pu", "劲松": "jin song", "饶乐府": "rao le fu",
    "杨镇": "yang zhen", "张镇": "zhang zhen",
}  # fmt: skip
TOWNSHIP_KINDS = (
    ("满族蒙古族乡", "Manchu and Mongol Ethnic Township"),
    ("回族乡", "Hui Ethnic Township"),
    ("满族乡", "Manchu Ethnic Township"),
    ("街道", "Subdistrict"),
    ("镇", "Town"),
    ("乡", "Township"),
)
ZONES = {"首都功能核心区/中心城区": "首都功能核心区", "平原新城/生态涵养区(山区)": "平原新城"}
TIERS = {"center_city": "hub", "center_district": "branch", "center_n": "node"}

# Names whose brackets hold another name of the same venue, and the name that is left.
OTHER_NAMES = {
    "V110101-002": ("国家自然博物馆", "北京自然博物馆"),
    "V110102-016": ("胡同科普中心", ""),
    "V110106-004": ("中国航天博物馆", "中华航天博物馆"),
    "V110107-009": ("中国科学院高能物理研究所", "北京正负电子对撞机"),
    "V110109-002": ("永定河文化博物馆", "门头沟博物馆"),
    "V110111-015": ("北京考古遗址博物馆(琉璃河遗址)", "西周燕都遗址博物馆"),
    "V110112-006": ("北京大运河博物馆", "首都博物馆东馆"),
    "V110115-002": ("北京南海子麋鹿苑博物馆", "北京麋鹿生态实验中心"),
    "V110115-005": ("北京西瓜博物馆", "中国西瓜博物馆"),
    "V110116-007": ("中国科学院北京纳米能源与系统研究所", "Maxwell科学+"),
    "V110116-009": ("高能同步辐射光源", "HEPS"),
    "V110119-002": ("延庆区地质博物馆", "中国延庆世界地质公园博物馆"),
}
# The record, and the record whose site it shares: by its note, or by the same address and point.
SAME_SITE = {
    "V110102-007": "V110102-006",
    "V110108-009": "V110108-008",
    "V110108-016": "V110108-015",
}
# What the notes and sources say, as flags: (column, pattern, flag).
VENUE_FLAGS = (
    ("note", r"PLACEHOLDER", "placeholder"),
    ("note", r"CONFLICT|mini-program says|mini-program puts it", "district_conflict"),
    ("note", r"district recalled|verify district|campus assumed", "district_unverified"),
    ("note", r"base (?:status|level) recalled", "base_unverified"),
    ("note", r"Chinese name not verified", "name_unverified"),
    ("note", r"address recalled", "address_unverified"),
    ("note", r"not a venue", "candidate_site"),
    ("source", r"2021-2025", "base_term_ended"),
)
OPEN_UNKNOWN = (
    r"PLACEHOLDER|opening state unknown|present state not verified"
    r"|visit programme not verified|2015 status|no source found"
)


def pinyin(name: str) -> str:
    """Romanise a Chinese name as one capitalised word, with apostrophes where they are due."""
    syllables = lazy_pinyin(re.sub(r"\(.*\)", "", name))
    word = "".join(f"'{s}" if i and s[0] in "aoe" else s for i, s in enumerate(syllables))
    return word[:1].upper() + word[1:]


def township_english(name: str) -> str:
    """Romanise a township and translate what it is: ``Xiaotangshan Town``."""
    suffix, kind = next(k for k in TOWNSHIP_KINDS if name.endswith(k[0]))
    stem = name.removesuffix(suffix)
    return f"{pinyin(stem if len(stem) > 1 else name)} {kind}"


def share(value: str) -> str:
    """Turn a percentage into a share of 1; blank stays blank."""
    return f"{float(value) / 100:.4f}" if value else ""


def rural(row: pd.Series) -> str:
    """Return 1 - urban share, from people where they are known, else from the rate."""
    if row.urban_population_2020:
        return f"{1 - int(row.urban_population_2020) / int(row.population_2020_census):.4f}"
    return f"{1 - float(row.urbanisation_rate_pct) / 100:.4f}" if row.urbanisation_rate_pct else ""


def districts(facts: pd.DataFrame) -> pd.DataFrame:
    """Shape the district table; unknown shares stay blank."""
    return pd.DataFrame(
        {
            "adcode": facts.adcode,
            "name_zh": facts.name_zh,
            "name_en": facts.name_en,
            "pinyin": [f"{pinyin(n.removesuffix('区'))} Qu" for n in facts.name_zh],
            "area_km2": facts.area_km2,
            "people": facts.population_2020_census,
            "zone_zh": facts.functional_zone_recalled.replace(ZONES),
            "zone_recalled": facts.functional_zone_recalled,
            "share_0_14": facts.share_0_14_pct.map(share),
            "share_60plus": facts.share_60plus_pct.map(share),
            "share_65plus": facts.share_65plus_pct.map(share),
            "share_rural": facts.apply(rural, axis=1),
            "people_source": facts.population_source,
            "area_source": facts.area_source,
            "age_source": facts.age_source,
            "rural_source": facts.urban_source,
            "note": facts.note,
        }
    ).sort_values("adcode")


def townships(facts: pd.DataFrame, district_km2: pd.Series) -> pd.DataFrame:
    """Shape the township table and flag what is missing or cannot be right."""
    area = pd.to_numeric(facts.area_km2)
    density = pd.to_numeric(facts.residents_2020) / area
    known = area.groupby(facts.adcode).sum()
    crowded_out = set(known.index[known > district_km2.reindex(known.index) * AREA_SLACK])
    rules = {
        "point_unknown": facts.lon.eq(""),
        "residents_unknown": facts.residents_2020.eq(""),
        "area_unknown": area.isna(),
        "area_doubtful": density > CROWDED,
        "area_sum_doubtful": facts.adcode.isin(crowded_out) & area.notna(),
    }
    renamed = facts.rename(
        columns={
            "code9": "township_code",
            "residents_2020": "residents",
            "n_communities_2023": "communities",
            "n_units_2023": "units",
        }
    ).assign(name_en=facts.name_zh.map(township_english), flags=joined(rules))
    columns = [
        "township_code", "name_zh", "name_en", "adcode", "lon", "lat", "point_source",
        "point_precision_m", "area_km2", "area_source", "residents", "residents_source",
        "communities", "units", "residents_other", "residents_other_year",
        "residents_other_source", "flags",
    ]  # fmt: skip
    return renamed[columns].sort_values("township_code")


def joined(rules: dict[str, pd.Series]) -> pd.Series:
    """Write one '|'-separated cell of flags per row from one mask per flag."""
    masks = pd.DataFrame(rules)
    return masks.apply(lambda row: "|".join(masks.columns[row.to_numpy(bool)]), axis=1)


def metres_outside(facts: pd.DataFrame, adcode: pd.Series, shapes: gpd.GeoDataFrame) -> pd.Series:
    """Measure how far each located venue lies outside its own district; 0 inside or unplaced."""
    located = facts[facts.lon_wgs84.ne("") & adcode.ne("")]
    points = gpd.GeoSeries(
        gpd.points_from_xy(located.lon_wgs84.astype(float), located.lat_wgs84.astype(float)),
        index=located.index,
        crs="EPSG:4326",
    ).to_crs(METRES)
    own = shapes.to_crs(METRES).geometry.reindex(adcode[located.index]).set_axis(located.index)
    return points.distance(own).reindex(facts.index, fill_value=0.0)


def venues(
    facts: pd.DataFrame, adcode_of: dict[str, str], shapes: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Shape the venue table; status, flags and other names are read from names and notes."""
    adcode = facts.district_zh.map(adcode_of).fillna("")
    outside = metres_outside(facts, adcode, shapes)
    recalled_low = facts.source.eq("recalled") & facts.confidence.eq("low")
    unknown = facts.note.str.contains(OPEN_UNKNOWN) | recalled_low
    status = unknown.map({True: "unknown", False: "open"})
    status = status.mask(facts.note.str.contains("CLOSED"), "closed")
    rules = {flag: facts[column].str.contains(text) for column, text, flag in VENUE_FLAGS}
    rules |= {
        "status_unverified": status.eq("unknown"),
        "unlocated": facts.lon_wgs84.eq(""),
        "point_recalled": facts.coord_source.str.startswith("recalled"),
        "datum_converted": facts.coord_source.str.contains("GCJ-02, converted"),
        "outside_own_district": outside > 0,
        "same_site": facts.id.isin(SAME_SITE),
    }
    away = outside.map(lambda m: f"point {m:.0f} m outside its own district polygon" if m else "")
    names = [OTHER_NAMES.get(i, (n, "")) for i, n in zip(facts.id, facts.name_zh, strict=True)]
    visits = facts.note.str.extract(r"about (\d+) visitors a year")[0]
    hall = facts.note.str.extract(r"(\d+) m2 exhibition")[0]
    return pd.DataFrame(
        {
            "venue_id": facts.id,
            "name_zh": [name for name, _ in names],
            "name_en": facts.name_en,
            "aliases": [other for _, other in names],
            "kind": facts.kind,
            "tier": facts.kind.map(TIERS).fillna("-"),
            "level": facts.level,
            "adcode": adcode,
            "address_zh": facts.address_zh,
            "lon": facts.lon_wgs84,
            "lat": facts.lat_wgs84,
            "method": facts.coord_source,
            "precision_m": facts.coord_precision_m,
            "status": status,
            "same_site_as": facts.id.map(SAME_SITE).fillna(""),
            "exhibition_m2": hall,
            "visits_per_year": visits,
            "source": facts.source,
            "confidence": facts.confidence,
            "flags": joined(rules),
            "note": ["; ".join(filter(None, pair)) for pair in zip(facts.note, away, strict=True)],
        }
    ).sort_values("venue_id")


def stations(facts: pd.DataFrame) -> pd.DataFrame:
    """Shape the station table."""
    renamed = facts.rename(columns={"coord_source": "method", "coord_precision_m": "precision_m"})
    renamed["pinyin"] = facts.name_zh.map(pinyin)
    columns = ["station_id", "name_zh", "pinyin", "lines", "lon", "lat", "precision_m", "method"]
    return renamed[columns].sort_values("station_id")


def links(facts: pd.DataFrame) -> pd.DataFrame:
    """Shape the link table: one row per line, direction and pair of stations."""
    renamed = facts.rename(columns={"run_min_mean": "run_min"})
    return renamed.drop(columns=["from_zh", "to_zh"])


def write_polygons(collection: dict[str, Any], path: Path) -> None:
    """Write the polygons as RFC 7946, one feature per line, coordinates untouched."""
    features = sorted(collection["features"], key=lambda f: int(f["properties"]["adcode"]))
    lines = []
    for feature in features:
        properties = feature["properties"]
        kept = {"adcode": str(properties["adcode"]), "name_zh": properties["name"]}
        parts = {"type": "Feature", "properties": kept, "geometry": feature["geometry"]}
        lines.append(json.dumps(parts, ensure_ascii=False))
    body = ",\n".join(lines)
    path.write_text(
        f'{{"type": "FeatureCollection", "features": [\n{body}\n]}}\n',
        encoding="utf-8",
        newline="\n",
    )


def readme(out: Path, rows: dict[str, int]) -> str:
    """Write the provenance table from area.yaml and the rows just written."""
    area = yaml.safe_load((out / "area.yaml").read_text(encoding="utf-8"))
    text = [
        f"# {area['name_zh']} · {area['name_en']}: area pack",
        "",
        "Compiled by `data/compile_beijing.py`; `area.yaml` and `LICENSE.md` are written by hand.",
        "The format is explained in `docs/area-pack.md`; blank cells are unknown, never zero.",
        "Points and polygons are WGS84 (the polygons CGCS2000, the same within centimetres).",
        f"{area['map_note_zh']}。{area['map_note_en']}.",
        "",
        "| file | rows | source | date | licence | what was derived |",
        "|---|---|---|---|---|---|",
    ]
    for name, count in rows.items():
        for source in (s for s in area["sources"] if name in s["files"]):
            cells = [f"`{name}`", f"{count:,}", source["title_en"], source["date"]]
            text.append("| " + " | ".join([*cells, source["licence"], source["derived"]]) + " |")
    credit = " · ".join(dict.fromkeys(s["attribution"] for s in area["sources"]))
    return "\n".join([*text, "", f"Credits: {credit}.", ""])


def compile_pack(facts: Path, out: Path) -> None:
    """Write every file of the pack.

    Parameters
    ----------
    facts : Path
        Folder with the gathered tables.
    out : Path
        Folder of the pack; made when it is missing.
    """
    load_phrases_dict({k: [[s] for s in v.split()] for k, v in READINGS.items()})
    out.mkdir(parents=True, exist_ok=True)
    for name in BY_HAND:
        if out.resolve() != HOME.resolve():
            shutil.copyfile(HOME / name, out / name)

    def table(name: str) -> pd.DataFrame:
        return pd.read_csv(facts / f"{name}.csv", dtype=str, keep_default_na=False)

    collection = json.loads((facts / "districts_tianditu.geojson").read_text(encoding="utf-8"))
    shapes = gpd.GeoDataFrame.from_features(collection, crs="EPSG:4326")
    shapes = shapes.set_index(shapes.adcode.astype(str))
    district = districts(table("districts"))
    km2 = district.set_index("adcode").area_km2.astype(float)
    tables = {
        "districts.csv": district,
        "townships.csv": townships(table("townships"), km2),
        "venues.csv": venues(
            table("venues"), dict(zip(district.name_zh, district.adcode, strict=True)), shapes
        ),
        "stations.csv": stations(table("subway_stations")),
        "links.csv": links(table("subway_links")),
        "transfers.csv": table("subway_transfers").drop(columns="station_zh"),
    }
    for name, frame in tables.items():
        frame.to_csv(out / name, index=False, encoding="utf-8", lineterminator="\n")
    write_polygons(collection, out / "districts.geojson")
    rows = {"districts.csv": len(district), "districts.geojson": len(shapes)}
    rows |= {name: len(frame) for name, frame in tables.items()}
    (out / "README.md").write_text(readme(out, rows), encoding="utf-8", newline="\n")


def main() -> None:
    """Read the two folders from the command line and compile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("facts", type=Path, help="folder with the gathered tables")
    parser.add_argument("out", type=Path, nargs="?", default=HOME, help="folder of the pack")
    given = parser.parse_args()
    compile_pack(given.facts, given.out)


if __name__ == "__main__":
    main()
