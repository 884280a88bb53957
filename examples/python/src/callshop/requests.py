"""A request: a document with its variables. `operations.py` has a function for each request that this package sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

R = TypeVar("R")


@dataclass(frozen=True)
class Request(Generic[R]):
    """A request whose answer has the type `R`."""

    kind: Literal["query", "mutation", "subscription"]
    name: str
    document: str
    variables: Mapping[str, object]

    @property
    def is_repeatable(self) -> bool:
        """Whether the request may be sent again even if the first one took effect."""
        input = self.variables.get("input")
        return self.kind != "mutation" or isinstance(input, Mapping) and input.get("idempotencyKey") is not None
