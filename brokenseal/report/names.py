"""What an organisation is called: by the domain of its mailboxes, which people know, and not by its id.

Why: nobody knows his organisation by a row of 36 letters. How: the answer's coverage names the domains, the most used first;
the id stands beside the name once, in the coverage, and wherever there is no domain or two organisations share one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

from brokenseal.report.language import Language
from brokenseal.report.visible import visible

MOST = 5
LONGEST = 80
Row = dict[str, Any]


class Names:
    """Names of the organisations of one answer, in one reader's language."""

    def __init__(self, answer: Row, lang: Language) -> None:
        self._lang = lang
        first = {c["tenant_id"]: c["domains"][0] for c in answer["coverage"] if c["domains"]}
        shared = Counter(first.values())
        self._names = {t: d for t, d in first.items() if shared[d] == 1}

    def known(self, tenant: str | None) -> bool:
        """Whether it is called by a domain."""
        return tenant in self._names

    def order(self, tenant: str | None) -> str:
        """What organisations are sorted by, so that a reader finds his own."""
        return self._names.get(tenant, tenant or "")

    def of(self, tenant: str | None) -> Markup:
        """Its domain, else its id."""
        if tenant is None and tenant not in self._names:
            return self._lang.t("an organisation that no file names")
        return Markup('<bdi class="mono">{}</bdi>').format(visible(self._names.get(tenant, tenant), LONGEST))

    def listed(self, tenants: Iterable[str | None], *, all_of_them: bool = False) -> Markup:
        """All of them, or the first few and how many more."""
        whole = sorted(set(tenants), key=self.order)
        most = len(whole) if all_of_them else MOST
        told = [self.of(t) for t in whole[:most]]
        if len(whole) > most:
            told.append(self._lang.tn("{n} more", "{n} more", len(whole) - most))
        return self._lang.listed(told)
