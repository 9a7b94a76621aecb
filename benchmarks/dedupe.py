"""How well doubles are found among lists that name venues in their own ways.

Run ``python -m benchmarks.dedupe [--seed N] [--scale N]``. Records are made from the area pack's
venues by mishaps seen in planners' lists; beside them stand new venues that only look alike. The
weights of ``venuenet.registry.match`` were set by hand while looking at one half of the venues
("set on"); the other half ("held out") is what the figures are about. Known are always all venues.
"""

from __future__ import annotations

import argparse
import math
import random
import re
import resource
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from pypinyin import lazy_pinyin
from rapidfuzz import fuzz, process
from rapidfuzz.utils import default_process

from venuenet.area import StudyArea, load
from venuenet.crs import gcj02_from_wgs84
from venuenet.model import KINDS, LocatedVenue
from venuenet.registry import match
from venuenet.registry.model import Pair, Subject

NEGATIVES = 4
"""New venues that look alike, at most this many for each venue."""
# How often a record lacks a field the venue has, and how often it has one in its own way.
LACKS = {"district": 0.15, "address": 0.35, "point": 0.45, "kind": 0.3, "phone": 0.6}
OWN_WAY = {"address": 0.6, "second mishap": 0.15, "datum": 0.2, "precision": 0.5, "kind": 0.1}
_COMMON = bytes(b for hi in range(0xB0, 0xD7) for lo in range(0xA1, 0xFF) for b in (hi, lo))
COMMON_HAN = _COMMON.decode("gb2312")  # its commoner characters, all but the last row of them
_SHORT = """科学技术=科技 科普教育=科普 展览馆=展馆 北京大学=北大 清华大学=清华 北京林业大学=北林
北京航空航天大学=北航 北京航空航天博物馆=北航博物馆 中国地质大学=地大 北京中医药大学=北中医
中国农业大学=中国农大 中国传媒大学=中传 中国科学院=中科院 中国农业科学院=中国农科院
中国医学科学院=医科院 首都医科大学=首医大 北京市= 北京= 中国= 国家级= 区="""
SHORT = dict(re.findall(r"(\S+)=(\S*)", _SHORT))
PARTS = ("科普小屋", "温室", "天象厅", "报告厅", "儿童科学乐园", "A馆", "二期", "新馆", "游客中心")
SISTERS = ("东馆", "西馆", "(南园)", "(北园)", "(城里展馆)", "(郊区展馆)", "一号馆", "亦庄分中心")
TOPICS = ("邮票", "茶艺", "钟表", "航模", "剪纸", "蔬菜", "乐器", "足球", "宝石", "丝绸", "轮船")
# Words the rules know to tell venues apart, and others they cannot know.
_RULED = """动物/植物 航空/航天 地质/矿山 北/南 东/西 博物馆/图书馆 科技馆/文化馆 新/老
森林公园/湿地公园"""
_UNRULED = """自来水/葡萄酒 警察/警犬 印刷/印章 电影/电话 古钟/古琴 汽车/汽水 粮食/粮油 妇女/妇幼
蜜蜂/蜜桃 昆虫/昆曲 中医药/中草药 消防/消毒 园林/园艺 铁道/铁艺 天文/人文 水库/水厂 节水/节电
西瓜/冬瓜 麋鹿/驯鹿 急救/急诊 公交/公路 地图/地铁 民航/民俗 化工/化石 电信/电影 李四光/李时珍
郭守敬/郭沫若 生态/生物 规划/计划 循环/环保 安全/平安 地热/地震 葡萄酒/米酒 文化/文创
核工业/轻工业 气象/气球 展览馆/展销馆"""
RULED, UNRULED = (re.findall(r"(\S+)/(\S+)", words) for words in (_RULED, _UNRULED))


@dataclass(frozen=True)
class Record:
    """A made record: what mishap or likeness it has, and the venue it is (its own id if none)."""

    subject: Subject
    kind: str
    truth: str

    @property
    def double(self) -> bool:
        return self.truth != self.subject.id


