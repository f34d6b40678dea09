"""One normal form for an address, a token id, a message id and a mailbox; as scalar and as SQL macro.

The macros run on the embedded engine, where all text is folded; a test holds them equal to the scalars. Addresses are
normalised in Python, once for each distinct spelling: no SQL knows RFC 5952.
"""

from __future__ import annotations

import base64
import ipaddress
import re
import socket
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ZERO = "00000000-0000-0000-0000-000000000000"
ISSUED_ENDINGS = ("00", "01", "02")
"""Last byte of every request id that the provider has been seen to issue (585 of 585, 2021 to 2026)."""

LONGEST_ADDRESS = 64

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TWO_BITS = "".join(_LETTERS[i - i % 16] for i in range(64))
_SHORT = re.compile(r"[A-Za-z0-9_-]{22}(==)?")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LONG = re.compile(r"[A-Za-z0-9+/]{48}")
_GUID_SQL = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"

# Addresses that the provider of Microsoft 365 uses for its front ends and services: an access that shows one of them
# shows no network of the caller.
PROVIDER_RANGES = tuple(
    ipaddress.ip_network(text)
    for text in (
        "13.107.6.0/24", "13.107.18.0/24", "13.107.128.0/22", "20.20.32.0/19", "20.190.128.0/18", "20.231.128.0/19",
        "23.103.160.0/20", "40.92.0.0/15", "40.96.0.0/13", "40.104.0.0/15", "40.107.0.0/16", "40.126.0.0/18",
        "52.96.0.0/14", "52.100.0.0/14", "104.47.0.0/17", "131.253.33.0/24", "132.245.0.0/16", "150.171.32.0/22",
        "204.79.197.0/24", "2603:1000::/24", "2603:1096::/32", "2603:10a6::/32", "2603:10b6::/32", "2603:1006::/40",
        "2603:1016::/36", "2603:1026::/36", "2603:1036::/36", "2603:1046::/36", "2603:1056::/36", "2620:1ec:4::/46",
        "2620:1ec:8::/45", "2620:1ec:a92::/48", "2a01:111:f400::/48",
    )
)  # fmt: skip
# Clouds where the provider's background services run beside rented machines: the provider only where the record names a
# background service.
SHARED_RANGES = tuple(ipaddress.ip_network(text) for text in ("20.54.0.0/16", "52.155.0.0/16"))

_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_EASY_4 = rf"{_BYTE}(\.{_BYTE}){{3}}"
_GROUP = "[1-9a-f][0-9a-f]{0,3}"
# eight groups that are not zero, or three and more of them, one gap of two and more, and the rest
_EASY_6 = "|".join(
    [f"({_GROUP}:){{7}}{_GROUP}", f"({_GROUP}:){{6}}:", f"({_GROUP}:){{5}}:({_GROUP})?"]
    + [f"({_GROUP}:){{{n}}}:({_GROUP}(:{_GROUP}){{0,{5 - n}}})?" for n in (4, 3)]
)

# months and days without zeros, and an AM or PM: nobody but Americans writes so
AMERICAN = (
    r"(1[0-2]|[1-9])/([12][0-9]|3[01]|[1-9])/(19|20|21)[0-9]{2},? (1[0-2]|0?[1-9]):[0-5][0-9]"
    r"(:[0-5][0-9](\.[0-9]{3,7})?)?[ \x{202F}\x{A0}][AP]M"
)

