"""The server as one aiohttp application."""

from aiohttp import web

from server.pages import Pages, add_security_headers
from server.settings import Settings
from server.signalling import Signalling

SIGNALLING = web.AppKey("signalling", Signalling)


def make_application(settings: Settings) -> web.Application:
    """Return the application: pages, model files, health, signalling; its shutdown ends all calls."""
    application = web.Application(client_max_size=1024)
    signalling = application[SIGNALLING] = Signalling(settings)
    application.router.add_get("/room/{room}/signal", signalling.handle)
    application.add_routes(Pages(settings, signalling).routes())
    application.on_response_prepare.append(add_security_headers)
    application.on_shutdown.append(_end_calls)
    return application


async def _end_calls(application: web.Application) -> None:
    await application[SIGNALLING].shut_down()
