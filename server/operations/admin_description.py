"""The admin API, described in OpenAPI 3.1."""

from typing import Any

_ROOM = {
    "type": "object",
    "required": ["name", "seconds", "locked", "lobby", "waiting", "participants"],
    "properties": {
        "name": {"type": "string"},
        "seconds": {"type": "integer", "description": "since the room began"},
        "locked": {"type": "boolean"},
        "lobby": {"type": "boolean"},
        "waiting": {"type": "integer", "description": "people who wait to be let in"},
        "participants": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "name", "source", "host", "node"],
                "properties": {
                    "id": {"type": "integer", "minimum": 1, "maximum": 255},
                    "name": {"type": "string"},
                    "source": {"enum": ["camera", "file", "none", "renderer"]},
                    "host": {"type": "boolean"},
                    "node": {"type": "string", "description": "the server that serves them"},
                },
            },
        },
    },
}
_REFUSALS = {
    "401": {"description": "no admin token, or a wrong one"},
    "429": {"description": "too many wrong tokens from this address: try again in a minute"},
}


def describe_admin_api() -> dict[str, Any]:
    """Return the description as an OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "facewire admin API", "version": "1"},
        "security": [{"admin": []}],
        "components": {"securitySchemes": {"admin": {"type": "http", "scheme": "bearer"}}, "schemas": {"Room": _ROOM}},
        "paths": {
            "/admin/rooms": {
                "get": {
                    "summary": "List the rooms with somebody in them, or at their door",
                    "responses": {
                        "200": {"description": "the rooms", "content": {"application/json": {"schema": _rooms()}}},
                        **_REFUSALS,
                    },
                }
            },
            "/admin/rooms/{room}": {
                "delete": {
                    "summary": "End a room for everybody in it",
                    "parameters": [{"name": "room", "in": "path", "required": True, "schema": {"type": "string"}}],
                    "responses": {
                        "204": {"description": "it has ended"},
                        "503": {"description": "the other nodes cannot be reached"},
                        "404": {"description": "there is no such room"},
                        **_REFUSALS,
                    },
                }
            },
            "/metrics": {
                "get": {
                    "summary": "Figures for Prometheus; this machine needs no token if none is set",
                    "responses": {"200": {"description": "text format of Prometheus"}, **_REFUSALS},
                }
            },
        },
    }


def _rooms() -> dict[str, Any]:
    rooms = {"type": "array", "items": {"$ref": "#/components/schemas/Room"}}
    return {"type": "object", "required": ["rooms"], "properties": {"rooms": rooms}}
