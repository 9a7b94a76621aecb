"""The files of a snapshot hold the very numbers that are served."""

import geopandas as gpd
import networkx as nx
import numpy as np
import pyogrio
import pytest

from venuenet.model import KINDS
from venuenet.network import EDGE_ATTRIBUTES, NODE_ATTRIBUTES
from venuenet.publish.answers import coverage, gap_rows, venue_rows
from venuenet.publish.files import standard_questions, write_files


@pytest.fixture(scope="module")
def folder(beijing, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    write_files(beijing, folder)
    return folder


def layer(folder, name):
    return gpd.read_file(folder / "venuenet.gpkg", layer=name)


@pytest.mark.parametrize("level", ["district", "township"])
def test_the_geopackage_agrees_with_the_answers_to_the_person(beijing, folder, level):
    frame = layer(folder, f"{level}s")
    for question in standard_questions(beijing):
        rows = coverage(beijing, question, level)
        assert frame["people"].tolist() == [r["people"] for r in rows]
        for name in ("covered", "uncovered", "share", "low", "high", "median_minutes"):
            held = frame[f"{question.standard}_{name}"].astype(float).to_numpy()
            told = np.array([np.nan if r[name] is None else r[name] for r in rows], dtype=float)
            np.testing.assert_array_equal(held, told)


def test_every_gap_is_a_valid_shape_with_its_people(beijing, folder):
    for question in standard_questions(beijing):
        frame = layer(folder, f"gaps_{question.standard}")
        rows = gap_rows(beijing, question)
        assert frame["gap_id"].tolist() == [r["gap_id"] for r in rows]
        assert frame["people"].tolist() == [r["people"] for r in rows]
        assert frame.geometry.is_valid.all()
        assert frame.crs.to_epsg() == 4326


def test_cells_are_modelled_hold_everybody_and_lie_where_their_index_says(beijing, folder):
    cells = layer(folder, "cells")
    assert cells["people"].sum() == 21_893_095
    assert set(cells["origin"]) == {"modelled"}
    centres = gpd.points_from_xy(beijing.demand.lon, beijing.demand.lat)
    assert cells.geometry.contains(gpd.GeoSeries(centres, crs=4326)).all()


def test_venues_without_a_position_are_listed_without_a_shape(beijing, folder):
    frame = layer(folder, "venues").set_index("venue_id")
    rows = venue_rows(beijing, KINDS)
    assert len(frame) == len(rows) == 233
    for row in rows:
        assert (frame.geometry[row["venue_id"]] is None) == (row["lon"] is None)


def test_the_about_layer_says_date_snapshot_and_sources(beijing, folder):
    about = pyogrio.read_dataframe(folder / "venuenet.gpkg", layer="about").set_index("key")
    assert about.loc["snapshot", "value"] == beijing.manifest.snapshot
    assert about.loc["as_of", "value"] == beijing.manifest.as_of.isoformat()
    assert "OpenStreetMap" in about.loc["sources", "value"]


def test_the_graph_comes_back_with_only_documented_attributes(beijing, folder):
    graph = nx.read_graphml(folder / "network.graphml")
    kinds = nx.get_node_attributes(graph, "type")
    assert sum(k == "cell" for k in kinds.values()) == len(beijing.demand.cell)
    assert sum(k == "venue" for k in kinds.values()) == 233
    assert {a for _, data in graph.nodes(data=True) for a in data} <= set(NODE_ATTRIBUTES)
    assert {a for *_, data in graph.edges(data=True) for a in data} <= set(EDGE_ATTRIBUTES)