def subjects(area: StudyArea) -> list[Subject]:
    aliases = dict(zip(area.venue_table["venue_id"], area.venue_table["aliases"], strict=True))
    found = []
    for v in area.venues:
        names = filter(None, (v.name_zh, *aliases[v.venue_id].split("|"), v.name_en))
        subject = Subject(v.venue_id, tuple(names), v.adcode, v.address_zh or "", kind=v.kind)
        if isinstance(v, LocatedVenue):
            subject = replace(subject, lon=v.lon, lat=v.lat, precision_m=v.precision_m)
        found.append(subject)
    return found


HOMOPHONES: dict[str, list[str]] = defaultdict(list)
for _c in COMMON_HAN:
    HOMOPHONES[lazy_pinyin(_c)[0]].append(_c)


def slip(name: str, rng: random.Random, what: Callable[[str], str]) -> str:
    """Replace one Chinese character by what becomes of it."""
    at = rng.choice([i for i, c in enumerate(name) if "\u4e00" <= c <= "\u9fff"])
    return name[:at] + what(name[at]) + name[at + 1 :]


def wrong_character(name: str, rng: random.Random) -> str:
    return slip(name, rng, lambda _: rng.choice(COMMON_HAN))


def missing_character(name: str, rng: random.Random) -> str:
    return slip(name, rng, lambda _: "")


def homophone(name: str, rng: random.Random) -> str:
    return slip(name, rng, lambda c: rng.choice(HOMOPHONES.get(lazy_pinyin(c)[0]) or [c]))


def shortened(name: str, rng: random.Random) -> str:
    usable = [w for w in SHORT if w in name and len(name.replace(w, SHORT[w])) > 3]
    word = rng.choice(usable) if usable else ""
    return name.replace(word, SHORT[word], 1) if word else ""


def without_brackets(name: str, rng: random.Random) -> str:
    if "(" not in name:
        return ""
    return re.sub(r"\(.*?\)", "", name) if rng.random() < 0.5 else re.sub(r"[()]", "", name)


def reordered(name: str, _rng: random.Random) -> str:
    if bracket := re.fullmatch(r"(.+)\((.+)\)", name):
        return f"{bracket[2]} {bracket[1]}"
    prefix = re.match("北京市?|中国|[\u4e00-\u9fff]{2,3}区", name)
    return f"{name[prefix.end() :]}({prefix[0]})" if prefix else ""


def signs(name: str, rng: random.Random) -> str:
    wide = name.replace("(", "（").replace(")", "）")
    square = name.replace("(", "【").replace(")", "】")
    spaced = f"{name[:2]}　{name[2:]}"
    return rng.choice([f"{name}（筹）", " ".join(name), f"《{name}》", f"{wide} ", square, spaced])


def in_pinyin(name: str, rng: random.Random) -> str:
    # pypinyin's dictionary reads 朝阳 zhaoyang; no map or list of Beijing does.
    syllables = lazy_pinyin(re.sub(r"[()]", "", name).replace("朝阳", "潮阳"))
    return rng.choice([" ", ""]).join(syllables).title()


MISHAPS: dict[str, Callable[[str, random.Random], str]] = {
    "wrong character": wrong_character,
    "missing character": missing_character,
    "homophone": homophone,
    "shortened": shortened,
    "brackets": without_brackets,
    "another order": reordered,
    "signs and spaces": signs,
    "pinyin only": in_pinyin,
}
"""Each gives "" where it cannot happen to a name."""


def doubles(venue: Subject, rng: random.Random) -> Iterable[tuple[str, str]]:
    """Names of records of this venue, each with its mishap."""
    zh, en, aliases = venue.names[0], venue.names[-1], venue.names[1:-1]
    yield from (("as it is", zh), ("English only", en), *(("alias", a) for a in aliases))
    for kind, mishap in MISHAPS.items():
        name, second = mishap(zh, rng), rng.choice(list(MISHAPS)[:-1])
        twice = MISHAPS[second](name, rng) if name and kind not in (second, "pinyin only") else ""
        if twice and rng.random() < OWN_WAY["second mishap"]:
            yield "two mishaps", twice
        elif name:
            yield kind, name


