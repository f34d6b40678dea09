"""The answer as JSON, as a page, and in a terminal."""

from brokenseal.report.assemble import answer
from brokenseal.report.contract import dump, schema, validate
from brokenseal.report.decisions import decided
from brokenseal.report.dossier import dossier
from brokenseal.report.explained import explained
from brokenseal.report.exports import FORMATS, export, known
from brokenseal.report.files import ANSWER, PAGE, RUN, Call, write
from brokenseal.report.language import language
from brokenseal.report.page import html, ready
from brokenseal.report.screen import terminal
from brokenseal.report.visible import visible

__all__ = [
    "ANSWER",
    "FORMATS",
    "PAGE",
    "RUN",
    "Call",
    "answer",
    "decided",
    "dossier",
    "dump",
    "explained",
    "export",
    "html",
    "known",
    "language",
    "ready",
    "schema",
    "terminal",
    "validate",
    "visible",
    "write",
]
