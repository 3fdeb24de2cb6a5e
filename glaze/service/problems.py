"""What went wrong with a request of a program, in JSON."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from glaze.errors import GlazeError, ServiceError
from glaze.service.desk import status_of


class Problem(BaseModel):
    """What went wrong. key: the same always, for programs; message: for people."""

    key: str
    message: str


class Failed(BaseModel):
    """The answer to a request that failed."""

    error: Problem


def problem(error: GlazeError) -> Problem:
    """An error as the interface names it."""
    return Problem(key=f"{type(error).__name__}.{error.key}", message=str(error))


def told(error: GlazeError) -> Response:
    """An error as an answer."""
    status = status_of(error) if isinstance(error, ServiceError) else 400
    return JSONResponse(Failed(error=problem(error)).model_dump(), status)


def said(status: int) -> dict[str, Any]:
    """The body of an answer that HTTP itself has a name for."""
    phrase = HTTPStatus(status).phrase
    return Failed(error=Problem(key=f"http.{status}", message=phrase)).model_dump()
