"""Forged tokens, in use before the logs begin."""

from __future__ import annotations

from brokenseal.drill.campaign import Habits
from brokenseal.drill.ways import Forger

NAME = "already_there"
STORY = """As the forger of summer 2023, but the logs that were kept begin after he did: he is in every day of them, and
nothing about him is new. Sources: the review board's report of April 2024 (most victims had no such log, or a short one),
and the provider's page on how long it keeps which log."""
AVOIDS = ("odd token ids and times", "haste", "a first time in the log")


class Intruder(Forger):
    """One campaign over all organisations of a world, from the first day on."""

    name = NAME
    habits = Habits(begins=0.0)
    agent = "Mozilla/5.0 (Windows NT 6.3; Win64; x64; rv:109.0) Gecko/20100101 Firefox/115.0"