def lookalikes(
    venue: Subject, adcodes: dict[str, str], others: Sequence[Subject], rng: random.Random
) -> Iterable[tuple[str, str, Subject]]:
    """New venues that are easily taken for this one: (likeness, name, where it is)."""
    zh = venue.names[0]
    plain = re.sub(r"\(.*?\)", "", zh)
    away = replace(rng.choice([o for o in others if o.adcode != venue.adcode]), id=f"{venue.id}x")
    near = [o for o in others if o.adcode == venue.adcode and o.id != venue.id] or [away]
    neighbour = replace(rng.choice(near), id=f"{venue.id}y")
    yield "part of it, same site", plain + rng.choice(PARTS), venue
    yield "sister branch", plain + rng.choice(SISTERS), rng.choice([venue, away])
    yield "another venue, same site", f"北京{''.join(rng.sample(TOPICS, 2))}博物馆", venue
    if not any(district in zh for district in adcodes):
        yield "same name, another district", zh, away
    for word, other in RULED:
        if word in zh[2:]:
            name = zh[:2] + zh[2:].replace(word, other)
            yield "one word off, a ruled one", name, rng.choice([venue, away])
    for word, other in UNRULED:
        if word in zh:
            name = zh.replace(word, other)
            yield "one word off, none that is ruled", name, rng.choice([neighbour, away])
    for district, adcode in adcodes.items():
        if district in zh and adcode == venue.adcode:
            new = rng.choice([d for d in adcodes if d != district])
            there = [o for o in others if o.adcode == adcodes[new]]
            yield "another district's", zh.replace(district, new), rng.choice(there)


def fields(venue: Subject, name: str, key: str, rng: random.Random) -> Subject:
    """Give a record its fields: some dropped, some written another way."""
    has = {what: rng.random() >= often for what, often in LACKS.items()}
    own = {what: rng.random() < often for what, often in OWN_WAY.items()}
    address = venue.address if has["address"] else ""
    if address and own["address"]:
        wide = re.sub(r"\d", lambda m: chr(ord(m[0]) + 0xFEE0), address)
        short = re.sub("^.{2,3}区", "", address)
        options = [f"北京市{address}", short, address.removesuffix("号"), f"{address}院内", wide]
        address = rng.choice([*options, f"{address}(近地铁站)"])
    lon = lat = precision = None
    if has["point"] and venue.lon is not None and venue.lat is not None:
        if own["datum"]:
            lon, lat = (float(v) for v in gcj02_from_wgs84(venue.lon, venue.lat))
        else:
            metres, turn = 20 * 40 ** rng.random(), rng.uniform(0, 2 * math.pi)
            lat = venue.lat + metres * math.sin(turn) / 111_320
            lon = venue.lon + metres * math.cos(turn) / 111_320 / math.cos(math.radians(venue.lat))
            precision = metres * rng.uniform(0.8, 2) if own["precision"] else None
    phone = f"010-6{random.Random(venue.id).randrange(10**7):07d}" if has["phone"] else ""
    kind = (rng.choice(KINDS) if own["kind"] else venue.kind) if has["kind"] else None
    adcode = venue.adcode if has["district"] else None
    return Subject(key, (name,), adcode, address, phone, lon, lat, precision, kind)


def spelt(name: str) -> str:
    return re.sub(r"\W|北京市?|区", "", name).replace("科学技术", "科技").casefold()


def make(area: StudyArea, seed: int, *, test: bool, every: int = 1) -> list[Record]:
    """Make the records of one half of the venues, of every so many of them."""
    rng = random.Random(f"{seed}{test}")
    known = subjects(area)
    taken = {spelt(n) for k in known for n in k.names}
    names = area.districts["name_zh"].str.rstrip("区")
    adcodes = dict(zip(names, area.districts["adcode"], strict=True))
    made: list[Record] = []
    for venue in [v for v in known if (zlib.crc32(v.id.encode()) % 2 == 1) == test][::every]:
        for kind, name in doubles(venue, rng):
            key = f"r{len(made):05d}"
            made.append(Record(fields(venue, name, key, rng), kind, venue.id))
        alike = list(lookalikes(venue, adcodes, known, rng))
        for kind, name, where in rng.sample(alike, min(NEGATIVES, len(alike))):
            # A new venue must be new: no name that is another's, known or made before.
            if kind.startswith("same name") or spelt(name) not in taken:
                taken.add(spelt(name))
                key = f"r{len(made):05d}"
                made.append(Record(fields(where, name, key, rng), kind, key))
    return made


