"""How the log looks: lines for a person on a terminal, JSON for a machine (docs/operations.md has the rubric).

Code logs through `logging`, with what varies in `extra`; structlog only renders it.
"""

import logging
import sys

import structlog

from server.settings import LogSettings

#: Libraries whose information is of no use to an operator.
_QUIET = ("aioice", "aiortc", "aiohttp.access")


def configure_logging(settings: LogSettings) -> None:
    """Send the log to stderr, as the settings want it."""
    as_text = settings.format == "text" or (settings.format == "auto" and sys.stderr.isatty())
    before: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if as_text else "iso", utc=not as_text),
    ]
    render: list[structlog.typing.Processor]
    if as_text:
        render = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=40)]
    else:
        before.append(structlog.stdlib.add_logger_name)
        render = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("server").setLevel(settings.level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
