"""The score's two charts, as Vega-Lite specifications with their data in them, drawn as SVG: no script, nothing fetched.

Promised against observed: each point is one budget in quiet worlds, with the range in which chance alone would leave a
kept promise nineteen times in twenty. Recall against caution: how much of what each intruder did was found, by how many
giveaways he avoids.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import vl_convert

from brokenseal.drill.poisson import limits

Row = dict[str, Any]
SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
WIDTH, HEIGHT = 520, 300
INK, GRAVE, CALM = "#1c1d1f", "#a3120a", "#1d6b3a"
CONFIG = {
    "font": "DejaVu Sans, sans-serif",
    "background": "white",
    "view": {"stroke": None},
    "axis": {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12, "grid": True},
    "legend": {"labelFontSize": 12, "title": None, "orient": "bottom"},
}


def promised(points: Sequence[Row]) -> str:
    """SVG. points: promised and observed false cases, and the budget's name."""
    values = []
    for point in points:
        low, high = limits(point["promised"])
        values.append({**point, "low": max(low, 0.1), "high": high, "shown": max(point["observed"], 0.1)})
    largest = max([1.0, *(max(v["high"], v["shown"]) for v in values)]) * 1.5
    scale = {"type": "log", "domain": [0.1, largest], "nice": False}
    line = [{"promised": 0.1, "shown": 0.1}, {"promised": largest, "shown": largest}]
    x = _axis("promised", "false cases promised", scale)
    return _drawn(
        {
            "height": HEIGHT,
            "layer": [
                {"data": {"values": line}, "mark": {"type": "line", "color": INK, "strokeDash": [4, 4]},
                 "encoding": {"x": x, "y": _axis("shown", "observed (0 is drawn as 0.1)", scale)}},
                {"data": {"values": values}, "mark": {"type": "rule", "color": INK, "strokeWidth": 2},
                 "encoding": {"x": x, "y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}}},
                {"data": {"values": values}, "mark": {"type": "point", "filled": True, "size": 90, "color": GRAVE},
                 "encoding": {"x": x, "y": {"field": "shown", "type": "quantitative"}}},
                {"data": {"values": values}, "mark": {"type": "text", "dy": -9, "fontSize": 12},
                 "encoding": {"x": x, "y": {"field": "high", "type": "quantitative"}, "text": {"field": "name"}}},
            ]
        }
    )  # fmt: skip


def recall(points: Sequence[Row]) -> str:
    """SVG. points: an intruder's name, how many giveaways he avoids, and the shares of mailboxes and of messages or
    folders found."""
    names = [p["name"] for p in sorted(points, key=lambda p: (p["avoids"], p["name"]))]
    values = [
        {"name": f"{p['name']} ({p['avoids']})", "share": p[key], "what": what}
        for p in points
        for key, what in (("mailboxes", "mailboxes"), ("listed", "messages or folders"))
        if p[key] is not None
    ]
    order = [f"{n} ({p['avoids']})" for n in names for p in points if p["name"] == n]
    return _drawn(
        {
            "height": {"step": 15},
            "data": {"values": values},
            "mark": {"type": "point", "filled": True, "size": 70},
            "encoding": {
                "x": {"field": "share", "type": "quantitative", "title": "found of all that the logs show",
                      "scale": {"domain": [0, 1]}, "axis": {"format": "%"}},
                "y": {"field": "name", "type": "nominal", "sort": order, "axis": {"grid": True, "labelLimit": 260},
                      "title": None},
                "yOffset": {"field": "what", "type": "nominal"},
                "color": {"field": "what", "type": "nominal", "scale": {"range": [GRAVE, CALM]}},
                "shape": {"field": "what", "type": "nominal"},
            },
        }
    )  # fmt: skip


def _axis(field: str, title: str, scale: Row) -> Row:
    return {"field": field, "type": "quantitative", "title": title, "scale": scale,
            "axis": {"format": "~g", "values": [0.1, 1, 10, 100, 1000, 10000]}}  # fmt: skip


def _drawn(chart: Row) -> str:
    specification = {"$schema": SCHEMA, "width": WIDTH, "config": CONFIG, **chart}
    return str(vl_convert.vegalite_to_svg(specification))
