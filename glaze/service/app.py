"""All of the service as one application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from glaze import __version__
from glaze.errors import GlazeError, ServiceError
from glaze.service import api, forms, guard, problems
from glaze.service.desk import Desk, status_of
from glaze.service.house import House
from glaze.service.pages import STUDIO, Mount, Name, Render
from glaze.service.rates import Rates
from glaze.studio import reading

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(house: House, render: Render, mount: Mount | None = None, lifespan: Lifespan | None = None) -> FastAPI:
    """The application of an opened house.

    render    draws the account pages. mount: hangs up the studio and what the pages need; None: there is no studio.
    lifespan  what runs beside it, such as the workers (serve.py).
    """
    rates = Rates(house.settings.limits.requests_per_minute)
    desk = Desk(house, render, rates)
    uploads = (f"{guard.API}/jobs", f"{STUDIO}/upload")
    app = FastAPI(
        title="Glaze",
        version=__version__,
        description="Hand in pictures, see how far they are, and fetch them glazed.",
        openapi_url=f"{guard.API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan or _nothing_beside,
        # From outside to inside.
        middleware=[
            Middleware(guard.SecurityHeaders, https=house.settings.is_https),
            Middleware(TrustedHostMiddleware, allowed_hosts=guard.hosts(house), www_redirect=False),
            Middleware(guard.SameOrigin, origins=guard.origins(house)),
            Middleware(guard.SignedIn, house=house),
            Middleware(guard.BodyLimit, most=guard.body_limits(house, uploads)),
        ],
    )
    app.state.door, app.state.desk = api.Door(house, rates), desk
    # Called with the id of an artist who leaves, by those who remember something of artists.
    app.state.leaving = []
    app.include_router(api.router(house), prefix=guard.API)
    app.include_router(forms.router())
    if reading.FOLDER.is_dir():
        app.mount(reading.PATH, StaticFiles(directory=reading.FOLDER, html=True))
    _answer_errors(app, desk)
    if mount is not None:
        mount(app, house)
    return app


@asynccontextmanager
async def _nothing_beside(_app: FastAPI) -> AsyncIterator[None]:
    yield


def _answer_errors(app: FastAPI, desk: Desk) -> None:
    @app.exception_handler(GlazeError)
    async def glaze_error(request: Request, error: GlazeError) -> Response:
        if guard.is_api(request.url.path):
            return problems.told(error)
        status = status_of(error) if isinstance(error, ServiceError) else 400
        visit = await desk.visit(request)
        return await desk.page(visit, Name.MESSAGE, error=error, status=status)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        if guard.is_api(request.url.path):
            return JSONResponse(problems.said(error.status_code), error.status_code, error.headers)
        if error.status_code == 401:
            return RedirectResponse("/sign-in", 303)
        if error.status_code == 404:
            visit = await desk.visit(request)
            return await desk.page(visit, Name.MESSAGE, error=ServiceError("no_job"), status=404)
        return Response(None, error.status_code, error.headers)
