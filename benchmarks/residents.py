"""How well the rule for unknown township residents does on the townships that are known.

Run ``python -m benchmarks.residents``. Each rule shares a district's known residents among its
known townships; the error is the logarithm of rule over census, its spread within districts.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from venuenet.area import load
from venuenet.standards import load_assumptions


def main() -> None:
    area, rules = load(), load_assumptions()
    towns = area.townships
    known = towns[towns[["residents", "lon", "units"]].notna().all(axis=1)]
    stations = np.column_stack(area.metric(area.stations["lon"], area.stations["lat"]))
    xy = np.column_stack(area.metric(known["lon"], known["lat"]))
    station_km = cKDTree(stations).query(xy)[0] / 1000
    centre = np.column_stack(area.metric([116.3975], [39.9087]))
    centre_km = np.hypot(*(xy - centre).T) / 1000
    decay = rules.demand.unknown_station_decay.value
    km2 = known["area_km2"].to_numpy(float)
    candidates = {
        "all alike": np.ones(len(known)),
        "area / (1 + km to the centre), where the area is known": km2 / (1 + centre_km),
        "area^0.27 / (2 + km to the centre)^1.04 (fitted)": km2**0.27 / (2 + centre_km) ** 1.04,
        f"(units + 1) / (1 + km to a station)^{decay} (used)": (known["units"] + 1)
        * (1 + station_km) ** -decay,
    }
    print("| rule | townships | spread of the log error | two thirds lie within a factor of |")
    print("|---|---:|---:|---:|")
    for name, weight in candidates.items():
        error = np.log(weight / known["residents"]).dropna()
        districts = known.loc[error.index, "adcode"]
        several = districts.map(districts.value_counts()) > 1
        within = (error - error.groupby(districts).transform("mean"))[several]
        spread = float(np.sqrt((within**2).mean()))
        print(f"| {name} | {len(within)} | {spread:.2f} | {np.exp(spread):.1f} |")


if __name__ == "__main__":
    main()
