"""Folium maps as pages of their own: all they need is in them, and nothing else is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape
from html.parser import HTMLParser
from importlib.resources import files

import folium
from branca.element import Element, Figure

LEAFLET = "1.9.4"


def bare_map() -> folium.Map:
    """Begin a map without tiles, and without what folium would load from elsewhere."""
    page = folium.Map(tiles=None, zoom_snap=0.25, attribution_control=False)
    page.default_js, page.default_css = [], []
    return page


def offline_html(
    page: folium.Map, title: str, side: str, *, style: str = "", script: str = ""
) -> str:
    """Finish a map whose layers are on it: a control for them, styles, Leaflet, the side.

    Parameters
    ----------
    page : folium.Map
        From :func:`bare_map`.
    title, side, style, script : str
        HTML; ``%s`` in ``script`` is the map's name.

    Returns
    -------
    str
        One document, the same for the same layers, if these have names.

    Raises
    ------
    RuntimeError
        It would load something that is not in it.
    """
    folium.LayerControl(collapsed=False).add_to(page)
    figure = page.get_root()
    if not isinstance(figure, Figure):
        raise TypeError("a folium map stands in a figure")
    figure.title = title
    figure.header.add_child(_verbatim(own_style() + style), name="style")
    figure.header.add_child(
        _verbatim(f"<script>{_vendored('leaflet.js')}</script>"), name="leaflet"
    )
    figure.html.add_child(_verbatim(side), name="side")
    for number, element in enumerate(_elements(figure)):
        element._id = f"{number:032x}"
    if script:
        figure.header.add_child(_verbatim(script % page.get_name()), name="finish")
    html: str = figure.render()
    html = html.replace("<html>", '<html lang="zh-CN">', 1)
    refuse_outside_requests(html)
    return html


def refuse_outside_requests(html: str) -> None:
    """Raise RuntimeError, naming them, if a page would load anything that is not in it."""
    found = _Loads()
    found.feed(html)
    if found.outside:
        raise RuntimeError(f"the page loads from elsewhere: {', '.join(found.outside[:5])}")


class _Loads(HTMLParser):
    """Collects what a page would fetch: elements with an address, and addresses in styles."""

    _ADDRESSES = ("src", "href", "data", "srcset", "poster", "action", "background", "xlink:href")

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        for name, value in attrs:
            if name in self._ADDRESSES and not (value or "").startswith(("#", "data:")):
                self.outside.append(f"<{tag} {name}={value}>")
            if name == "style":
                self._look(value or "")

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self._look(data)

    def _look(self, css: str) -> None:
        self.outside += re.findall(r"@import[^;]*", css)
        addresses = re.findall(r"url\(\s*['\"]?([^'\")]*)", css)
        self.outside += [a for a in addresses if not a.startswith(("#", "data:"))]


def _elements(top: Element) -> Iterator[Element]:
    """Walk a page's elements, so that they can be numbered: folium names them at random."""
    yield top
    inner = (top.header, top.html, top.script) if isinstance(top, Figure) else ()
    for child in (*inner, *top._children.values()):
        yield from _elements(child)


def _verbatim(text: str) -> Element:
    """Hold text that is no template, whatever braces it has."""
    return Element(f"{{% raw %}}{text}{{% endraw %}}")


@lru_cache(maxsize=4)
def _vendored(name: str) -> str:
    """Return a vendored file without what it would fetch: a source map, pictures."""
    text = (files("venuenet.publish") / "vendor" / "leaflet" / name).read_text(encoding="utf-8")
    text = re.sub(r"//# sourceMappingURL=.*", "", text)
    return re.sub(r"url\((?:images/|#default)[^)]*\)", "none", text)


def both(zh: object, en: object) -> str:
    """Write Chinese with the English beside it, for HTML."""
    return f'{escape(str(zh))} <i lang="en">{escape(str(en))}</i>'


def own_style() -> str:
    """Return the page's style sheets, Leaflet's among them, as one element."""
    own = (files("venuenet.publish") / "templates" / "folium.css").read_text(encoding="utf-8")
    return f"<style>{_vendored('leaflet.css')}{own}</style>"