# Each macro tries what nearly every value is before what is slow: these run for every field of every record.
MACROS = (
    # absent is a value: an empty text is none
    "create or replace temp macro bs_text(s) as case when s >= '!' and not ends_with(s, ' ') and not ends_with(s, '\n') "
    "and not ends_with(s, '\r') and not ends_with(s, '\t') then s else nullif(trim(s, ' \t\r\n'), '') end",
    # of other letters than ASCII each engine has its own idea
    "create or replace temp macro bs_small(s) as case when strlen(s) = length(s) then lower(s) else "
    "translate(s, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') end",
    "create or replace temp macro bs_slow(s) as nullif(translate(trim(s, ' \t\r\n'), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', "
    "'abcdefghijklmnopqrstuvwxyz'), '')",
    "create or replace temp macro bs_fold(s) as case when strlen(s) = length(s) and s >= '!' and not ends_with(s, ' ') and not "
    "ends_with(s, '\n') and not ends_with(s, '\r') and not ends_with(s, '\t') then lower(s) else bs_slow(s) end",
    f"create or replace temp macro bs_guid(s) as nullif(case when strlen(s) = 36 then lower(s) else bs_slow(s) end, '{ZERO}')",
    # the bytes of a GUID lie in mixed order: four, two and two turned round, the rest as they are
    "create or replace temp macro bs_mixed(h) as regexp_replace(h, "
    r"'^(..)(..)(..)(..)(..)(..)(..)(..)(....)', '\4\3\2\1-\6\5-\8\7-\9-')",
    # of the last letter only two bits count, and a decoder may refuse the others
    "create or replace temp macro bs_short(s) as case when regexp_full_match(s, '[A-Za-z0-9_-]{21}[AQgw]') "
    "then bs_mixed(lower(hex(from_base64(replace(replace(s, '-', '+'), '_', '/') || '==')))) "
    "when regexp_full_match(s, '[A-Za-z0-9_-]{22}(==)?') then "
    f"bs_mixed(lower(hex(from_base64(translate(left(s, 21), '-_', '+/') || translate(s[22], '{_LETTERS}', '{_TWO_BITS}')"
    " || '==')))) end",
    "create or replace temp macro bs_long(s) as case when regexp_full_match(s, '[A-Za-z0-9+/]{48}') "
    "then try(decode(from_base64(s))) end",
    f"create or replace temp macro bs_written(s) as case when regexp_matches(s, '{_GUID_SQL}') then lower(s) end",
    # of a text that bs_text has trimmed; the length decides which shape is tried
    "create or replace temp macro bs_token(s) as nullif(case length(s) when 22 then coalesce(bs_short(s), s) "
    "when 24 then coalesce(bs_short(s), s) when 36 then coalesce(bs_written(s), s) "
    f"when 48 then coalesce(bs_written(bs_long(s)), s) else s end, '{ZERO}')",
    f"create or replace temp macro bs_token_odd(t) as case when t is null then null when regexp_matches(t, '{_GUID_SQL}') "
    "then right(t, 2) not in ('00', '01', '02') else true end",
    "create or replace temp macro bs_message(s) as case when starts_with(s, '<') and ends_with(s, '>') then s "
    "when bs_text(s) is null then null when starts_with(bs_text(s), '<') then bs_text(s) else '<' || bs_text(s) || '>' end",
    f"create or replace temp macro bs_bare(s) as case when length(s) > {LONGEST_ADDRESS} then null "
    "when starts_with(s, '[') then split_part(s[2:], ']', 1) "
    "when length(s) - length(replace(s, ':', '')) = 1 then split_part(s, ':', 1) else s end",
    # of a text that bs_text has trimmed; one colon parts an address from its port, two and no dot are of version 6
    "create or replace temp macro bs_host(s) as case when strlen(s) < 46 and not starts_with(s, '[') and not contains(s, '%') "
    "and (not contains(s, ':') or (not contains(s, '.') and s like '%:%:%')) then s "
    "else nullif(split_part(bs_bare(s), '%', 1), '') end",
    # addresses that are in their normal form already and easy to see as such: nearly all; `placed` knows the others
    f"create or replace temp macro bs_easy(s) as case when regexp_full_match(s, '{_EASY_4}') then 4 "
    f"when regexp_full_match(s, '{_EASY_6}') then 6 end",
    "create or replace temp macro bs_prefix(s) as case bs_easy(s) when 4 then regexp_replace(s, '[0-9]+$', '0/24') "
    "when 6 then regexp_extract(s, '^([^:]+:){3}') || ':/48' end",
    "create or replace temp macro bs_wide(s) as case bs_easy(s) when 4 then regexp_extract(s, '^[0-9]+\\.[0-9]+') || '.0.0/16' "
    "when 6 then regexp_extract(s, '^([^:]+:){2}') || ':/32' end",
    # times without a zone are UTC; what lies outside 1990..2200 is a bug value
    "create or replace temp macro bs_moment(s) as case when s >= '1990' and s < '2200' then case when length(s) = 19 "
    "or right(s, 1) = 'Z' or not regexp_matches(s, '[+-][0-9]{2}:?[0-9]{2}$') then try_cast(s as timestamp) "
    "else try_cast(s as timestamptz) at time zone 'UTC' end end",
    "create or replace temp macro bs_time(s) as bs_moment(trim(s, ' \t\r\n'))",
    # what consoles and PowerShell write for a moment, as ISO 8601; a day that could be a month is none
    r"create or replace temp macro bs_spaced(s) as regexp_replace(regexp_replace(s, '[, \x{202F}\x{A0}]+', ' ', 'g'), "
    r"'(\.[0-9]{3})[0-9]+', '\1')",
    r"create or replace temp macro bs_clock(s) as case when s >= '1' and s < '3' and s[5:5] = '-' then s "
    r"when regexp_full_match(s, '/Date\([0-9]{1,13}\)/') "
    r"then strftime(make_timestamp(cast(regexp_extract(s, '-?[0-9]+') as bigint) * 1000), '%Y-%m-%dT%H:%M:%S.%f') "
    f"when regexp_full_match(s, '{AMERICAN}') then strftime(coalesce("
    "try_strptime(bs_spaced(s), '%m/%d/%Y %I:%M:%S %p'), try_strptime(bs_spaced(s), '%m/%d/%Y %I:%M:%S.%g %p'), "
    "try_strptime(bs_spaced(s), '%m/%d/%Y %I:%M %p')), '%Y-%m-%dT%H:%M:%S.%f') end",
    "create or replace temp macro bs_whole(s) as case when regexp_full_match(bs_text(s), '-?[0-9]{1,18}') "
    "then cast(bs_text(s) as bigint) end",
    "create or replace temp macro bs_true(s) as case lower(bs_text(s)) when 'true' then true when 'false' then false end",
    "create or replace temp macro bs_named(list, wanted) as list_filter(list, lambda p: p.Name = wanted)[1].Value",
    # a value that is an object or a list where a name should be is none
    "create or replace temp macro bs_plain(s) as case when starts_with(s, '{') or starts_with(s, '[') or strlen(s) > 512 "
    "then null else bs_text(s) end",
)


