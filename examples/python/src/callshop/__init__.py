"""Manages the tariffs of a callshop server with an API token. An example to copy and change; README.md explains it."""

from .client import Client
from .errors import CallshopError, Refused, RequestFailed, Unreachable
from .requests import Request

__all__ = ["CallshopError", "Client", "Refused", "Request", "RequestFailed", "Unreachable"]
