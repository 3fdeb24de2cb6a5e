"""Ray itself: joining a cluster or starting one here. Nothing is reported to Ray's makers, and no dashboard opens."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from glaze import machine
from glaze.cluster import scratch
from glaze.errors import ClusterError

LOCAL: Final = "local"
INSTALL: Final = "python -m pip install -r requirements-cluster.txt -c constraints.txt"
REACH: Final = 5.0  # seconds for a first answer from an address
STORE: Final = 512 * 2**20  # bytes of memory in which a local cluster hands pictures over; more goes to the disk
_LOOPBACK: Final = "127.0.0.1"
_FOLDER: Final = "glaze-ray"
# What follows is read by Ray when it is imported.
_QUIET: Final = {"RAY_USAGE_STATS_ENABLED": "0"}
# Where something else than Ray answers, each try takes 40 s, and Ray would make twenty.
_TRIES: Final = {"RAY_NUM_REDIS_GET_RETRIES": "2"}
# Ray names the first after the systems where it is off by itself: without it a node takes the loopback address, and all
# its servers listen there alone. The last lets workers run like any program; Ray has them give way to all others.
_ALONE: Final = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token", "RAY_worker_niceness": "0"}


@contextmanager
def running(address: str) -> Iterator[Any]:
    """Ray, joined to the cluster at `address`, HOST:PORT; "local" starts one on this computer, for this program alone.

    Raises ClusterError (not_installed, unreachable, other_ray).
    """
    os.environ.update(_QUIET)
    with _started_here() if address == LOCAL else _joined(address) as ray:
        try:
            yield ray
        finally:
            ray.shutdown()


@contextmanager
def _started_here() -> Iterator[Any]:
    # What other users of this computer do not have, they cannot enter with.
    os.environ.update(_ALONE, RAY_AUTH_TOKEN=secrets.token_hex(32))
    ray = _imported()
    # A short path where there is one: a socket's name may have a hundred letters and no more.
    within = Path("/tmp") if os.name == "posix" else None  # noqa: S108 - the folder in it is for this user alone
    scratch.sweep(_FOLDER, within)
    folder = scratch.make(_FOLDER, within)
    try:
        with _told(LOCAL):
            node = ray.init(
                address=LOCAL,
                num_cpus=machine.describe().processors,
                object_store_memory=STORE,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                _node_ip_address=_LOOPBACK,
                _temp_dir=str(folder),
            )
            if node.address_info["node_ip_address"] != _LOOPBACK:
                ray.shutdown()
                raise RuntimeError("it would listen to other computers")
        yield ray
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _joined(address: str) -> Iterator[Any]:
    os.environ.update(_TRIES)
    ray = _imported()
    _knock(address)
    with _told(address):
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    yield ray


def _imported() -> Any:
    try:
        return import_module("ray")
    except ImportError as error:
        raise ClusterError("not_installed", command=INSTALL) from error


def _knock(address: str) -> None:
    """Find out at once that nobody is there: Ray itself would try for a minute. Raises ClusterError (unreachable)."""
    host, _, port = address.rpartition(":")
    if not (host and port.isdecimal()) or "/" in host:
        raise ClusterError("unreachable", address=address, reason="an address is HOST:PORT or local")
    try:
        socket.create_connection((host.strip("[]"), int(port)), REACH).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise ClusterError("unreachable", address=address, reason=error) from error


@contextmanager
def _told(address: str) -> Iterator[None]:
    """Turn what Ray raises on starting into words. Raises ClusterError (unreachable, other_ray)."""
    try:
        yield
    except Exception as error:
        with suppress(Exception):
            import_module("ray").shutdown()
        reason = str(error).strip().partition("\n")[0]
        if "ersion mismatch" in str(error):
            raise ClusterError("other_ray", address=address, reason=" ".join(str(error).split())) from error
        raise ClusterError("unreachable", address=address, reason=reason or type(error).__name__) from error
