"""What the page shows of keys: a line for each key of each source, with what was noticed of it.

What: the periods in which a key was published, as places on an axis and as words; findings beside the key that they speak
of. Why: a key that went and came back is seen at a glance on a line, and by nobody in a list of dates. How: one axis for all
sources, from the first look to the last. Misses: nothing of the answer; what is beyond a page is counted.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from markupsafe import Markup

from brokenseal.report import timeline
from brokenseal.report.language import Language

MOST_LINES = 200
"""Keys of one source, findings of one key or document, and leaks. What is left out is counted."""
Row = dict[str, Any]


def keylines(answer: Row, lang: Language) -> Row | None:
    """The section's rows; None where nobody ever watched or scanned."""
    keys = answer["keys"]
    if not keys["sources"] and not keys["leaks"]:
        return None
    times = [timeline.parsed(s[end]) for s in keys["sources"] for end in ("first", "last")]
    span = timeline.spanning(times) if times else None
    found: dict[tuple[str, str | None], list[Row]] = defaultdict(list)
    for finding in keys["findings"]:
        found[finding["source"], finding["thumbprint"]].append(finding)
    lines: dict[str, list[Row]] = defaultdict(list)
    for key in keys["timeline"]:
        noticed = found[key["source"], key["thumbprint"]]
        lines[key["source"]].append(
            {**key, "places": _places(key, span), "told": _told(key, lang), "findings": noticed}
        )
    return {
        "ticks": timeline.ticks(span, lang) if span else [],
        "sources": [{**s, "keys": lines[s["source"]], "findings": found[s["source"], None]} for s in keys["sources"]],
        "leaks": keys["leaks"],
        "critical": any(x["severity"] == "critical" for x in (*keys["findings"], *keys["leaks"])),
        "most": MOST_LINES,
    }


def _places(key: Row, span: timeline.Axis | None) -> list[Row]:
    """Left and width of each period on the axis; a single look is as wide as can be seen."""
    windows = [span.window(p["from"], p["to"]) for p in key["periods"]] if span else []
    return [{"left": left, "width": max(width, 0.8)} for left, width in windows]


def _told(key: Row, lang: Language) -> Markup:
    """The periods in words."""
    parts = []
    for nth, p in enumerate(key["periods"]):
        seen = lang.t("{first} to {last}", first=lang.time(p["from"]), last=lang.time(p["to"]))
        gone = lang.t("gone at the look of {time}", time=lang.time(p["gone"])) if p["gone"] else None
        after = gone or lang.t("there at the last look")
        again = lang.t("Back again: {seen}; {after}.", seen=seen, after=after) if nth else None
        parts.append(again or lang.t("{seen}; {after}.", seen=seen, after=after))
    return Markup(" ").join(parts)
