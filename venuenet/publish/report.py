"""The district report: one HTML page set that prints on A4, with nothing to fetch."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jinja2
from markupsafe import Markup, escape
from pydantic import BaseModel

from venuenet.area import resolve_district
from venuenet.model import KINDS, SCIENCE_KINDS, Question
from venuenet.publish import words
from venuenet.publish.answers import Row, times_for
from venuenet.publish.district import (
    count_venues,
    district_facts,
    findings,
    marked,
    rank_text,
)
from venuenet.publish.geo import credits
from venuenet.publish.how import (
    all_estimated,
    basis_of,
    group_note,
    is_estimate,
    traveller_note,
    traveller_words,
    ways_made,
)
from venuenet.publish.sketch import district_sketch, symbol
from venuenet.publish.snapshot import Snapshot
from venuenet.publish.words import Lang, checked_lang, flag_text, word
from venuenet.standards import Value

__all__ = ["assumption_rows", "flag_text", "report_html"]

TOP_GAPS = 20
SEEN_IN_COLUMNS = ("unlocated", "status_unverified")
_CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]")


def report_html(snapshot: Snapshot, adcode: str, question: Question, lang: str = "zh") -> str:
    """Write the coverage and gap report of one district.

    Parameters
    ----------
    adcode : str
        The district's code (a name is understood as well).
    question : Question
        What the report is about; all standards of the snapshot stand beside it.
    lang : str
        ``zh`` (English headings beside the Chinese ones) or ``en``.

    Returns
    -------
    str
        One HTML document that loads nothing: no script, no font, no picture from elsewhere.

    Raises
    ------
    UnknownNameError
        No such district.
    BadQueryError
        A language that is not offered.
    """
    tongue = checked_lang(lang)
    adcode = resolve_district(snapshot.area, adcode)
    facts = district_facts(snapshot, adcode, question)
    sketch = district_sketch(snapshot, adcode, question, facts.numbers, tongue)
    return (
        _environment(tongue)
        .get_template("report.html.j2")
        .render(
            snapshot=snapshot,
            manifest=snapshot.manifest,
            credits=credits(snapshot),
            facts=facts,
            question=question,
            asked=words.question_text(snapshot, question, tongue),
            who=words.group_name(snapshot, question.group, tongue),
            findings=findings(snapshot, facts, tongue),
            counts=count_venues(facts, question),
            town_marks=marked(facts.towns, tongue),
            group_notes=_group_notes(snapshot, tongue),
            sketch=sketch,
            map_svg=Markup(sketch.svg),
            drawn_kinds=[k for k in KINDS if any(v["kind"] == k for v in facts.venues)],
            assumptions=assumption_rows(snapshot, tongue),
            cell_km2=f"{snapshot.demand.area_km2.mean():.2f}",
            samples=times_for(snapshot, question).samples,
            top=TOP_GAPS,
            estimated=is_estimate(times_for(snapshot, question)),
            all_estimated=all_estimated(snapshot),
            ways=[words.pick(said, tongue) for said in ways_made(snapshot)],
            traveller=words.picked(traveller_words(snapshot.manifest), tongue),
            traveller_note=words.picked(traveller_note(snapshot), tongue),
            unknown=_unknown(snapshot, tongue),
        )
    )


def _unknown(snapshot: Snapshot, lang: Lang) -> str:
    """Name what travel times leave out, as the snapshot's networks leave it."""
    bases = {basis_of(t) for t in snapshot.times.values()}
    missing = []
    if not bases & {"feed", "timetable"} and basis_of(snapshot.times["transit"]) != "matrix":
        missing.append(("地面公交；", "surface transit; "))
    if all_estimated(snapshot):
        missing.append(("真实步行和道路网络；", "real walking and road networks; "))
    return "".join(words.pick(m, lang) for m in missing)


def assumption_rows(snapshot: Snapshot, lang: Lang) -> list[Row]:
    """List every assumed value with its unit, source and confidence, in plain words."""
    return [
        {
            "name": name,
            "value": _period(snapshot, value.value, lang),
            "unit": word(words.UNITS, value.unit, lang),
            "source": value.source,
            "confidence": word(words.CONFIDENCES, value.confidence, lang),
        }
        for name, value in _values(snapshot.assumptions, "", lang)
    ] + _travel_rows(snapshot, lang)