def run(area: StudyArea, seed: int, *, test: bool, every: int = 1) -> Counter[str]:
    """Match made records with the known venues and among themselves; count what came of it."""
    records = make(area, seed, test=test, every=every)
    return count(records, match.pairs([r.subject for r in records], subjects(area)))


def count(records: Sequence[Record], found: Sequence[Pair]) -> Counter[str]:
    """Count over pairs of record and known venue, and pairs of records; ``fate:kind`` by kind."""
    truth = {r.subject.id: r.truth for r in records}
    to_known = {(p.a, p.b): p.verdict for p in found if p.b not in truth}
    merges = {pair for pair, verdict in to_known.items() if verdict == "merge"}
    asks = {pair for pair, verdict in to_known.items() if verdict == "ask"}
    wrong = {a for a, b in merges if truth[a] != b}
    total = Counter(records=len(records), merges=len(merges), asks=len(asks))
    total["merged wrong"] = sum(truth[a] != b for a, b in merges)
    total["queued"] = len({a for a, _ in asks} - {a for a, _ in merges})
    for r in records:
        pair = (r.subject.id, r.truth)
        fate = "merged" if pair in merges else "asked" if pair in asks else "missed"
        if not r.double:
            fate = "asked" if any(a == r.subject.id for a, _ in asks) else "let go"
        total[f"{'merged wrong' if r.subject.id in wrong else fate}:{r.kind}"] += 1
        total["doubles"] += r.double
        total["found"] += r.double and fate != "missed"
        total["merged"] += r.double and fate == "merged"
    for p in found:
        if p.b in truth and p.verdict == "merge":
            total["twins merged"] += 1
            total["twins merged wrong"] += truth[p.a] != truth[p.b]
    return total


def share(hits: int, of: int, z: float = 1.96) -> str:
    """Print a share, its 95 % interval (Wilson 1927), and of how many."""
    part, slack = hits / of, z * z / of
    middle = (part + slack / 2) / (1 + slack)
    half = z * math.sqrt(part * (1 - part) / of + slack / of / 4) / (1 + slack)
    return f"{part:.4f} [{max(0, middle - half):.4f}, {min(1, middle + half):.4f}] of {of}"


def plain_threshold(
    area: StudyArea, records: Sequence[Record], scorer: Callable[..., float]
) -> str:
    """Merge each record with the known name most like its own, from the threshold best by F1 on."""
    names = [(n, k.id) for k in subjects(area) for n in k.names]
    ours = [r.subject.names[0] for r in records]
    scores = process.cdist(ours, [n for n, _ in names], scorer=scorer, processor=default_process)
    best, top = scores.argmax(axis=1), scores.max(axis=1)
    right = np.array([names[b][1] == r.truth for b, r in zip(best, records, strict=True)])
    wanted = sum(r.double for r in records)
    limit = max(
        set(top.tolist()), key=lambda t: right[top >= t].sum() / ((top >= t).sum() + wanted)
    )
    hits, merged = int(right[top >= limit].sum()), int((top >= limit).sum())
    return f"{limit:.0f} | {share(hits, merged)} | {share(hits, wanted)}"