def text(value: str | None) -> str | None:
    """Trimmed; empty is None."""
    value = value.strip(" \t\r\n") if value is not None else None
    return value or None


def fold(value: str | None) -> str | None:
    """Trimmed, ASCII letters in lower case: other letters fold differently in each engine."""
    value = text(value)
    return value.translate(_FOLD) if value else None


_FOLD = {c: c + 32 for c in range(ord("A"), ord("Z") + 1)}


def clock(value: str | None) -> str | None:
    """A moment as consoles and PowerShell write it (`/Date(ms)/`, or American with AM or PM), as ISO 8601 in UTC with
    microseconds; what begins with a year stays as it is, and anything else is None: a day that could be a month is not
    guessed."""
    if value is None or re.match(r"[12].{3}-", value, re.DOTALL):
        return value
    since = re.fullmatch(r"/Date\(([0-9]{1,13})\)/", value)
    if since:
        return (datetime(1970, 1, 1) + timedelta(milliseconds=int(since[1]))).strftime(_ISO)
    if not re.fullmatch(AMERICAN.replace(r"\x{202F}", "\u202f").replace(r"\x{A0}", "\xa0"), value):
        return None
    plain = re.sub(r"(\.[0-9]{3})[0-9]+", r"\1", re.sub("[, \u202f\xa0]+", " ", value))
    for form in ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M:%S.%f %p", "%m/%d/%Y %I:%M %p"):
        try:
            return datetime.strptime(plain, form).strftime(_ISO)
        except ValueError:
            continue
    return None


_ISO = "%Y-%m-%dT%H:%M:%S.%f"


def token_id(value: str | None) -> str | None:
    """The request id behind a token id: of 22 letters of base64url (bytes in mixed order), of the 48 letters in use until
    2022, or written out; the zero id is None; any other shape stays as it is."""
    value = text(value)
    if value is None:
        return None
    out = value
    if _GUID.fullmatch(value):
        out = value.lower()
    elif _LONG.fullmatch(value):
        plain = base64.b64decode(value).decode("utf-8", "replace")
        out = plain.lower() if _GUID.fullmatch(plain) else value
    elif _SHORT.fullmatch(value):
        out = str(uuid.UUID(bytes_le=base64.urlsafe_b64decode(value[:22] + "==")))
    return None if out == ZERO else out


def unique_token_id(request_id: str) -> str:
    """The token id, as records write it, of a sign-in's request id."""
    return base64.urlsafe_b64encode(uuid.UUID(request_id).bytes_le).rstrip(b"=").decode()


