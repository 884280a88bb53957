"""Sends requests with an API token, repeats those that may be repeated, follows subscriptions, and uploads files."""

from __future__ import annotations

import http.client
import json
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar, cast
from urllib.parse import urlsplit

from .errors import CallshopError, Refused, RequestFailed, Unreachable
from .operations import UserError
from .requests import Request

R = TypeVar("R")
T = TypeVar("T")

#: Attempts for each request.
ATTEMPTS = 6
#: The longest pause between two attempts, in seconds, even if the server asks for a longer one.
LONGEST_PAUSE = 60.0
#: The longest silence of the server, in seconds. A query takes at most 10 seconds, and the server sends a sign of life on a stream every 20 seconds.
SILENCE = 60.0


class Client:
    """A client of one server. `url` is the address of GraphQL, such as `https://shop.example/graphql`."""

    def __init__(self, url: str, token: str, *, language: str = "en", sleep: Callable[[float], None] = time.sleep) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or parts.hostname is None:
            raise ValueError(f"{url!r} is not an HTTP address, such as https://shop.example/graphql")
        if not token.isascii() or not token.isprintable() or " " in token or token == "":
            raise ValueError("The token must be one word, such as cs_…")
        self._is_secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path or "/graphql"
        self._token = token
        self._language = language
        self._sleep = sleep

    @classmethod
    def from_environment(cls) -> Client:
        """Reads the address from `CALLSHOP_API`. Reads the token from the file `CALLSHOP_TOKEN_FILE`, or from `CALLSHOP_TOKEN`. Messages are in English, or
        in the language `CALLSHOP_LANGUAGE`: `pt`, `es` or `en`."""
        url, file, token = (os.environ.get(name, "") for name in ("CALLSHOP_API", "CALLSHOP_TOKEN_FILE", "CALLSHOP_TOKEN"))
        if file != "":
            token = Path(file).read_text(encoding="ascii").strip()
        if url == "" or token == "":
            raise ValueError("Set CALLSHOP_API to the address of the API, and CALLSHOP_TOKEN_FILE or CALLSHOP_TOKEN to the token.")
        return cls(url, token, language=os.environ.get("CALLSHOP_LANGUAGE") or "en")

    def run(self, request: Request[R]) -> R:
        """Runs a query or a mutation. Raises `Refused` for `userErrors` of a mutation, and another `CallshopError` for any other failure."""
        data = self._repeated(lambda: self._run_once(request), request.is_repeatable)
        if request.kind == "mutation":
            for payload in data.values():
                errors = cast(list[UserError], cast(Mapping[str, object], payload)["userErrors"])
                if errors:
                    raise Refused(errors)
        return cast(R, data)

    def follow(self, request: Request[R]) -> Iterator[R]:
        """The messages of a subscription. If the connection is lost, it subscribes again, so a message may arrive twice.

        This suits subscriptions in which each message is complete by itself, such as `tariffImport`. To miss no event of `callshopActivity`, send
        the last cursor as `after`.
        """
        failures = 0
        while True:
            try:
                for data in self._stream(request):
                    failures = 0
                    yield cast(R, data)
                return
            except CallshopError as error:
                failures += 1
                self._wait_after(error, failures, is_repeatable=True)

    def upload(self, path: str, file: Path) -> None:
        """Uploads a file to an `uploadUrl`, in small pieces. The address is signed, so the token is not sent."""

        def put() -> None:
            with file.open("rb") as body:
                headers = {"Content-Length": str(file.stat().st_size)}
                with self._answer("PUT", path, headers, body) as answer:
                    _checked(answer)

        self._repeated(put, is_repeatable=True)

    def download(self, path: str) -> Iterator[bytes]:
        """The parts of an export, such as `/export/rates?tariffVersionId=…`. A file that breaks off raises `Unreachable`."""
        with self._answer("GET", path, {"Authorization": f"Bearer {self._token}"}, None) as answer:
            if answer.status >= 300:
                raise _failure(answer, _json(answer.read()))
            while part := answer.read(65_536):
                yield part

    def _run_once(self, request: Request[R]) -> dict[str, object]:
        with self._post(request, "application/graphql-response+json") as answer:
            return _data(answer, _checked(answer))

    def _stream(self, request: Request[R]) -> Iterator[dict[str, object]]:
        with self._post(request, "text/event-stream") as answer:
            if answer.headers.get_content_type() != "text/event-stream":
                raise _failure(answer, _json(answer.read()))
            kind = ""
            for line in answer:
                field, _, value = line.decode().strip().partition(":")
                if field == "event":
                    kind = value.strip()
                    if kind == "complete":
                        return
                elif field == "data" and kind == "next":
                    yield _data(answer, _json(value.encode()))
        raise Unreachable("The stream ended before the subscription was complete.")

    def _post(self, request: Request[R], accept: str) -> AbstractContextManager[http.client.HTTPResponse]:
        body = {"query": request.document, "variables": request.variables, "operationName": request.name}
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json", "Accept": accept}
        return self._answer("POST", self._path, headers, json.dumps(body).encode())

    @contextmanager
    def _answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes | BinaryIO | None) -> Iterator[http.client.HTTPResponse]:
        # no redirects are followed, so the token goes to no other server
        make = http.client.HTTPSConnection if self._is_secure else http.client.HTTPConnection
        connection = make(self._host, self._port, timeout=SILENCE)
        try:
            connection.request(method, path, body, {"Accept-Language": self._language, **headers})
            yield connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def _repeated(self, attempt: Callable[[], T], is_repeatable: bool) -> T:
        failures = 0
        while True:
            try:
                return attempt()
            except CallshopError as error:
                failures += 1
                self._wait_after(error, failures, is_repeatable)

    def _wait_after(self, error: CallshopError, failures: int, is_repeatable: bool) -> None:
        """Waits before the next attempt, or raises the error if no attempt is left or if another attempt could not help."""
        may_pass = isinstance(error, Unreachable) or isinstance(error, RequestFailed) and error.passes
        did_nothing = isinstance(error, RequestFailed) and error.did_nothing
        if not may_pass or failures >= ATTEMPTS or not (is_repeatable or did_nothing):
            raise error
        asked = error.retry_after if isinstance(error, RequestFailed) else None
        # a random part, so that many scripts do not try again at the same moment
        pause = 0.5 * 2 ** (failures - 1) * random.uniform(0.5, 1.0)
        self._sleep(min(max(pause, asked or 0.0), LONGEST_PAUSE))


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _checked(answer: http.client.HTTPResponse) -> object:
    """The body of an answer without an error status."""
    body = _json(answer.read())
    if answer.status >= 300 or body is None:
        raise _failure(answer, body)
    return body


def _data(answer: http.client.HTTPResponse, body: object) -> dict[str, object]:
    """The `data` of a GraphQL result without errors."""
    if not isinstance(body, dict) or body.get("errors") or not isinstance(body.get("data"), dict):
        raise _failure(answer, body)
    return cast(dict[str, object], body["data"])


def _failure(answer: http.client.HTTPResponse, body: object) -> RequestFailed:
    errors = body.get("errors") if isinstance(body, dict) else None
    listed = errors if isinstance(errors, list) else []
    first = listed[0] if listed else {}
    code = first.get("extensions", {}).get("code", "BAD_ANSWER")
    # a document may have several errors, and the first one may be only a consequence of another
    messages = " ".join(error["message"] for error in listed)
    message = messages or f"The answer with status {answer.status} does not come from the API. Check its address."
    wait = answer.headers.get("Retry-After", "")
    return RequestFailed(
        code,
        message,
        status=answer.status,
        request_id=answer.headers.get("X-Request-Id"),
        retry_after=float(wait) if wait.isdecimal() else None,
    )
