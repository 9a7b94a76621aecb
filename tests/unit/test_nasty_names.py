"""What lists call their venues reaches pages and files as text: no script, no formula, no SQL."""

import csv
import io
import re

import openpyxl
import pytest
from typer.testing import CliRunner

from venuenet.cli import app
from venuenet.store import SnapshotFolder

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>科技馆"
NAMES = (SCRIPT, '=HYPERLINK("http://x","y")科技馆', "@SUM(A1)科普馆", "x'); DROP TABLE venue;--馆")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A snapshot whose venues a hostile list has named."""
    folder = tmp_path_factory.mktemp("data")
    path = folder / "清单.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["名称", "所属区", "类别", "地址", "经度", "纬度", "备注"])
        for i, name in enumerate(NAMES):
            writer.writerow([name, "延庆区", "科技馆", SCRIPT, 115.97 + i / 50, 40.46, "=1+1"])
    run(folder, "import", path, "--datum", "wgs84")
    run(folder, "build")
    return folder


def run(data, *words):
    result = CliRunner().invoke(app, [*map(str, words), "--data", str(data)])
    assert result.exit_code == 0, result.output
    return result


def test_the_names_arrive_as_they_were_written(data):
    snapshot = SnapshotFolder(data).current()
    assert set(NAMES) <= {v.name_zh for v in snapshot.area.venues}


@pytest.mark.parametrize("words", [["report", "延庆区"], ["map"]], ids=["report", "map"])
def test_no_page_runs_them(data, tmp_path, words):
    page = tmp_path / "page.html"
    run(data, *words, "-o", page)
    text = page.read_text(encoding="utf-8")
    assert "alert(1)" in text
    assert not re.search(r"<script>alert|<img src=x", text)
    # Inside the page's own scripts the names are JSON: nothing in them may end the script.
    assert not re.search(r"</script>\s*<img", text)


def test_no_cell_of_a_workbook_or_csv_runs_them(data, tmp_path):
    run(data, "report", "延庆区", "-o", tmp_path / "r.xlsx")
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row]
    assert any(str(c.value).endswith("DROP TABLE venue;--馆") for c in cells)
    assert {c.data_type for c in cells} <= {"s", "n", "d", "b", "inlineStr"}
    for words in (["coverage", "--level", "township"], ["gaps", "延庆区"], ["quality"]):
        out = run(data, *words, "--format", "csv").stdout_bytes.decode("utf-8-sig")
        for row in csv.reader(io.StringIO(out)):
            assert not any(cell.startswith(("=", "@", "+")) for cell in row)
