"""The four siting questions that docs/beijing.md works: what is asked, the answers, their maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from venuenet.proposals.request import parse_request
from venuenet.proposals.solve import propose
from venuenet.publish.answers import coverage
from venuenet.publish.snapshot import Snapshot
from venuenet.questions import parse_question

SITES = ["townships", "stations"]
SHOWN = 12


def asked(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """List the requests by name, as ``POST /siting`` and ``venuenet site`` take them."""
    groups = [g.id for g in snapshot.area.meta.groups]
    question = parse_question(snapshot.standards, groups, standard="transit45")
    city = coverage(snapshot, question, "city")[0]["share"]
    under = [r["adcode"] for r in coverage(snapshot, question) if r["share"] < city]
    base = {"standard": "transit45", "sources": SITES, "time_limit_s": 120, "alternatives": 3}
    spend = {**base, "goal": "cover_most", "budget": 40, "options": ["branch", "corner"]}
    return {
        "five": {**base, "goal": "cover_most", "count": 5, "options": ["branch"]},
        "each": {
            **base,
            "goal": "cover_most",
            "count": len(under),
            "districts": under,
            "min_per_district": dict.fromkeys(under, 1),
            "options": ["branch"],
        },
        "ninety": {
            **base,
            "goal": "cover_share",
            "share": 0.9,
            "options": ["branch", "corner"],
            "alternatives": 1,
        },
        "improve": {
            **{name: value for name, value in spend.items() if name != "options"},
            "sources": [],
            "upgrades": ["reopen", "raise_to_node"],
        },
        "build": spend,
        "both": {**spend, "upgrades": ["reopen", "raise_to_node"]},
    }


def plans(snapshot: Snapshot) -> dict[str, Any]:
    """Answer them all."""
    found = {
        name: propose(snapshot, parse_request(snapshot, given))
        for name, given in asked(snapshot).items()
    }
    for name, plan in found.items():
        plan["shown"] = plan["items"][:SHOWN]
        plan["by_district"] = _by_district(plan["items"])
        plan["names"] = {i["site_id"]: (i["name_zh"], i["name_en"]) for i in plan["items"]}
        assert plan["status"] == "optimal", (name, plan["status"])
    return found


def _by_district(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Count sites by district and option, in the order of district codes."""
    rows: dict[str, dict[str, Any]] = {}
    for item in sorted(items, key=lambda i: i["adcode"]):
        row = rows.setdefault(
            item["adcode"],
            {"zh": item["district_zh"], "en": item["district_en"], "sites": 0, "options": {}},
        )
        row["sites"] += 1
        row["options"][item["option"]] = row["options"].get(item["option"], 0) + 1
    return list(rows.values())
