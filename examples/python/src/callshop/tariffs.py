"""Imports, schedules, compares and exports prices."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from . import operations
from .client import Client
from .errors import CallshopError, RequestFailed
from .operations import Change, CreateTariffImportInput, ImportJob, Question, RateChangeKind, TariffImportMode

#: The kinds of differences. Without a kind, pages also contain equal rates, and there may be thousands of them between two differences.
KINDS: tuple[RateChangeKind, ...] = ("RAISED", "LOWERED", "CHANGED", "ADDED", "REMOVED")

#: Chooses the answer to a question about a deck. Returns the number of the answer, counted from 0; None if there is no answer.
Answer = Callable[[Question], int | None]


class Unanswered(CallshopError):
    """The deck has more than one meaning, and a question has no answer. The import was canceled."""

    def __init__(self, questions: list[Question]) -> None:
        super().__init__("UNANSWERED", f"The deck has questions: {', '.join(question['code'] for question in questions)}")
        self.questions = questions


class ImportFailed(CallshopError):
    """The import failed. `job["problems"]` says which lines are wrong."""

    def __init__(self, job: ImportJob) -> None:
        error = job["error"]
        super().__init__(error["code"] if error else job["state"], error["message"] if error else "The import was canceled.")
        self.job = job


def import_deck(
    client: Client,
    deck: Path,
    *,
    tariff_id: str,
    mode: TariffImportMode = "MERGE",
    mapping: str | None = None,
    mapping_id: str | None = None,
    dry_run: bool = False,
    note: str = "",
    key: str | None = None,
    answer: Answer = lambda question: None,
) -> ImportJob:
    """Imports a deck, and waits for the end. Returns the import, which has the new draft or, after a dry run, only the changes.

    `mapping_id` is a saved mapping, which `mapping` completes or corrects. `key` is the idempotency key. If an earlier run used the same key, input
    and file, that import continues, and no second import begins. With the same key and a changed file, the server refuses the request with
    `IDEMPOTENCY_CONFLICT`.
    """
    with deck.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    input: CreateTariffImportInput = {
        "tariffId": tariff_id,
        "mode": mode,
        "dryRun": dry_run,
        "note": note or deck.name,
        "fileName": deck.name,
        "sha256": sha256,
        "idempotencyKey": key or str(uuid.uuid4()),
    }
    if mapping is not None:
        input["mapping"] = mapping
    if mapping_id is not None:
        input["mappingId"] = mapping_id
    job = client.run(operations.create_tariff_import(input=input))["createTariffImport"]["job"]
    assert job is not None
    while True:
        if job["uploadUrl"] is not None:
            _upload(client, job["uploadUrl"], deck)
        elif job["state"] == "ASKS":
            _reply(client, job, answer)
        elif job["state"] in ("CHECKED", "DONE"):
            return job
        elif job["state"] != "READING":
            raise ImportFailed(job)
        job = _settled(client, job["id"])


def _upload(client: Client, url: str, deck: Path) -> None:
    try:
        client.upload(url, deck)
    except RequestFailed as error:
        # the answer to the first attempt was lost: the server has the file
        if error.code != "ILLEGAL_STATE":
            raise


def _settled(client: Client, id: str) -> ImportJob:
    """The import as soon as it waits for something or has ended."""
    for message in client.follow(operations.follow_tariff_import(id=id)):
        if message["tariffImport"]["state"] != "READING":
            return message["tariffImport"]
    raise CallshopError("BAD_ANSWER", "The subscription ended before the import did.")


def _reply(client: Client, job: ImportJob, answer: Answer) -> None:
    merged: dict[str, object] = {}
    for question in job["questions"]:
        number = answer(question)
        if number is None:
            client.run(operations.cancel_tariff_import(input={"importId": job["id"]}))
            raise Unanswered(job["questions"])
        merged = merge_mappings(merged, json.loads(question["answers"][number]["mapping"]))
    client.run(operations.answer_tariff_import(input={"importId": job["id"], "mapping": json.dumps(merged)}))


def merge_mappings(one: dict[str, object], other: dict[str, object]) -> dict[str, object]:
    """Two mappings as one. Both may name columns."""
    merged = dict(one)
    for key, value in other.items():
        old = merged.get(key)
        merged[key] = merge_mappings(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def differences(client: Client, earlier: str, later: str) -> Iterator[Change]:
    """The prefixes whose rates differ between two versions, grouped by the kind of difference and ordered by prefix."""
    for kind in KINDS:
        after: str | None = None
        while True:
            request = operations.compare_versions(earlier=earlier, later=later, kind=kind, after=after)
            compared = client.run(request)["compareTariffVersions"]
            if compared is None:
                raise CallshopError("NOT_FOUND", "One of the versions does not exist, or belongs to another account.")
            rows = compared["rows"]
            yield from rows["nodes"]
            if not rows["pageInfo"]["hasNextPage"]:
                break
            after = rows["pageInfo"]["endCursor"]
