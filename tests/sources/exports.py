"""One month of invented records in the other shapes that exports have: rewritten, never recorded."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

Row = dict[str, Any]
WORKSPACE = "99999999-0000-4000-8000-000000000000"
TENANT = "11111111-0000-4000-8000-000000000000"


def lines(rows: Sequence[Row]) -> bytes:
    """One object a line."""
    return "".join(json.dumps(r) + "\n" for r in rows).encode()


def table(rows: Sequence[Row], *, delimiter: str = ",") -> bytes:
    """A CSV of all columns that some row has; what is no text as JSON, as consoles write it."""
    columns = list(dict.fromkeys(k for r in rows for k in r))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(c)) for c in columns])
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, indent=2)


def american(moment: str) -> str:
    """A moment as the portal shows it to an American."""
    at = datetime.fromisoformat(moment.removesuffix("Z"))
    return f"{at.month}/{at.day}/{at.year}, {at.hour % 12 or 12}:{at:%M:%S}.000 {at:%p}"


# --- the unified audit log


def portal(rows: Sequence[Row]) -> bytes:
    """The Purview portal's CSV."""
    return table(
        [
            {
                "RecordId": r["Id"], "CreationDate": r["CreationTime"] + ".0000000Z", "RecordType": r["RecordType"],
                "Operation": r["Operation"], "UserId": r["UserId"], "AuditData": json.dumps(r),
                "AssociatedAdminUnits": "", "AssociatedAdminUnitsNames": "",
            }
            for r in rows
        ]
    )  # fmt: skip


def cmdlet(rows: Sequence[Row]) -> bytes:
    """`Search-UnifiedAuditLog | Export-Csv`, with the type line of PowerShell 5."""
    return b"#TYPE Deserialized.Microsoft.Exchange.Data.ApplicationLogic.UnifiedAuditLogEvent\r\n" + table(
        [
            {
                "PSComputerName": "outlook.office365.com", "RecordType": "ExchangeItemAggregated",
                "CreationDate": american(r["CreationTime"]), "UserIds": r["UserId"], "Operations": r["Operation"],
                "AuditData": json.dumps(r), "ResultIndex": n + 1, "ResultCount": len(rows), "Identity": r["Id"],
                "IsValid": True, "ObjectState": "Unchanged",
            }
            for n, r in enumerate(rows)
        ]
    )  # fmt: skip


def converted(rows: Sequence[Row]) -> bytes:
    """`Search-UnifiedAuditLog | ConvertTo-Json`, saved by PowerShell 5."""
    made = [
        {
            "RecordType": 50, "CreationDate": "/Date(1746093600000)/", "UserIds": r["UserId"],
            "Operations": r["Operation"], "AuditData": json.dumps(r), "ResultIndex": n + 1, "Identity": r["Id"],
        }
        for n, r in enumerate(rows)
    ]  # fmt: skip
    return json.dumps(made, indent=4).replace("\n", "\r\n").encode("utf-16")


def extractor(rows: Sequence[Row]) -> bytes:
    """Objects one after another in UTF-16, as a suite of extractors appends them from PowerShell 5."""
    return "\r\n".join(json.dumps(r, indent=2) for r in rows).encode("utf-16")


def extractor_lines(rows: Sequence[Row]) -> bytes:
    """Lines in UTF-16, big-endian."""
    return b"\xfe\xff" + "".join(json.dumps(r) + "\r\n" for r in rows).encode("utf-16-be")


def graph_query(rows: Sequence[Row]) -> bytes:
    """The answer of a Graph audit query."""
    made = [
        {
            "id": r["Id"], "createdDateTime": r["CreationTime"] + "Z", "auditLogRecordType": "exchangeItemAggregated",
            "operation": r["Operation"], "organizationId": r["OrganizationId"], "userId": r["UserKey"],
            "userPrincipalName": r["UserId"], "clientIp": None,
            "auditData": {"@odata.type": "#microsoft.graph.security.x", **r},
        }
        for r in rows
    ]  # fmt: skip
    return json.dumps({"@odata.context": "https://graph.example/v1.0", "value": made}).encode()


OFFICE = {
    "Id": "OfficeId",
    "CreationTime": "TimeGenerated",
    "ClientIPAddress": "Client_IPAddress",
    "LogonType": "Logon_Type",
    "ObjectId": "OfficeObjectId",
}
NOT_IN_OFFICE = ("SessionId", "DeviceId", "TokenObjectId", "TokenTenantId", "ActorInfoString", "TokenType", "Version")
LOGONS = {0: "Owner", 1: "Admin", 2: "Delegated"}
USERS = {0: "Regular", 2: "Admin", 3: "DcAdmin", 4: "System", 5: "Application"}


