#!/usr/bin/env python3
"""Receives the webhooks of callshop, stores each message once, and sends a push for it. README.md explains how to run it.

LISTEN               address and port (127.0.0.1:8787); port 0 chooses a free one. A proxy in front of it adds TLS
WEBHOOK_SECRET_FILE  file with the secret of the webhook. It is read for each message, so it can be replaced at any time
PUSH_URL             where pushes are posted as JSON, such as https://ntfy.sh/
PUSH_TOPIC           the topic of the pushes (callshop)
DATABASE             file with the messages (messages.db)
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

#: The largest message that is read, in bytes.
LARGEST = 1 << 20
#: Pauses between the attempts to send a push, in seconds. The last one repeats.
PAUSES = (1, 5, 30, 120)
#: How long the ids of messages are kept, in seconds. The server repeats a message for three days, and later if somebody replays it.
KEPT = 30 * 86_400
#: Sentences for some kinds of events. The others are shown by their names.
TITLES = {
    "CREDIT_LOW": "Credit is low",
    "PRICES_CHANGED": "Prices changed",
    "REGISTER_CLOSED": "The cash register was closed",
    "SHOP_SUSPENDED": "The shop was suspended",
}


class Messages:
    """The messages in the database, by their ids."""

    def __init__(self, file: str) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, body TEXT NOT NULL, received_at REAL NOT NULL, done_at REAL, error TEXT)"
        )
        self._database.execute("CREATE INDEX IF NOT EXISTS message_done ON message (done_at)")

    def _run(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._database.execute(sql, values).fetchall()

    def add(self, id: str, body: str) -> None:
        """Stores a message, unless it is known."""
        self._run("INSERT INTO message (id, body, received_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", id, body, time.time())

    def next(self) -> tuple[str, str] | None:
        """Id and body of the oldest message without a push."""
        rows = self._run("SELECT id, body FROM message WHERE done_at IS NULL ORDER BY received_at, rowid LIMIT 1")
        return (rows[0][0], rows[0][1]) if rows else None

    def done(self, id: str, error: str | None) -> None:
        """Keeps only the id of a message, and deletes old ids."""
        now = time.time()
        self._run("UPDATE message SET done_at = ?, error = ?, body = '' WHERE id = ?", now, error, id)
        self._run("DELETE FROM message WHERE done_at < ?", now - KEPT)


def push_of(body: str) -> dict[str, str]:
    """Title and text of the push for a message. The body is the answer to the webhook's document."""
    data = json.loads(body)["data"]
    if data is None:
        # a ping of `testWebhook`
        return {"title": "Test", "message": "The webhook works."}
    [feed] = data.values()
    event = feed["event"]
    if event is None:
        return {"title": "Events were lost", "message": "Read the current state again."}
    call = event.get("call") or {}
    details = [event.get("at"), call.get("number"), call.get("destination")]
    return {"title": TITLES.get(event["kind"], event["kind"]), "message": " ".join(detail for detail in details if detail)}


class Pusher(threading.Thread):
    """Sends the pushes one after another, including those that were left when the receiver last stopped."""

    def __init__(self, messages: Messages, url: str, topic: str) -> None:
        super().__init__(daemon=True)
        self.wake = threading.Event()
        self._messages, self._url, self._topic = messages, url, topic

    def run(self) -> None:
        failures = 0
        while True:
            self.wake.clear()
            message = self._messages.next()
            if message is None:
                self.wake.wait()
                continue
            id, body = message
            try:
                push = push_of(body)
            except Exception as error:
                # the answer to a document that push_of does not know; it must not block the other messages
                self._give_up(id, error)
                continue
            try:
                self._send(push)
                self._messages.done(id, None)
                failures = 0
            except OSError as error:
                if isinstance(error, HTTPError) and error.code < 500 and error.code != 429:
                    self._give_up(id, error)
                else:
                    failures = self._pause(failures, error)

    def _send(self, push: dict[str, str]) -> None:
        body = json.dumps({"topic": self._topic, **push}).encode()
        request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read(LARGEST)

    def _give_up(self, id: str, error: Exception) -> None:
        print(f"{id}: no push: {error!r}", file=sys.stderr)
        self._messages.done(id, repr(error))

    def _pause(self, failures: int, error: OSError) -> int:
        print(f"The push failed and is sent again: {error}", file=sys.stderr)
        time.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
        return failures + 1


class Receiver(BaseHTTPRequestHandler):
    """Answers as soon as a message is stored. The server sends a message again if the answer takes longer than 15 seconds."""

    #: A sender that stops sending is dropped.
    timeout = 10
    messages: Messages
    pusher: Pusher
    secret_file: Path

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LARGEST:
            return self.answer(413)
        body = self.rfile.read(int(length))
        try:
            secret = Webhook(self.secret_file.read_text(encoding="ascii").strip())
            secret.verify(body, dict(self.headers.items()), json_parse=False)
        except (WebhookVerificationError, ValueError):
            # a malformed signature is a ValueError
            return self.answer(401)
        self.messages.add(self.headers["webhook-id"], body.decode())
        self.pusher.wake.set()
        self.answer(204)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        print(format % arguments, file=sys.stderr)


def main() -> None:
    """Runs the receiver until it is stopped."""
    missing = [name for name in ("WEBHOOK_SECRET_FILE", "PUSH_URL") if not os.environ.get(name)]
    if missing:
        sys.exit(f"Set {' and '.join(missing)}. README.md explains the variables.")
    host, port = os.environ.get("LISTEN", "127.0.0.1:8787").rsplit(":", 1)
    Receiver.messages = Messages(os.environ.get("DATABASE", "messages.db"))
    Receiver.secret_file = Path(os.environ["WEBHOOK_SECRET_FILE"])
    Receiver.pusher = Pusher(Receiver.messages, os.environ["PUSH_URL"], os.environ.get("PUSH_TOPIC", "callshop"))
    Receiver.pusher.start()
    server = ThreadingHTTPServer((host, int(port)), Receiver)
    print(f"http://{host}:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