def _travel_rows(snapshot: Snapshot, lang: Lang) -> list[Row]:
    """List what a build with networks, or for another traveller, assumes beside the estimates."""
    travel = snapshot.manifest.parameters.get("travel")
    if travel is None:
        return []
    rules = travel["rules"]
    values = {**rules["travellers"][travel["traveller"]], **rules["streets"]}
    return [
        {
            "name": word(words.ASSUMPTIONS, f"travel.{key}", lang),
            "value": value["value"],
            "unit": word(words.UNITS, value["unit"], lang),
            "source": value["source"],
            "confidence": word(words.CONFIDENCES, value["confidence"], lang),
        }
        for key, value in values.items()
        if isinstance(value, dict)
    ]


def _values(model: BaseModel, path: str, lang: Lang) -> list[tuple[str, Value[Any]]]:
    found: list[tuple[str, Value[Any]]] = []
    for key, thing in model:
        here = f"{path}.{key}" if path else key
        if isinstance(thing, Value):
            found.append((word(words.ASSUMPTIONS, here, lang), thing))
        elif isinstance(thing, BaseModel):
            found += _values(thing, here, lang)
        elif isinstance(thing, dict):
            name = word(words.ASSUMPTIONS, here, lang)
            colon = "：" if lang == "zh" else ": "
            found += [(f"{name}{colon}{zone}", value) for zone, value in thing.items()]
    return found


def _period(snapshot: Snapshot, value: object, lang: Lang) -> object:
    """Name a period; any other value stays what it is."""
    for period in snapshot.area.meta.periods:
        if value == period.id:
            return words.pick((period.name_zh, period.name_en), lang)
    return value


def _group_notes(snapshot: Snapshot, lang: Lang) -> dict[str, str]:
    ids = [g.id for g in snapshot.area.meta.groups]
    return {group: words.pick(group_note(snapshot, group), lang) for group in ids}


def _name(lang: Lang) -> Callable[[object], Markup]:
    """Write a proper name or a quotation; in English text, Chinese is marked as such."""

    def filtered(text: object) -> Markup:
        if lang == "en" and _CJK.search(str(text)):
            return Markup('<span lang="zh">{}</span>').format(str(text))
        return escape(str(text))

    return filtered


def _css_string(text: object) -> Markup:
    """Quote text for CSS: whatever is not a plain letter or figure is escaped."""
    plain = (
        c if c.isascii() and (c.isalnum() or c in " -") else f"\\{ord(c):x} " for c in str(text)
    )
    return Markup('"{}"').format(Markup("".join(plain)))


def _bar(row: Row) -> Markup:
    """Draw a share with its interval: a light band from low to high, a mark at the share."""
    if row["share"] is None:
        return Markup("")
    low, mid, high = (round(100 * row[k], 1) for k in ("low", "share", "high"))
    return Markup(
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="base" d="M0 8.5H100"/>'
        f'<rect class="mid" x="0" y="2.5" width="{mid}" height="5"/>'
        f'<path class="span" d="M{low} 5H{high}M{low} 1.5V8.5M{high} 1.5V8.5"/></svg>'
    )


def _swatch(kind: str) -> Markup:
    return Markup('<svg class="swatch" viewBox="0 0 24 24">{}</svg>').format(
        Markup(symbol(kind, 12, 12, 8))
    )


@lru_cache(maxsize=2)
def _environment(lang: Lang) -> jinja2.Environment:
    env = jinja2.Environment(
        loader=jinja2.PackageLoader("venuenet.publish"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "whole": lambda n: words.whole(n, lang),
        "decimal": lambda n: words.decimal(n, lang),
        "percent": lambda x: words.percent(x, lang),
        "persons": lambda n: words.persons(n, lang),
        "name": _name(lang),
        "figure": lambda v: f"{v:,.10g}" if isinstance(v, float) else v,
        "css": _css_string,
        "flag": lambda f: flag_text(f, lang),
    }
    env.globals |= {
        "lang": lang,
        "zh": lang == "zh",
        "t": lambda zh, en: words.pick((zh, en), lang),
        "w": words,
        "word": lambda table, code: word(table, code, lang),
        "interval": lambda row: words.interval(row["low"], row["high"], lang),
        "reason": lambda row: words.no_data_reason(row["flags"], lang),
        "rank": lambda rank: rank_text(rank, lang),
        "marked": lambda rows: marked(rows, lang),
        "question_text": lambda s, q: words.question_text(s, q, lang),
        "bar": _bar,
        "swatch": _swatch,
        "science": SCIENCE_KINDS,
        "seen": SEEN_IN_COLUMNS,
    }
    return env