def _office(row: Row) -> Row:
    out = {OFFICE.get(k, k): v for k, v in row.items() if k not in NOT_IN_OFFICE and k != "Workload"}
    out |= {"TenantId": WORKSPACE, "OfficeWorkload": row["Workload"], "Type": "OfficeActivity"}
    if "LogonType" in row:
        out["Logon_Type"] = LOGONS[row["LogonType"]]
    out["UserType"] = USERS[row["UserType"]]
    return out


def office_lines(rows: Sequence[Row]) -> bytes:
    """OfficeActivity as JSON lines: nested values are JSON texts."""
    made = [{k: json.dumps(v) if isinstance(v, (dict, list)) else v for k, v in _office(r).items()} for r in rows]
    return lines([{**r, "TimeGenerated": r["TimeGenerated"] + "Z"} for r in made])


def office_table(rows: Sequence[Row]) -> bytes:
    """OfficeActivity as the portal's CSV."""
    made = []
    for row in map(_office, rows):
        made.append({("TimeGenerated [UTC]" if k == "TimeGenerated" else k): v for k, v in row.items()})
        made[-1]["TimeGenerated [UTC]"] = american(row["TimeGenerated"])
    return b"\xef\xbb\xbf" + table(made)


def _hunted(row: Row) -> Row:
    return {
        "Timestamp": row["CreationTime"] + "Z", "ActionType": row["Operation"], "Application": "Microsoft Exchange Online",
        "ApplicationId": 20893, "AccountObjectId": row.get("TokenObjectId", ""), "ReportId": row["Id"],
    }  # fmt: skip


def cloud_app_table(rows: Sequence[Row]) -> bytes:
    """CloudAppEvents as the hunting console's CSV."""
    return table([{**_hunted(r), "RawEventData": json.dumps(r)} for r in rows])


def cloud_app_results(rows: Sequence[Row]) -> bytes:
    """CloudAppEvents as the hunting API answers."""
    schema = [{"name": "Timestamp", "type": "DateTime"}, {"name": "RawEventData", "type": "Object"}]
    return json.dumps({"schema": schema, "results": [{**_hunted(r), "RawEventData": r} for r in rows]}).encode()


def cloud_app_stream(rows: Sequence[Row]) -> bytes:
    """CloudAppEvents as the streaming export writes them."""
    return lines(
        [
            {
                "time": r["CreationTime"] + "Z", "tenantId": r["OrganizationId"], "operationName": "Publish",
                "category": "AdvancedHunting-CloudAppEvents", "properties": {**_hunted(r), "RawEventData": r},
            }
            for r in rows
        ]
    )  # fmt: skip


AUDIT: dict[str, Callable[[Sequence[Row]], bytes]] = {
    "lines": lines,
    "portal": portal,
    "cmdlet": cmdlet,
    "converted": converted,
    "extractor": extractor,
    "extractor_lines": extractor_lines,
    "graph_query": graph_query,
    "office_lines": office_lines,
    "office_table": office_table,
    "cloud_app_table": cloud_app_table,
    "cloud_app_results": cloud_app_results,
    "cloud_app_stream": cloud_app_stream,
}
"""Every shape of the unified audit log."""

# --- sign-ins

CATEGORIES = {
    "interactiveUser": ("SignInLogs", "SigninLogs"),
    "nonInteractiveUser": ("NonInteractiveUserSignInLogs", "AADNonInteractiveUserSignInLogs"),
    "servicePrincipal": ("ServicePrincipalSignInLogs", "AADServicePrincipalSignInLogs"),
    "managedIdentity": ("ManagedIdentitySignInLogs", "AADManagedIdentitySignInLogs"),
}


def envelope(row: Row) -> Row:
    """A sign-in in Azure Monitor's envelope; its own time is the record's, the envelope's is later."""
    category = CATEGORIES[row["signInEventTypes"][0]][0]
    properties = {**row, "createdDateTime": row["createdDateTime"].removesuffix("Z") + ".1234567+00:00"}
    del properties["signInEventTypes"]
    return {
        "time": "2031-01-01T00:00:00.0000000Z", "resourceId": f"/tenants/{TENANT}/providers/Microsoft.aadiam",
        "operationName": "Sign-in activity", "category": category, "resultType": str(row["status"]["errorCode"]),
        "tenantId": TENANT, "properties": properties,
    }  # fmt: skip


def monitor_lines(rows: Sequence[Row]) -> bytes:
    """A storage account's blob."""
    return lines([envelope(r) for r in rows])


