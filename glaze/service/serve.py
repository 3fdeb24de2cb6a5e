"""The server: pages, worker and chores, until it is told to stop."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from filelock import FileLock, Timeout

from glaze.errors import HostError
from glaze.service import queue
from glaze.service.app import create_app
from glaze.service.chores import Chores
from glaze.service.house import House, open_house
from glaze.service.look import render
from glaze.service.settings import ServiceSettings
from glaze.service.studio import mount
from glaze.service.supervisor import Command, Supervisor, worker_command

if TYPE_CHECKING:
    from fastapi import FastAPI

GRACE: Final = 10  # seconds that requests have to end
# A handful of artists never need so many; a flood must not fill the memory.
_CONNECTIONS: Final = 1000
_KEEP_ALIVE: Final = 30  # seconds

_LOG: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    # No requests: an address with what it asked for says who works on what.
    "loggers": {"uvicorn.access": {"handlers": [], "propagate": False, "level": "CRITICAL"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}

_log = logging.getLogger(__name__)


def serve(settings: ServiceSettings, config: Path | None, command: Command | None = None) -> None:
    """Serve until a signal ends it. command: starts a worker; by default this Glaze's. Raises HostError."""
    house = open_house(settings)
    lock = FileLock(settings.storage.data / "serving.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as fault:
        house.close()
        raise HostError("in_use", path=settings.storage.data) from fault
    try:
        # Alone here: whatever was running is not any more.
        queue.recover_all(house)
        _server(house, command or worker_command(config)).run()
    finally:
        lock.release()
        house.close()


def _server(house: House, command: Command) -> uvicorn.Server:
    server = house.settings.server

    @asynccontextmanager
    async def beside(_app: FastAPI) -> AsyncIterator[None]:
        supervisor, chores = Supervisor(house, command), Chores(house)
        supervisor.start()
        chores.start()
        _log.info("Glaze is served at %s", house.settings.public_url)
        try:
            yield
        finally:
            supervisor.close()
            chores.close()

    return uvicorn.Server(
        uvicorn.Config(
            create_app(house, render, mount, lifespan=beside),
            host=server.host,
            port=server.port,
            proxy_headers=bool(server.trusted_proxies),
            forwarded_allow_ips=list(server.trusted_proxies),
            server_header=False,
            access_log=False,
            log_config=_LOG,
            limit_concurrency=_CONNECTIONS,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=GRACE,
        )
    )
