"""Where tables live, what was taken in, exactly once. The engine seam.

A lake is a folder: Parquet segments that never change, runs of analyses, and a ledger that says which of them count.
`Lake.read` and `Lake.write` are all that the analysis knows of it.
"""

from brokenseal.lake.connect import embedded
from brokenseal.lake.intake import Intake
from brokenseal.lake.ledger import FileTaken, Segment
from brokenseal.lake.opened import Lake

__all__ = ["FileTaken", "Intake", "Lake", "Segment", "embedded"]
