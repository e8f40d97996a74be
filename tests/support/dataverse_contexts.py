"""Execution contexts as Dataverse posts them to a webhook, after the example in its documentation."""

from __future__ import annotations

from typing import Any

from tests.support.console_records import NOON

_NAMESPACE = "http://schemas.microsoft.com/xrm/2011/Contracts"
_ORGANISATION = "4ef5b371-e89e-4711-8122-000d3aa2331c"
_USER = "75c2dd85-e89e-4711-8122-000d3aa2331c"
LEAD = "6d81597f-0f9f-4711-8122-000d3aa2331c"


def time(at: Any = NOON, offset: str = "") -> str:
    return f"/Date({int(at.timestamp() * 1000)}{offset})/"


def choice(value: int) -> dict[str, Any]:
    return {"__type": f"OptionSetValue:{_NAMESPACE}", "Value": value}


def money(value: float) -> dict[str, Any]:
    return {"__type": f"Money:{_NAMESPACE}", "Value": value}


def reference(row_id: str, table: str = "lead") -> dict[str, Any]:
    return {
        "__type": f"EntityReference:{_NAMESPACE}",
        "Id": row_id,
        "KeyAttributes": [],
        "LogicalName": table,
        "Name": None,
        "RowVersion": None,
    }


def entity(lead_id: str = LEAD, /, **columns: Any) -> dict[str, Any]:
    return {
        "__type": f"Entity:{_NAMESPACE}",
        "Attributes": [{"key": name, "value": value} for name, value in columns.items()],
        "EntityState": None,
        "FormattedValues": [{"key": "statuscode", "value": "Contacted"}],
        "Id": lead_id,
        "KeyAttributes": [],
        "LogicalName": "lead",
        "RelatedEntities": [],
        "RowVersion": None,
    }


def pairs(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def context(
    message: str, lead_id: str = LEAD, /, *, at: Any = NOON, before: Any = None, image: Any = None, **parameters: Any
) -> Any:
    """A context of an asynchronous step after the operation. `before`, `image`: what the step's images hold of before
    and after it.
    """
    return {
        "BusinessUnitId": "e2b9dd85-e89e-4711-8122-000d3aa2331c",
        "CorrelationId": "b374239d-4233-41a9-8b17-a86cb4f737b5",
        "Depth": 1,
        "InitiatingUserId": _USER,
        "InputParameters": pairs(parameters),
        "IsExecutingOffline": False,
        "IsInTransaction": False,
        "IsOfflinePlayback": False,
        "IsolationMode": 1,
        "MessageName": message,
        "Mode": 1,
        "OperationCreatedOn": time(at, "+0000"),
        "OperationId": "4af10637-4ea2-4711-8122-000d3aa2331c",
        "OrganizationId": _ORGANISATION,
        "OrganizationName": "OrgName",
        "OutputParameters": [],
        "OwningExtension": reference("75417616-4ea2-4711-8122-000d3aa2331c", "sdkmessageprocessingstep"),
        "ParentContext": None,
        "PostEntityImages": [] if image is None else pairs({"AsynchronousStepPrimaryName": image}),
        "PreEntityImages": [] if before is None else pairs({"before": before}),
        "PrimaryEntityId": lead_id,
        "PrimaryEntityName": "lead",
        "RequestId": None,
        "SecondaryEntityName": "none",
        "SharedVariables": [],
        "Stage": 40,
        "UserId": _USER,
    }


def changed(
    lead_id: str = LEAD,
    /,
    *,
    message: str = "Update",
    at: Any = NOON,
    before: Any = None,
    image: Any = None,
    **columns: Any,
) -> Any:
    """A context of columns that were set, among which Dataverse always has who changed the row, and when."""
    by = {"modifiedon": time(at), "modifiedby": reference(_USER, "systemuser"), "modifiedonbehalfby": None}
    target = entity(lead_id, leadid=lead_id, **{**by, **columns})
    return context(message, lead_id, at=at, before=before, image=image, Target=target)
