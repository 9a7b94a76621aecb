"""How fine must cells be? Shares of people within reach at H3 resolutions 7 to 10.

Run ``python -m benchmarks.convergence``; the table goes into docs/method.md. The stored
resolution is the coarsest whose 15-minute walk share is within one percentage point of
resolution 10 in every district.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from venuenet.area import load
from venuenet.coverage import coverage_by, share_above
from venuenet.demand.build import build_demand
from venuenet.model import LocatedVenue, Question
from venuenet.standards import load_assumptions
from venuenet.travel.estimate import TransitEstimate, WalkEstimate

RESOLUTIONS = (7, 8, 9, 10)
WALK = Question(mode="walk", minutes=15)
TRANSIT = Question()
QUESTIONS = {
    "walk15": WALK,
    "walk15 sampled": WALK,
    "transit45": TRANSIT,
    "transit45 sampled": TRANSIT,
}


def main() -> None:
    area, rules = load(), load_assumptions()
    venues = [
        v for v in area.venues if isinstance(v, LocatedVenue) and v.counts and v.kind != "other"
    ]
    engines = {"walk": WalkEstimate(area, rules), "transit": TransitEstimate(area, rules)}
    shares: dict[str, list[list[float]]] = {name: [] for name in QUESTIONS}
    cells, dense = [], []
    for resolution in RESOLUTIONS:
        demand = build_demand(area, rules.demand, resolution)
        cells.append(len(demand.cell))
        dense.append(share_above(demand, 50_000))
        for name, question in QUESTIONS.items():
            if name.endswith("sampled") and resolution == max(RESOLUTIONS):
                shares[name].append(shares[name.split()[0]][-1])
                continue
            origins = (
                demand
                if name.endswith("sampled")
                else replace(demand, sample_xy=demand.sample_xy[:, :1])
            )
            times = engines[question.mode].times(origins, venues, 60)
            rows = demand.cell_district[demand.row_cell]
            answers = coverage_by(demand, times, question, rows, len(area.districts))
            whole = coverage_by(demand, times, question, np.zeros_like(rows), 1)
            shares[name].append([100 * (a.share or 0) for a in (*answers, *whole)])
    names = [*area.districts["name_zh"], area.meta.name_zh]
    for name, table in shares.items():
        columns = np.array(table).T
        print(f"\n### {name}: % of people, by H3 resolution\n")
        print("| district | " + " | ".join(str(r) for r in RESOLUTIONS) + " |")
        print("|---|" + "---:|" * len(RESOLUTIONS))
        for label, row in zip(names, columns, strict=True):
            print(f"| {label} | " + " | ".join(f"{v:.2f}" for v in row) + " |")
        # The reference is always centres at resolution 10, the finest honest answer.
        finest = np.array(shares[name.removesuffix(" sampled")]).T[:, -1:]
        worst = np.abs(columns - finest).max(axis=0)
        print("| largest difference to 10 | " + " | ".join(f"{v:.2f}" for v in worst) + " |")
    print("\ncells with people: " + ", ".join(f"{n:,}" for n in cells))
    print("people above 50,000/km²: " + ", ".join(f"{100 * d:.2f} %" for d in dense))


if __name__ == "__main__":
    main()
