"""Forged tokens through the web client, after the intrusion of summer 2023."""

from __future__ import annotations

from brokenseal.drill.ways import Forger

NAME = "forged"
STORY = """Somebody holds a key that signs tokens which the mail service believes. From the middle of the window on he
opens the web client's interface from a few rented machines, with a browser string of his own: some mailboxes in each
organisation, a few messages a visit, every few days, for weeks. No sign-in issued what he shows; he knows what a token
id looks like, and writes issue times as the provider does. Sources: the provider's analysis of July 2023 and the review
board's report of April 2024."""
AVOIDS = ("odd token ids and times", "haste")


class Intruder(Forger):
    """One campaign over all organisations of a world."""

    name = NAME
    agent = "Mozilla/5.0 (Windows NT 6.1; WOW64; rv:102.0) Gecko/20100101 Firefox/102.0"
