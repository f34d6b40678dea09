"""The programs that people open their mail with, as logs name them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from brokenseal.drill import chance

EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
GRAPH = "00000003-0000-0000-c000-000000000000"
OWA_CLIENT = "9199bf20-a13f-4107-85dc-02114787ef48"
TEAMS = "1fec8e78-bce4-4aaf-ab1b-5451cc387264"
DESKTOP = "d3590ed6-52b3-4102-aeff-aad2292ab01c"
MOBILE = "27922004-5251-4030-b22d-91ecd9a37ea4"
APPLE_MAIL = "f8d98a96-0999-43f5-8af3-69971c7bb423"
THUNDERBIRD = "9e5f94bc-e8a4-4e73-b8be-63364c29d753"

BROWSERS = (
    ("Windows10", "Edge", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
     "Chrome/{0}.0.0.0 Safari/537.36 Edg/{0}.0.0.0"),
    ("Windows10", "Chrome", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
     "Chrome/{0}.0.0.0 Safari/537.36"),
    ("MacOs", "Safari", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
     "Version/18.5 Safari/605.1.15"),
    ("Linux", "Firefox", "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0"),
)  # fmt: skip
BROWSER_WEIGHTS = (55, 30, 12, 3)
FIRST_BROWSER_VERSION = 139
BROWSER_DAYS = 28


@dataclass
class Token:
    """A token: the sign-in that issued it, when, until when, and the session it belongs to. Times are seconds."""

    request: str
    unique: str
    session: str
    issued: int
    expires: int
    tenant: str = ""
    """The tenant written in it, where that is not the mailbox's own."""


@dataclass
class Client:
    """One program on one device. `ids` says what its records carry of the token: full, partial, session or none."""

    kind: str
    info: str
    user_agent: str
    app_id: str
    client_app_id: str
    sign_in_app: str
    sign_in_name: str
    ids: str
    os: str = ""
    browser: str = ""
    device: str = ""
    managed: bool = False
    session: str = ""
    session_ends: int = 0
    token: Token | None = None

    def told(self, day: int) -> str:
        """What the program says of itself on a day: browsers renew themselves every four weeks."""
        return self.info.format(FIRST_BROWSER_VERSION + day // BROWSER_DAYS)

    def agent(self, day: int) -> str:
        """The user agent that its sign-ins show."""
        return self.user_agent.format(FIRST_BROWSER_VERSION + day // BROWSER_DAYS)

    @property
    def long_lived(self) -> bool:
        """Whether its tokens are checked continuously and so live for a day."""
        return self.kind == "outlook"


def browser(rng: Random, ids: str | None = None) -> Client:
    """A browser on the web client."""
    os, name, agent = rng.choices(BROWSERS, BROWSER_WEIGHTS)[0]
    carried = ids or rng.choices(("full", "partial"), (75, 25))[0]
    client = Client(
        "owa", f"Client=OWA;{agent};", agent, EXCHANGE, "", OWA_CLIENT, "One Outlook Web", carried, os, name
    )
    client.managed = os == "Windows10" and rng.random() < 0.6
    client.device = chance.guid(rng) if client.managed else ""
    return client


def outlook(rng: Random) -> Client:
    """The desktop program on a managed laptop: sessions in its records, token ids in some."""
    agent = "Mozilla/5.0 (compatible; MSAL 1.0)"
    carried = rng.choices(("session", "partial"), (60, 40))[0]
    return Client(
        "outlook", "Client=MSExchangeRPC", agent, "", "", DESKTOP, "Microsoft Office", carried, "Windows10",
        "Rich Client 5.0.5.0", chance.guid(rng), True,
    )  # fmt: skip


def phone(rng: Random) -> Client:
    """A phone: the provider's own program, the phone's mail program, or an old mail program over IMAP."""
    kind = rng.choices(("mobile", "activesync", "imap"), (65, 25, 10))[0]
    if kind == "imap":
        return imap()
    system = rng.choice(("iOS", "Android"))
    if kind == "activesync":
        model = rng.choice(("Apple-iPhone15C2/2209.5", "Apple-iPhone14C5/2208.7", "Android/14-EAS-2.0"))
        return Client(
            "activesync", f"Client=ActiveSync;UserAgent={model};", model, "", "", APPLE_MAIL, "Apple Internet Accounts",
            "none", "Ios" if "Apple" in model else "Android",
        )  # fmt: skip
    agent = f"Outlook-{system}/2.0"
    return Client(
        "mobile", f"Client=OutlookService;{agent};", agent, EXCHANGE, MOBILE, MOBILE, "Outlook Mobile", "full",
        "Ios" if system == "iOS" else "Android", "Mobile Safari", chance.guid(rng) if rng.random() < 0.5 else "",
    )  # fmt: skip


def imap() -> Client:
    """An old mail program, which renews its token like any other and tells nothing of it in the mailbox's log."""
    return Client(
        "imap", "Client=POP3/IMAP4;Protocol=IMAP4", "", "", "", THUNDERBIRD, "Mozilla Thunderbird", "none", "Windows10"
    )


def guesser() -> Client:
    """What somebody who tries passwords says of himself."""
    return Client("owa", "", "python-requests/2.31.0", EXCHANGE, "", OWA_CLIENT, "One Outlook Web", "full", "", "")
