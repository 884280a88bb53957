"""Reads the calls of a month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from . import operations
from .client import Client
from .errors import CallshopError
from .operations import Call, TimeRange


def month_of(client: Client, callshop_id: str, month: str) -> TimeRange:
    """The instants at which a month such as "2026-11" begins and ends in the callshop's time zone."""
    shop = client.run(operations.find_callshop(id=callshop_id))["callshop"]
    if shop is None:
        raise CallshopError("NOT_FOUND", "There is no such callshop, or it belongs to another account.")
    begins = datetime.strptime(month, "%Y-%m").replace(tzinfo=ZoneInfo(shop["timeZone"]))
    ends = begins.replace(year=begins.year + begins.month // 12, month=begins.month % 12 + 1)
    return {"from": begins.isoformat(), "to": ends.isoformat()}


def calls(client: Client, callshop_id: str, period: TimeRange) -> Iterator[Call]:
    """The calls of a callshop that were authorized in a period, oldest first, including calls that were refused or not answered."""
    after: str | None = None
    while True:
        page = client.run(operations.calls(callshop_id=callshop_id, authorized_at=period, after=after))["calls"]
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]
