"""A validator on trial: a genuine token, every forgery, a genuine token again.

What: each forgery's fate, and the rule that would have stopped it. Why the genuine ones: a validator that refuses everything
would pass as perfect, and one that died half way too. How: forgeries are made one at a time, so that none is on disk; the
key set and the policy are, for the validator to read.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec

from brokenseal.errors import UsageError
from brokenseal.keys.forge.corpus import corpus
from brokenseal.keys.forge.makers import Forgery
from brokenseal.keys.forge.saml import form, metadata
from brokenseal.keys.forge.saml import genuine as document
from brokenseal.keys.forge.smith import Smith
from brokenseal.keys.forge.target import Answer, Target
from brokenseal.keys.verifier.rules import RULES

AT_ONCE = 2
NUMBERS = {rule.code: rule.number for rule in RULES}
LOOPBACK = "127.0.0.1"
LURE = "/attacker"
"""Where the attacker's keys lie, on the same port: a token names it, and a validator has no business there."""
NAMES = {"keys": "keys.json", "policy": "policy.json", "metadata": "metadata.xml"}


@dataclass(frozen=True)
class Result:
    """One forgery and its fate."""

    forgery: Forgery
    answer: Answer

    @property
    def rule(self) -> int:
        """The number of the rule that refuses it; 0 for its form or signature."""
        return NUMBERS.get(self.forgery.code, 0)


@dataclass(frozen=True)
class Trial:
    """What a validator did: with a genuine token before and after, and with every forgery, in the corpus's order.

    fetched: pages of the attacker's that it fetched because a token named them.
    """

    before: Answer
    after: Answer | None
    results: tuple[Result, ...]
    fetched: tuple[str, ...] = ()

    def count(self, verdict: str) -> int:
        """Forgeries with this fate."""
        return sum(r.answer.verdict == verdict for r in self.results)

    @property
    def shows(self) -> bool:
        """The trial shows anything: genuine tokens were let in before and after it."""
        return self.before.verdict == "let in" and self.after is not None and self.after.verdict == "let in"

    @property
    def exit_code(self) -> int:
        """3 a forgery was let in; 2 it cannot be told; 0 all were refused."""
        if self.shows and self.count("let in"):
            return 3
        return 2 if not self.shows or self.count("no answer") else 0


def run(
    target: Target, smith: Smith, *, saml: bool = False, wait: float = 0, said: Callable[[str], None] = lambda _: None
) -> Trial:
    """Put a validator on trial. saml: of documents, not tokens. wait: seconds to ask on until it takes a genuine one."""

    def genuine() -> Answer:
        return target.ask(form(document(smith)) if saml else smith.genuine())

    said("a genuine one")
    before = genuine()
    until = time.monotonic() + wait
    while before.verdict != "let in" and time.monotonic() < until:
        time.sleep(0.5)
        before = genuine()
    if before.verdict != "let in":
        return Trial(before, None, ())
    forgeries = corpus(smith, saml=saml)
    made = [(forgery, forgery.make(smith)) for forgery in forgeries]
    results = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number, (forgery, answer) in enumerate(zip(forgeries, pool.map(lambda m: target.ask(m[1]), made)), start=1):
            results.append(Result(forgery, answer))
            said(f"{number} of {len(forgeries)} forgeries")
    return Trial(before, genuine(), tuple(results), tuple(sorted(smith.fetched)))


def write(smith: Smith, folder: Path) -> dict[str, str]:
    """The public key set, the federation metadata and the policy as files, by the names that a command may ask for."""
    keys, policy, federation = (folder / NAMES[name] for name in ("keys", "policy", "metadata"))
    federation.write_text(metadata(smith), encoding="utf-8")
    keys.write_text(json.dumps(smith.jwks(), indent=1), encoding="utf-8")
    policy.write_text(json.dumps(msgspec.to_builtins(smith.terms), indent=1), encoding="utf-8")
    return paths(folder)


def paths(folder: Path) -> dict[str, str]:
    """Where `write` puts its files, by the names that a command may ask for."""
    return {name: str(folder / file) for name, file in NAMES.items()}


@contextmanager
def served(smith: Smith, port: int) -> Iterator[str]:
    """The issuer's metadata and key set on a loopback port, while it lasts, and the attacker's beside them.

    Whatever a validator fetches of the attacker's is written down in `smith.fetched`: it let a token say where to look.
    Raises UsageError where the port is taken.
    """
    attacker = smith.key("attacker")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            base = f"http://{LOOPBACK}:{server.server_port}"
            pages: dict[str, Any] = {
                "/.well-known/openid-configuration": {"issuer": smith.terms.issuers[0], "jwks_uri": f"{base}/keys"},
                "/keys": smith.jwks(),
                f"{LURE}/keys": {
                    "keys": [{**attacker.key.as_dict(private=False), "kid": attacker.kid, **attacker.says}]
                },
                f"{LURE}/certificate": _pem(attacker.says["x5c"][0]),
                f"{LURE}/key": attacker.pem.decode(),
            }
            if self.path.startswith(LURE):
                smith.fetched.add(self.path.removeprefix(LURE))
            page = pages.get(self.path, "")
            body = (page if isinstance(page, str) else json.dumps(page)).encode()
            self.send_response(200 if self.path in pages else 404)
            self.send_header("Content-Type", "text/plain" if isinstance(page, str) else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: the screen is the trial's."""

    try:
        server = ThreadingHTTPServer((LOOPBACK, port), Handler)
    except OSError as error:
        raise UsageError(f"port {port}: {error.strerror}") from None
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://{LOOPBACK}:{server.server_port}"
    smith.lure = f"{url}{LURE}"
    try:
        yield url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _pem(certificate: str) -> str:
    lines = [certificate[at : at + 64] for at in range(0, len(certificate), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


def told(trial: Trial, where: str, policy: str) -> dict[str, Any]:
    """The trial as plain data."""
    return {
        "target": where,
        "policy": policy,
        "shows": trial.shows,
        "genuine": [{"verdict": a.verdict, "detail": a.detail} for a in (trial.before, trial.after) if a is not None],
        "counts": {v: trial.count(v) for v in ("let in", "refused", "no answer", "not sent")},
        "fetched": list(trial.fetched),
        "forgeries": [
            {
                "name": r.forgery.name, "title": r.forgery.title, "verdict": r.answer.verdict, "detail": r.answer.detail,
                "rule": r.rule, "code": r.forgery.code,
            }
            for r in trial.results
        ],
    }  # fmt: skip
