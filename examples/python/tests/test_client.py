"""Tests the client against a server that fails in every way that a network can."""

from __future__ import annotations

import json
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from callshop import CallshopError, Client, Refused, RequestFailed, Unreachable, operations
from callshop.tariffs import merge_mappings
from server import Answer, Server, failure

OK: Answer = (200, {}, '{"data": {"apiToken": null}}')
ACTIVATED: Answer = (200, {}, '{"data": {"activateTariffVersion": {"version": null, "margin": null, "next": null, "userErrors": []}}}')
CREATED: Answer = (200, {}, '{"data": {"createTariffImport": {"job": null, "userErrors": []}}}')


def stream(*messages: str) -> Answer:
    return 200, {"Content-Type": "text/event-stream"}, "".join(messages)


def message(state: str) -> str:
    return f': sign of life\n\nevent: next\ndata: {{"data": {{"tariffImport": {{"state": "{state}"}}}}}}\n\n'


class ClientTest(unittest.TestCase):
    def start(self, *answers: Answer) -> Client:
        self.server = Server(*answers)
        self.addCleanup(self.server.stop)
        self.pauses: list[float] = []
        return Client(f"http://127.0.0.1:{self.server.server_port}/graphql", "cs_test", sleep=self.pauses.append)

    def test_a_query_is_repeated_until_it_succeeds(self) -> None:
        client = self.start(None, failure(503, "OVERLOADED"), (502, {}, "<html>"), failure(429, "RATE_LIMITED", Retry_After="7"), OK)
        self.assertEqual(client.run(operations.own_token()), {"apiToken": None})
        self.assertEqual(len(self.pauses), 4)
        self.assertEqual(self.pauses[3], 7.0)
        self.assertEqual(self.server.seen[0][1]["authorization"], "Bearer cs_test")
        self.assertEqual(self.server.seen[0][1]["accept-language"], "en")

    def test_a_download_has_the_whole_file(self) -> None:
        client = self.start((200, {"Content-Type": "text/csv"}, "prefix\n351\n"), failure(403, "FORBIDDEN"))
        self.assertEqual(b"".join(client.download("/export/rates?tariffVersionId=1")), b"prefix\n351\n")
        self.assertEqual(self.server.seen[0][1]["authorization"], "Bearer cs_test")
        with self.assertRaises(RequestFailed) as raised:
            list(client.download("/export/rates?tariffVersionId=1"))
        self.assertEqual(raised.exception.code, "FORBIDDEN")

    def test_it_gives_up(self) -> None:
        client = self.start(*[None] * 6, OK)
        with self.assertRaises(Unreachable):
            client.run(operations.own_token())
        self.assertEqual(len(self.server.seen), 6)

    def test_what_no_attempt_can_mend_is_not_repeated(self) -> None:
        client = self.start(failure(401, "UNAUTHENTICATED", X_Request_Id="r1"), OK)
        with self.assertRaises(RequestFailed) as raised:
            client.run(operations.own_token())
        self.assertEqual((raised.exception.code, raised.exception.status, raised.exception.request_id), ("UNAUTHENTICATED", 401, "r1"))
        self.assertEqual(len(self.server.seen), 1)

    def test_every_error_of_a_document_is_shown(self) -> None:
        errors = [{"message": text, "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}} for text in ("Unused variable.", "No such field.")]
        client = self.start((400, {}, json.dumps({"errors": errors})))
        with self.assertRaises(RequestFailed) as raised:
            client.run(operations.own_token())
        self.assertEqual(str(raised.exception), "GRAPHQL_VALIDATION_FAILED: Unused variable. No such field.")

    def test_a_redirect_is_not_followed(self) -> None:
        client = self.start((307, {"Location": "/elsewhere"}, ""), OK)
        with self.assertRaises(RequestFailed):
            client.run(operations.own_token())
        self.assertEqual(len(self.server.seen), 1)

    def test_a_mutation_without_a_key_is_sent_once(self) -> None:
        client = self.start(None, ACTIVATED)
        with self.assertRaises(Unreachable):
            client.run(operations.activate_tariff_version(input={"versionId": "1"}))
        self.assertEqual(len(self.server.seen), 1)
        # unless the server says that it did nothing
        client = self.start(failure(429, "RATE_LIMITED"), ACTIVATED)
        client.run(operations.activate_tariff_version(input={"versionId": "1"}))
        self.assertEqual(len(self.server.seen), 2)

    def test_a_mutation_with_a_key_is_repeated_as_it_was(self) -> None:
        client = self.start(None, CREATED)
        client.run(operations.create_tariff_import(input={"tariffId": "1", "idempotencyKey": "k"}))
        (_, _, first), (_, _, second) = self.server.seen
        self.assertEqual(first, second)

    def test_user_errors_are_raised(self) -> None:
        error = {"code": "STALE_DRAFT", "message": "Make the change again.", "field": []}
        client = self.start((200, {}, json.dumps({"data": {"activateTariffVersion": {"userErrors": [error]}}})))
        with self.assertRaises(Refused) as raised:
            client.run(operations.activate_tariff_version(input={"versionId": "1"}))
        self.assertEqual((raised.exception.code, raised.exception.errors), ("STALE_DRAFT", [error]))

    def test_a_stream_that_breaks_is_followed_again(self) -> None:
        client = self.start(stream(message("READING")), failure(503, "SHUTTING_DOWN"), stream(message("DONE"), "event: complete\ndata:\n\n"))
        states = [one["tariffImport"]["state"] for one in client.follow(operations.follow_tariff_import(id="1"))]
        self.assertEqual(states, ["READING", "DONE"])
        self.assertEqual(len(self.pauses), 2)

    def test_a_stream_that_is_refused_ends(self) -> None:
        client = self.start(failure(400, "GRAPHQL_VALIDATION_FAILED"))
        with self.assertRaises(CallshopError):
            list(client.follow(operations.follow_tariff_import(id="1")))

    def test_an_upload_is_repeated_from_its_beginning_and_without_the_token(self) -> None:
        client = self.start(failure(503, "OVERLOADED", Retry_After="1"), (202, {}, '{"state": "READING"}'))
        with TemporaryDirectory() as folder:
            deck = Path(folder) / "deck.csv"
            deck.write_text("prefix\n")
            client.upload("/upload/1?signature=s", deck)
        self.assertEqual([body for _, _, body in self.server.seen], [b"prefix\n", b"prefix\n"])
        path, headers, _ = self.server.seen[0]
        self.assertEqual(path, "/upload/1?signature=s")
        self.assertNotIn("authorization", headers)

    def test_a_token_with_a_line_break_is_refused(self) -> None:
        for token in ("", "cs_a\nX: y", "cs_a b"):
            with self.assertRaises(ValueError):
                Client("https://shop.example/graphql", token)

    def test_mappings_are_merged(self) -> None:
        self.assertEqual(
            merge_mappings({"date_order": "dmy", "columns": {"price": 2}}, {"columns": {"prefix": 1}}),
            {"date_order": "dmy", "columns": {"price": 2, "prefix": 1}},
        )


if __name__ == "__main__":
    unittest.main()
