"""What an intruder may have written, made safe to look at.

Why: subjects, user agents and folder names come from the log, and so from whoever wrote them. A terminal obeys control
characters, a bidirectional override turns a line around, an invisible character makes two names look alike. How: each
such character becomes a sign that is seen, and a text too long for its place is cut with a sign. JSON never goes
through here: there a text stays what it is.
"""

from __future__ import annotations

import unicodedata

CUT = "…"
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: object, limit: int = 300) -> str:
    """The text with every hidden character shown as a sign, cut with `…` above `limit` characters; '' for None."""
    if text is None:
        return ""
    whole = str(text)
    # cut first: a field may hold megabytes
    part = whole[:limit]
    shown = part if part.isprintable() else "".join(_sign(c) for c in part)
    return shown + CUT if len(whole) > limit else shown


def _sign(character: str) -> str:
    if " " <= character <= "~":
        return character
    hidden = unicodedata.category(character) in _HIDDEN
    # single angle quotation marks are in every font; control pictures are not
    return f"‹U+{ord(character):04X}›" if hidden else character