def token_odd(token: str | None) -> bool | None:
    """The decoded id has an ending, or a shape, that the provider has not been seen to issue."""
    if token is None:
        return None
    return not (_GUID.fullmatch(token) and token.endswith(ISSUED_ENDINGS))


def message_id(value: str | None) -> str | None:
    """An Internet Message-ID with its angle brackets."""
    value = text(value)
    if value is None:
        return None
    return value if value.startswith("<") else f"<{value}>"


def host(value: str | None) -> str | None:
    """An address as written, without its port, brackets and zone: few of them have to be normalised."""
    value = text(value)
    if value is None or len(value) > LONGEST_ADDRESS:
        return None
    if value.startswith("["):
        value = value[1:].split("]")[0]
    elif value.count(":") == 1:
        value = value.split(":")[0]
    return value.split("%")[0] or None


def ip(value: str | None) -> str | None:
    """An IP address in its normal form (RFC 5952), without port, zone and brackets; None where it is none."""
    found = placed(value)
    return found[0] if found else None


def prefix(address: str) -> str:
    """Of a normal address, its /24, or /48 of version 6. Raises ValueError where it is none."""
    return _placed(address)[1]


def wide(address: str) -> str:
    """Of a normal address, its /16, or /32 of version 6. Raises ValueError where it is none."""
    return _placed(address)[2]


def is_provider(address: str, *, service: bool = False) -> bool:
    """Whether a normal address is the provider's own. service: the record names a background service of the provider."""
    return _placed(address)[4 if service else 3] == "provider"


def placed(value: str | None) -> tuple[str, str, str, str, str] | None:
    """An address as written: its normal form, prefix, wide, and what it is (caller or provider), the latter once in general
    and once where the record names a background service; None where it is no address."""
    plain = host(value)
    if plain is None:
        return None
    try:
        return _placed(plain)
    except ValueError:
        return None


def _placed(plain: str) -> tuple[str, str, str, str, str]:
    try:
        packed = socket.inet_pton(socket.AF_INET6 if ":" in plain else socket.AF_INET, plain)
    except (OSError, ValueError) as error:
        raise ValueError(f"no address: {plain!r}") from error
    if packed.startswith(_MAPPED):
        packed = packed[12:]
    return _written(packed), *_network(packed[: 3 if len(packed) == 4 else 6])


def _written(packed: bytes) -> str:
    if len(packed) == 4:
        return socket.inet_ntoa(packed)
    # the system writes the last half of ::1.2.3.4 as a version 4 address
    return (
        str(ipaddress.IPv6Address(packed)) if packed.startswith(_ZEROS) else socket.inet_ntop(socket.AF_INET6, packed)
    )


def kinds(near: str) -> tuple[str, str]:
    """What the addresses of a /24 or /48 are: provider or caller, and the same where a record names a background service."""
    address = near.partition("/")[0]
    packed = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    return _network(packed[: 3 if len(packed) == 4 else 6])[2:]


@lru_cache(maxsize=65536)
def _network(start: bytes) -> tuple[str, str, str, str]:
    """Prefix, wide and kinds of the addresses that begin with these three or six bytes: no range is narrower."""
    if len(start) == 3:
        near, far = f"{_written(start + bytes(1))}/24", f"{_written(start[:2] + bytes(2))}/16"
        packed = start + bytes(1)
    else:
        near, far = f"{_written(start + bytes(10))}/48", f"{_written(start[:4] + bytes(12))}/32"
        packed = start + bytes(10)
    kind = "provider" if _within(packed, _PROVIDER) else "caller"
    return near, far, kind, "provider" if _within(packed, _SHARED) else kind


_ZEROS = bytes(12)
_MAPPED = bytes(10) + b"\xff\xff"


def _ends(ranges: Sequence[Network]) -> dict[int, list[tuple[bytes, bytes]]]:
    """First and last address of each range, packed, by length."""
    out: dict[int, list[tuple[bytes, bytes]]] = {4: [], 16: []}
    for network in ranges:
        first, last = network.network_address.packed, network.broadcast_address.packed
        out[len(first)].append((first, last))
    return out


def _within(packed: bytes, ranges: dict[int, list[tuple[bytes, bytes]]]) -> bool:
    return any(first <= packed <= last for first, last in ranges[len(packed)])


_PROVIDER, _SHARED = _ends(PROVIDER_RANGES), _ends(SHARED_RANGES)


def mailbox(value: str | None) -> str | None:
    """A mailbox's or person's address: trimmed, ASCII letters in lower case."""
    return fold(value)
