"""Forged tokens through a VPN service that staff use too."""

from __future__ import annotations

from random import Random

from brokenseal.drill.ways import Forger

NAME = "shared_vpn"
STORY = """As the forger of summer 2023, but he leaves through the exits of a VPN service that some of the staff of the
same organisations use from their sofas: the addresses are known in many mailboxes, and joining by them draws in the
innocent. Sources: the provider's analysis of July 2023 (proxies before the mail service), and reports of several
providers on commercial VPN services in intrusions into cloud mail."""
AVOIDS = ("odd token ids and times", "haste", "foreign networks")


class Intruder(Forger):
    """One campaign over all organisations of a world."""

    name = NAME
    agent = "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0"

    def settle(self, rng: Random) -> None:
        """Four of the service's exits."""
        self.spots = rng.sample(self.earth.vpn, 4)
