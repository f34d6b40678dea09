"""The floor of an ingest: what DuckDB alone needs to read the same files, type some twenty fields and write them.

`python -m bench.floor LOGS OUT` writes raw and typed columns as zstd Parquet, with nothing known of repeats, bad lines,
identifiers or publication. Misses: files in other shapes than the drill writes.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import duckdb

THREADS, MEMORY = 2, "2GB"
TEXT, WHOLE, TIME, YES = "VARCHAR", "BIGINT", "TIMESTAMP", "BOOLEAN"


def _each(names: str, kind: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), kind)


ITEM = {"Id": TEXT, "ImmutableId": TEXT, "InternetMessageId": TEXT, "SizeInBytes": WHOLE}
AUDIT = {
    **_each("Id Operation OrganizationId ResultStatus UserKey Workload UserId AppId ClientAppId", TEXT),
    **_each("ClientIPAddress ClientInfoString LogonUserSid MailboxGuid MailboxOwnerUPN SessionId", TEXT),
    **_each("RecordType UserType LogonType OperationCount", WHOLE),
    "CreationTime": TIME,
    "AppAccessContext": {"AADSessionId": TEXT, "UniqueTokenId": TEXT, "IssuedAtTime": TEXT},
    "OperationProperties": [{"Name": TEXT, "Value": TEXT}],
    "Folders": [{"Id": TEXT, "Path": TEXT, "FolderItems": [ITEM]}],
}
SIGN_IN = {
    **_each("id userPrincipalName userId appId ipAddress clientAppUsed userAgent correlationId", TEXT),
    **_each("incomingTokenType authenticationProtocol authenticationRequirement sessionId", TEXT),
    **_each("uniqueTokenIdentifier riskLevelAggregated resourceId resourceTenantId homeTenantId", TEXT),
    "createdDateTime": TIME,
    "isInteractive": YES,
    "autonomousSystemNumber": WHOLE,
    "status": {"errorCode": WHOLE, "failureReason": TEXT},
    "deviceDetail": {"deviceId": TEXT, "isManaged": YES},
    "location": {"countryOrRegion": TEXT},
}
READ = {
    "lines": "read_json({files}, format='newline_delimited', records=false, columns={{raw: 'JSON'}})",
    "array": "read_json({files}, format='array', records=false, columns={{raw: 'JSON'}})",
    # the drill writes a page as a line a record: a page as one object would need memory for all of it
    "page": "(select rtrim(raw, ',') as raw from read_csv({files}, columns={{raw: 'VARCHAR'}}, auto_detect=false, "
    "header=false, delim='\x1f', quote='', escape='', max_line_size=4194304) where starts_with(raw, '{{\"id\"'))",
}


def shape(path: Path) -> str:
    """How the records lie in the file: 'lines', 'array', or 'page' for a `{"value": [...]}`."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        head = file.read(16).lstrip()
    return "array" if head.startswith(b"[") else "page" if head.startswith(b'{"value":[') else "lines"


def floor(logs: Path, out: Path) -> int:
    """Read, type, write; returns the number of records."""
    out.mkdir(parents=True, exist_ok=True)
    engine = duckdb.connect(config={"threads": THREADS, "memory_limit": MEMORY, "preserve_insertion_order": False})
    rows = 0
    for log, fields in (("audit", AUDIT), ("signins", SIGN_IN)):
        files = [p for p in sorted((logs / log).rglob("*")) if p.is_file()]
        shapes = {p: shape(p) for p in files}
        for name, reader in READ.items():
            chosen = [str(p) for p in files if shapes[p] == name]
            if chosen:
                rows += _write(engine, reader.format(files=repr(chosen)), fields, out / f"{log}-{name}.parquet")
    return rows


def _write(engine: duckdb.DuckDBPyConnection, source: str, fields: dict[str, Any], target: Path) -> int:
    """One scan: the raw text and its typed columns, side by side."""
    typed = f"select raw::VARCHAR as raw, from_json(raw, '{json.dumps(fields)}') as typed from {source}"
    query = f"copy (select raw, unnest(typed) from ({typed})) to '{target}' (format parquet, compression zstd)"
    return int(engine.execute(query).fetchall()[0][0])


if __name__ == "__main__":
    print(floor(Path(sys.argv[1]), Path(sys.argv[2])))
