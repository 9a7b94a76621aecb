"""What every folium page shares: all is in it, and nothing is loaded from elsewhere."""

import folium
import pytest

from venuenet.publish.offline_map import bare_map, offline_html


def page(side: str = "<p>边栏 {{ braces }}</p>", **more: str) -> str:
    made = bare_map()
    folium.GeoJson({"type": "Point", "coordinates": [116.4, 39.9]}, name="点").add_to(made)
    return offline_html(made, "题目", side, **more)


def test_style_side_and_script_are_in_it_and_it_is_the_same_every_time() -> None:
    html = page(style="<style>.mine { color: red }</style>", script="<script>use(%s)</script>")
    assert html == page(
        style="<style>.mine { color: red }</style>", script="<script>use(%s)</script>"
    )
    assert '<html lang="zh-CN">' in html
    assert "<title>题目</title>" in html
    assert "<p>边栏 {{ braces }}</p>" in html
    assert ".mine { color: red }" in html
    name = html.split("use(")[1].split(")")[0]
    assert f"var {name} = L.map(" in html
    assert "use(" not in page()


@pytest.mark.parametrize(
    "side", ["<img src='http://x/a.png'>", "<p style='background:url(a.png)'>"]
)
def test_what_would_load_something_is_refused(side: str) -> None:
    with pytest.raises(RuntimeError, match="loads from elsewhere"):
        page(side)