def report(area: StudyArea, seeds: Sequence[int]) -> None:
    head = ("half", "seed", "records", "precision of merges", "recall: merged or asked", "merged",
            "records queued", "pairs asked", "wrong of merges among records")  # fmt: skip
    print("|", " | ".join(head), "|\n|---", "|---:" * 8, "|", sep="")
    pooled: Counter[str] = Counter()
    for test, seed in [(t, s) for t in (False, True) for s in seeds]:
        c = run(area, seed, test=test)
        pooled += c if test else Counter()
        cells = (
            "held out" if test else "set on", seed, c["records"],
            share(c["merges"] - c["merged wrong"], c["merges"]), share(c["found"], c["doubles"]),
            share(c["merged"], c["doubles"]), share(c["queued"], c["records"]), c["asks"],
            f"{c['twins merged wrong']} of {c['twins merged']}",
        )  # fmt: skip
        print("|", " | ".join(map(str, cells)), "|")
    fates = ("merged", "asked", "missed", "let go", "merged wrong")
    print(
        "\n| a record (held out, all seeds) |",
        " | ".join(fates),
        "|\n|---",
        "|---:" * 5,
        "|",
        sep="",
    )
    for kind in sorted({k.partition(":")[2] for k in pooled if ":" in k}):
        print("|", kind, "|", " | ".join(str(pooled[f"{fate}:{kind}"]) for fate in fates), "|")
    print("\n| one threshold on names, best by F1 | seed | threshold | precision | recall |")
    print("|---|---:|---:|---|---|")
    for seed in seeds:
        records = make(area, seed, test=True)
        for scorer in (fuzz.WRatio, fuzz.token_ratio):
            print(f"| {scorer.__name__} | {seed} | {plain_threshold(area, records, scorer)} |")


def many(area: StudyArea, size: int) -> tuple[list[Subject], list[Subject]]:
    """Make known venues all over the townships, and as many new ones, a third of them doubles."""
    rng = random.Random(size)
    towns = area.townships.dropna(subset=["lon"]).to_dict("records")
    plain = [re.sub("北京市?|中国|国家|[^\u4e00-\u9fff]", "", s.names[0]) for s in subjects(area)]
    words = sorted({n[i : i + 2] for n in plain for i in range(len(n) - 3)})

    def venue(key: str) -> Subject:
        town = rng.choice(towns)
        place = rng.choice(["北京", "", "中国", str(town["name_zh"])[:2]])
        name = (
            place
            + "".join(rng.sample(words, 2))
            + rng.choice(["博物馆", "科技馆", "科普基地", "公园"])
        )
        address = f"{town['name_zh']}{rng.choice(words)}路{rng.randint(1, 200)}号"
        lon, lat = (float(town[c]) + rng.gauss(0, 0.02) for c in ("lon", "lat"))
        return Subject(key, (name,), str(town["adcode"]), address, "", lon, lat, 100.0)

    known = [venue(f"k{i}") for i in range(size)]
    new = [venue(f"n{i}") for i in range(size)]
    for i in range(0, size, 3):
        mishap = rng.choice([wrong_character, missing_character, homophone])
        twin = rng.choice(known)
        new[i] = replace(twin, id=f"n{i}", names=(mishap(twin.names[0], rng),))
    return new, known


def scale(area: StudyArea, size: int) -> None:
    """Print how long each stage takes on many records, and how much memory all take."""
    new, known = many(area, size)
    clock = [(time.perf_counter(), time.process_time())]

    def took() -> str:
        clock.append((time.perf_counter(), time.process_time()))
        wall, cpu = (b - a for a, b in zip(clock[-2], clock[-1], strict=True))
        return f"{wall:.1f} s ({cpu:.1f} s of CPU)"

    ready = [match._ready(s) for s in (*known, *new)]
    print(f"reading {2 * size} records: {took()}")
    ones, _ = match._candidates(ready, len(known), within=True)
    print(f"finding {len(ones)} pairs that share a key: {took()}")
    del ready, ones
    match.read.cache_clear()
    found = match.pairs(new, known)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"pairs() in all: {took()}, {dict(Counter(p.verdict for p in found))}, peak {peak:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="this seed only (default: 1 to 5)")
    parser.add_argument("--scale", type=int, help="time this many new against as many known")
    given = parser.parse_args()
    if given.scale:
        scale(load(), given.scale)
    else:
        report(load(), range(1, 6) if given.seed is None else [given.seed])


if __name__ == "__main__":
    main()
