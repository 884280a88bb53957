"""The errors of this package. Branch on `code`, never on the message: a later release may use a different sentence."""

from __future__ import annotations

from collections.abc import Sequence

from .operations import UserError


class CallshopError(Exception):
    """A request that the server did not carry out. `code` is a code of the server, or `UNREACHABLE` or `BAD_ANSWER`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Refused(CallshopError):
    """A mutation changed nothing, for a reason that the caller can correct. `errors` has all reasons."""

    def __init__(self, errors: Sequence[UserError]) -> None:
        super().__init__(errors[0]["code"], " ".join(error["message"] for error in errors))
        self.errors = list(errors)


class RequestFailed(CallshopError):
    """The server answered the whole request with an error."""

    def __init__(self, code: str, message: str, *, status: int, request_id: str | None, retry_after: float | None) -> None:
        super().__init__(code, message if request_id is None else f"{message} (request {request_id})")
        self.status = status
        self.request_id = request_id
        #: Seconds that the server asks to wait; None if it does not say.
        self.retry_after = retry_after

    @property
    def did_nothing(self) -> bool:
        """Whether the server refused the request before it began, so that even a mutation may be sent again."""
        return self.code in ("RATE_LIMITED", "SHUTTING_DOWN", "TOO_MANY_SOCKETS")

    @property
    def passes(self) -> bool:
        """Whether a later attempt may succeed."""
        return self.did_nothing or self.code in ("OVERLOADED", "QUERY_TIMEOUT", "BODY_TIMEOUT") or self.status in (502, 503, 504)


class Unreachable(CallshopError):
    """No complete answer arrived. The server may have done what was asked."""

    def __init__(self, message: str) -> None:
        super().__init__("UNREACHABLE", message)
