"""The server as one aiohttp application."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from server.cluster import Cluster
from server.operations.endpoints import Operations
from server.operations.metrics import Metrics
from server.pages import Pages, security_headers
from server.renderer.endpoint import RendererEndpoint
from server.settings import Settings
from server.signalling.endpoint import Signalling

SIGNALLING = web.AppKey("signalling", Signalling)


def make_application(settings: Settings, cluster: Cluster) -> web.Application:
    """Return the application: pages, model files, signalling, health; it ends all calls, then leaves the cluster."""
    metrics = Metrics()
    application = web.Application(client_max_size=1024)
    signalling = application[SIGNALLING] = Signalling(settings, cluster, metrics)
    application.router.add_get("/room/{room}/signal", signalling.handle)
    if settings.renderer.key is not None:
        renderers = RendererEndpoint(settings, settings.renderer.key, signalling.renderers, signalling.limiter, metrics)
        application.router.add_get("/renderer", renderers.handle)
        application.on_shutdown.append(lambda _: renderers.close())
    application.add_routes(Operations(settings, signalling, metrics).routes())
    application.add_routes(Pages(settings).routes())
    application.on_response_prepare.append(security_headers(settings, lambda: cluster.members.urls))
    application.on_response_prepare.append(metrics.count_response)
    application.cleanup_ctx.append(_in_background(metrics.measure_lag))
    application.cleanup_ctx.append(_in_background(signalling.keep_house))
    application.on_shutdown.append(_end_calls)
    application.on_cleanup.append(lambda _: cluster.close())
    return application


def make_runner(application: web.Application, settings: Settings) -> web.AppRunner:
    """Return the runner, with what bounds a connection before there is a request."""
    return web.AppRunner(
        application,
        access_log=None,
        shutdown_timeout=settings.shutdown_s / 2,
        keepalive_timeout=settings.limits.request_s,
        max_line_size=settings.limits.header_bytes,
        max_field_size=settings.limits.header_bytes,
    )


def _in_background(work: Callable[[], Awaitable[None]]) -> Callable[[web.Application], AsyncIterator[None]]:
    """Return a context in which some work runs."""

    async def context(_: web.Application) -> AsyncIterator[None]:
        task = asyncio.ensure_future(work())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    return context


async def _end_calls(application: web.Application) -> None:
    await application[SIGNALLING].shut_down()
