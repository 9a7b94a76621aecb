"""Claims add up to venues: who wins when sources differ, and what a day knew."""

import datetime as dt

import pytest

from venuenet.registry.model import Claim, Ledger, RegisteredVenue
from venuenet.registry.resolve import REVIEW, register, resolve_id, status_on

DAY = dt.date(2026, 6, 1)


def ledger(*claims, links=None):
    told = {}
    for claim in claims:
        told.setdefault(claim.venue_id, []).append(claim)
    return Ledger(9, (), {k: tuple(v) for k, v in told.items()}, links or {}, {}, {}, {}, {}, {})


def says(venue, source="a", day=DAY, sure="medium", receipt=1, since=None, **fields):
    return Claim(venue, source, day, fields, sure, since, receipt)


def only(found) -> RegisteredVenue:
    (venue,) = found.values()
    return venue


def point(precision_m, lon=116.4):
    return {"lon": lon, "lat": 39.9, "precision_m": precision_m, "method": "t"}


def test_among_equals_the_first_stays_and_the_other_is_kept_beside():
    told = ledger(says("V", "a", address_zh="一号"), says("V", "b", receipt=2, address_zh="二号"))
    found = only(register(told)).fields["address_zh"]
    assert (found.value, found.source, found.receipt) == ("一号", "a", 1)
    assert found.others == (("二号", "b", DAY),)


@pytest.mark.parametrize(("first", "second", "wins"), [
    ("low", "medium", "b"), ("medium", "low", "a"), ("medium", "high", "b"), ("high", "high", "a"),
])  # fmt: skip
def test_a_surer_list_stands_above_a_less_sure_one(first, second, wins):
    told = ledger(
        says("V", "a", sure=first, kind="base"),
        says("V", "b", sure=second, receipt=2, kind="other"),
    )
    assert only(register(told)).fields["kind"].source == wins


def test_a_lists_newer_edition_replaces_its_older_one():
    told = ledger(says("V", "a", address_zh="一号"), says("V", "a", receipt=2, address_zh="三号"))
    found = only(register(told)).fields["address_zh"]
    assert (found.value, found.others) == ("三号", ())


def test_a_decision_stands_above_every_list_and_a_later_one_above_it():
    told = ledger(
        says("V", "a", sure="high", kind="base"),
        says("V", REVIEW, sure="high", receipt=2, kind="other"),
        says("V", "b", sure="high", receipt=3, kind="science_museum"),
    )
    assert only(register(told)).get("kind") == "other"


def test_what_changes_with_time_is_taken_from_the_newest_statement():
    old, new = dt.date(2025, 1, 1), dt.date(2026, 1, 1)
    told = ledger(
        says("V", "b", new, visits_per_year=3e4, status="closed"),
        says("V", "a", old, receipt=2, visits_per_year=2e4, status="open"),
    )
    venue = only(register(told))
    assert (venue.get("visits_per_year"), venue.get("status")) == (3e4, "closed")


def test_an_unsure_list_closes_nothing():
    told = ledger(
        says("V", "a", dt.date(2025, 1, 1), status="open"),
        says("V", "scraped", DAY, "low", receipt=2, status="closed"),
    )
    assert only(register(told)).get("status") == "open"


def test_the_finest_position_wins_until_somebody_moves_the_pin():
    coarse, fine = says("V", "a", point=point(600)), says("V", "b", receipt=2, point=point(50))
    assert only(register(ledger(coarse, fine))).get("point")["precision_m"] == 50
    pinned = says("V", REVIEW, sure="high", receipt=3, point=point(80))
    assert only(register(ledger(coarse, fine, pinned))).get("point")["precision_m"] == 80


def test_a_merged_venue_answers_to_all_its_ids_and_names():
    told = ledger(
        says("V", "a", name_zh="国家自然博物馆", standing="confirmed"),
        says("R", "b", receipt=2, name_zh="北京自然博物馆", phone="010-1", standing="pending"),
        says("Q", "c", receipt=3, name_zh="自然博物馆"),
        links={"R": "V", "Q": "R"},
    )
    venue = only(register(told))
    assert venue.ids == ("V", "Q", "R")
    assert resolve_id(told, "Q") == resolve_id(told, "V") == "V"
    assert venue.get("name_zh") == "国家自然博物馆"
    assert set(venue.get("aliases")) == {"北京自然博物馆", "自然博物馆"}
    assert (venue.get("phone"), venue.standing) == ("010-1", "confirmed")
    assert register(told, only=["Q"]) == register(told)


def test_a_day_in_the_past_sees_what_was_stated_up_to_it():
    told = ledger(
        says("V", "a", dt.date(2024, 5, 1), status="open", visits_per_year=1.0),
        says("V", "a", dt.date(2026, 5, 1), receipt=2, status="closed", visits_per_year=2.0),
    )
    then, now = only(register(told, dt.date(2025, 12, 31))), only(register(told))
    assert (then.get("status"), then.get("visits_per_year")) == ("open", 1.0)
    assert (now.get("status"), now.get("visits_per_year")) == ("closed", 2.0)
    before_all = only(register(told, dt.date(2020, 1, 1)))
    assert before_all.get("status") == "open"


def test_a_correction_of_what_a_venue_is_holds_for_every_day():
    told = ledger(
        says("V", "a", dt.date(2024, 5, 1), name_zh="旧", point=point(600)),
        says("V", REVIEW, dt.date(2026, 5, 1), "high", receipt=2, point=point(50)),
    )
    assert only(register(told, dt.date(2025, 1, 1))).get("point")["precision_m"] == 50


@pytest.mark.parametrize(("fields", "day", "status"), [
    ({"status": "open"}, "2026-01-01", "open"),
    ({}, "2026-01-01", "unknown"),
    ({"status": "open", "opened_on": "2026-03-01"}, "2026-02-28", "planned"),
    ({"status": "open", "opened_on": "2026-03-01"}, "2026-03-01", "open"),
    ({"status": "closed", "closed_on": "2026-03-01"}, "2026-02-28", "open"),
    ({"status": "closed", "closed_on": "2026-03-01"}, "2026-03-01", "closed"),
    ({"status": "open", "closed_on": "2026-03-01"}, "2026-03-01", "closed"),
    ({"kind": "base", "status": "open", "valid_until": "2025-12-31"}, "2025-12-31", "open"),
    ({"kind": "base", "status": "open", "valid_until": "2025-12-31"}, "2026-01-01", "lapsed"),
    ({"kind": "base", "status": "closed", "valid_until": "2025-12-31"}, "2026-01-01", "closed"),
    ({"kind": "science_museum", "valid_until": "2025-12-31"}, "2026-01-01", "unknown"),
])  # fmt: skip
def test_status_follows_its_dates(fields, day, status):
    venue = only(register(ledger(says("V", standing="confirmed", **fields))))
    told, flags = status_on(venue, dt.date.fromisoformat(day))
    assert told == status
    museum_over = fields.get("kind") == "science_museum"
    assert flags == (("validity_lapsed",) if museum_over else ())