def monitor_records(rows: Sequence[Row]) -> bytes:
    """Messages of an event hub, one a line."""
    return lines([{"records": [envelope(r) for r in rows[n : n + 7]]} for n in range(0, len(rows), 7)])


def _capital(row: Row) -> Row:
    out = {k[0].upper() + k[1:]: v for k, v in row.items() if k not in ("signInEventTypes", "location", "resourceId")}
    out["IPAddress"] = out.pop("IpAddress")
    return {
        **out, "TenantId": WORKSPACE, "AADTenantId": TENANT, "ResourceIdentity": row.get("resourceId"),
        "ResultType": str(row["status"]["errorCode"]), "LocationDetails": row["location"],
        "Type": CATEGORIES[row["signInEventTypes"][0]][1], "Category": CATEGORIES[row["signInEventTypes"][0]][0],
        "TimeGenerated": row["createdDateTime"],
    }  # fmt: skip


def workspace_lines(rows: Sequence[Row]) -> bytes:
    """The Log Analytics tables as JSON lines."""
    return lines([_capital(r) for r in rows])


def workspace_table(rows: Sequence[Row]) -> bytes:
    """The Log Analytics tables as the portal's CSV."""
    made = []
    for row in map(_capital, rows):
        row["CreatedDateTime [UTC]"] = american(row.pop("CreatedDateTime"))
        row["DeviceDetail_dynamic"] = json.dumps(row.pop("DeviceDetail"))
        row["DeviceDetail_string"] = ""
        del row["TimeGenerated"]
        made.append(row)
    return b"\xef\xbb\xbf" + table(made)


def entra_portal(rows: Sequence[Row]) -> bytes:
    """The portal's CSV, double blanks and all; a column comes twice."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [
            "Date (UTC)", "Request ID", "User agent", "Correlation ID", "User ID", "User", "Username",
            "Incoming token type", "Unique token identifier", "Application", "Application ID ", "Resource ID ",
            "Resource tenant ID", "Home tenant ID", "IP address", "Location", "Status", "Sign-in error code",
            "Device ID", "Managed", "Authentication requirement", "Session ID", "Autonomous system  number",
            "Incoming token type", "Managed Identity type",
        ]
    )  # fmt: skip
    for r in rows:
        failed = r["status"]["errorCode"]
        writer.writerow(
            [
                r["createdDateTime"], r["id"], r.get("userAgent"), "", r["userId"], "Ann", r["userPrincipalName"],
                r.get("incomingTokenType"), r.get("uniqueTokenIdentifier"), "App", r["appId"], r.get("resourceId"),
                r["resourceTenantId"], r["resourceTenantId"], r["ipAddress"],
                f"Town, Land, {r['location']['countryOrRegion']}", "Failure" if failed else "Success", failed,
                r["deviceDetail"]["deviceId"], "Yes" if r["deviceDetail"]["isManaged"] else "No",
                "Multifactor authentication", r.get("sessionId"), r.get("autonomousSystemNumber"), "", "None",
            ]
        )  # fmt: skip
    return out.getvalue().encode()


def hunted_signins(rows: Sequence[Row]) -> bytes:
    """EntraIdSignInEvents as the hunting console's CSV."""
    made = [
        {
            "Timestamp": american(r["createdDateTime"]), "Application": "App", "ApplicationId": r["appId"],
            "LogonType": json.dumps(r["signInEventTypes"]), "ErrorCode": r["status"]["errorCode"],
            "SessionId": r.get("sessionId"), "AccountObjectId": r["userId"], "AccountUpn": r["userPrincipalName"],
            "ResourceId": r.get("resourceId"), "ResourceTenantId": r["resourceTenantId"],
            "EntraIdDeviceId": r["deviceDetail"]["deviceId"], "IsManaged": int(r["deviceDetail"]["isManaged"]),
            "AuthenticationRequirement": r.get("authenticationRequirement"), "UserAgent": r.get("userAgent"),
            "IPAddress": r["ipAddress"], "Country": r["location"]["countryOrRegion"], "RequestId": r["id"],
            "ReportId": "x",
        }
        for r in rows
    ]  # fmt: skip
    return table(made)


SIGNINS: dict[str, Callable[[Sequence[Row]], bytes]] = {
    "lines": lines,
    "monitor_lines": monitor_lines,
    "monitor_records": monitor_records,
    "workspace_lines": workspace_lines,
    "workspace_table": workspace_table,
    "entra_portal": entra_portal,
    "hunted_signins": hunted_signins,
}
"""Every shape of Entra sign-ins of people."""
