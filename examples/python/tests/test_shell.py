"""Tests in which cases the scripts in `examples/shell` send a request again."""

from __future__ import annotations

import subprocess
import unittest
from pathlib import Path

from server import Answer, Server, failure

ASK = Path(__file__).parents[2] / "shell/ask"
OK: Answer = (200, {}, '{"data": {"apiToken": null}}')
DONE: Answer = (200, {}, '{"data": {"activateTariffVersion": {"userErrors": []}}}')
REFUSED: Answer = (200, {}, '{"data": {"activateTariffVersion": {"userErrors": [{"code": "STALE_DRAFT", "message": "Make the change again."}]}}}')
TWO_ERRORS: Answer = (400, {}, '{"errors": [{"message": "Unused variable.", "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}, {"message": "No such field."}]}')
MUTATION = "mutation($input: ActivateTariffVersionInput!) { activateTariffVersion(input: $input) { userErrors { code message } } }"


class ShellTest(unittest.TestCase):
    def ask(self, answers: list[Answer], *arguments: str) -> tuple[int, str, str]:
        self.server = Server(*answers)
        self.addCleanup(self.server.stop)
        api = f"http://127.0.0.1:{self.server.server_port}/graphql"
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "CALLSHOP_API": api, "CALLSHOP_TOKEN": "cs_test"}
        ran = subprocess.run([ASK, *arguments], env=environment, capture_output=True, text=True, timeout=60)
        return ran.returncode, ran.stdout, ran.stderr

    def test_a_query_is_repeated(self) -> None:
        status, output, _ = self.ask([None, failure(503, "OVERLOADED", Retry_After="0"), OK], "{ apiToken { name } }")
        self.assertEqual((status, output), (0, '{"apiToken":null}\n'))
        self.assertEqual([headers["authorization"] for _, headers, _ in self.server.seen], ["Bearer cs_test"] * 3)
        self.assertEqual([headers["accept-language"] for _, headers, _ in self.server.seen], ["en"] * 3)

    def test_a_mutation_without_a_key_is_sent_once(self) -> None:
        status, _, errors = self.ask([None, DONE], MUTATION, '{"input": {"versionId": "1"}}')
        self.assertEqual((status, len(self.server.seen)), (1, 1))
        self.assertIn("UNREACHABLE", errors)
        # unless the server says that it did nothing
        status, _, _ = self.ask([failure(429, "RATE_LIMITED", Retry_After="0"), DONE], MUTATION, '{"input": {"versionId": "1"}}')
        self.assertEqual((status, len(self.server.seen)), (0, 2))

    def test_a_mutation_with_a_key_is_repeated_as_it_was(self) -> None:
        status, _, _ = self.ask([None, DONE], MUTATION, '{"input": {"idempotencyKey": "k"}}')
        self.assertEqual((status, len(self.server.seen)), (0, 2))
        self.assertEqual(self.server.seen[0][2], self.server.seen[1][2])

    def test_errors_end_the_script_with_their_code(self) -> None:
        for answer, expected in [
            (REFUSED, "ask: STALE_DRAFT: Make the change again.\n"),
            (failure(401, "UNAUTHENTICATED"), "ask: UNAUTHENTICATED: No.\n"),
            (TWO_ERRORS, "ask: GRAPHQL_VALIDATION_FAILED: Unused variable. No such field.\n"),
            ((404, {}, "<html>"), "ask: The answer with status 404 does not come from the API. Check CALLSHOP_API.\n"),
        ]:
            self.assertEqual(self.ask([answer], MUTATION, '{"input": {}}'), (1, "", expected))


if __name__ == "__main__":
    unittest.main()
