"""The description of a server's addresses: an OpenAPI document, and a page of it."""

from __future__ import annotations

import html
from typing import Any

from penstock.version import __version__

__all__ = ["document", "page"]

_NUMBERS = {"type": "array", "items": {"type": "number", "nullable": True}}
_TIME = {"oneOf": [{"type": "string"}, {"type": "number"}], "description": "Time of the row, as in the fit."}
_LEVEL = {
    "oneOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}}],
    "description": "Levels of intervals, in percent.",
}
_ROWS = {"type": "array", "items": {"type": "object"}, "description": "Rows in the columns of the fit."}
_STEP: dict[str, Any] = {
    "t": _TIME,
    "y": {"type": "number", "nullable": True, "description": "The target; null where it is missing."},
    "series": {"type": "string", "description": "Name of the series, where there are several."},
    "covariates": {"type": "object", "description": "Past and known covariates of the row, by name."},
    "future": {"type": "object", "description": "Known covariates of the steps ahead: a list each, by name."},
    "step": {"type": "integer", "description": "Number of the step, from 1 on: asked again, it is not taken twice."},
    "times": {"type": "boolean", "description": "Whether the answer tells the times of the steps ahead."},
}
_ANSWER: dict[str, Any] = {
    "session": {"type": "string"},
    "step": {"type": "integer"},
    "yhat": {**_NUMBERS, "nullable": True, "description": "The steps ahead; null: no forecast yet, or a dropped row."},
    "intervals": {"type": "object", "description": "lo and hi of each level; null where a bound is infinite."},
    "times": {"type": "array", "items": _TIME},
    "notes": {"type": "array", "items": {"type": "string"}, "description": "What was assumed, in words, if anything."},
}
_BEGIN: dict[str, Any] = {
    "model": {"type": "string", "description": "Name of the model, where several are served."},
    "level": _LEVEL,
    "intervals": {"type": "string", "enum": ["adaptive", "own"]},
    "late": {"type": "string", "enum": ["error", "drop", "amend"]},
    "duplicate": {"type": "string", "enum": ["error", "drop", "replace"]},
    "missing": {"type": "string", "enum": ["error", "ffill", "indicator"]},
}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


_STEPS = _object({"steps": {"type": "array", "items": _object({"session": {"type": "string"}, **_STEP})}}, "steps")
_FORECAST = _object({"rows": _ROWS, "future": _ROWS, "level": _LEVEL})
_CSV = {"text/csv": {"schema": {"type": "string"}}}

# Path, method, what it does, body, successful status, further statuses.
_ADDRESSES: tuple[tuple[str, str, str, dict[str, Any] | None, int, tuple[int, ...]], ...] = (
    ("/healthz", "get", "The process lives.", None, 200, ()),
    ("/readyz", "get", "Requests are answered at once; 503 while the server starts or ends.", None, 200, (503,)),
    ("/metrics", "get", "Figures in the text form of Prometheus.", None, 200, (401,)),
    ("/openapi.json", "get", "This description.", None, 200, ()),
    ("/docs", "get", "This description as a page.", None, 200, ()),
    ("/v1/models", "get", "The models.", None, 200, (401,)),
    ("/v1/models/{name}", "get", "A model.", None, 200, (401, 404)),
    ("/v1/models/{name}/forecast", "post", "Forecast after the rows that the model keeps, or after later ones.",
     {**_json(_FORECAST), **_CSV}, 200, (400, 401, 404, 408, 413, 415, 422, 503, 504)),
    ("/v1/sessions", "post", "Begin a session after the rows that the model keeps.", _json(_object(_BEGIN)), 201,
     (400, 401, 404, 408, 413, 415, 422, 429, 503)),
    ("/v1/sessions/{id}", "get", "A session.", None, 200, (401, 404, 503)),
    ("/v1/sessions/{id}", "delete", "End a session.", None, 204, (401, 404, 503)),
    ("/v1/sessions/{id}/step", "post", "Take one row, and forecast after it.", _json(_object(_STEP, "t", "y")), 200,
     (400, 401, 404, 408, 409, 413, 415, 422, 503)),
    ("/v1/steps", "post", "Take rows of many sessions; each gets its answer, or its status and error.", _json(_STEPS),
     200, (400, 401, 408, 413, 415, 422, 503)),
)  # fmt: skip

_MEANING = {
    200: "Done.", 201: "The session was begun.", 204: "Done.", 400: "The body is no JSON; NaN is none.",
    401: "The token is missing or wrong.", 404: "There is no such model or session.",
    408: "The request did not come in time.", 409: "The step is neither the next nor the last one.",
    413: "The body is too large, or has too many rows.", 415: "The body is of another media type.",
    422: "The request says what cannot be done.", 429: "There are too many sessions.",
    503: "The server is busy, starts or ends.", 504: "The forecast took too long.",
}  # fmt: skip


def document() -> dict[str, Any]:
    """Return the OpenAPI document.

    Examples
    --------
    >>> document()["paths"]["/v1/sessions/{id}"]["delete"]["responses"]["204"]
    {'description': 'Done.'}
    """
    paths: dict[str, dict[str, Any]] = {}
    error = _json(_object({"status": {"type": "integer"}, "error": {"type": "string"}}, "status", "error"))
    for path, method, summary, body, success, others in _ADDRESSES:
        responses: dict[str, Any] = {str(success): {"description": _MEANING[success]}}
        if path.endswith("/step"):
            responses[str(success)]["content"] = _json(_object(_ANSWER))
        responses |= {str(status): {"description": _MEANING[status], "content": error} for status in others}
        entry: dict[str, Any] = {"summary": summary, "responses": responses}
        if 401 not in others:
            entry["security"] = []
        if body is not None:
            entry["requestBody"] = {"required": not path.endswith("/forecast"), "content": body}
        names = [part.partition("}")[0] for part in path.split("{")[1:]]
        entry["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ]
        if path.endswith("/forecast"):
            described = "Levels of intervals for a body of text/csv, such as 80,95."
            level = {"name": "level", "in": "query", "description": described, "schema": {"type": "string"}}
            entry["parameters"].append(level)
        paths.setdefault(path, {})[method] = entry
    return {
        "openapi": "3.0.3",
        "info": {"title": "penstock serve", "version": __version__},
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
    }


def page() -> str:
    """Return the description as one HTML page that loads nothing from elsewhere."""
    parts = []
    for path, method, summary, body, success, others in _ADDRESSES:
        fields = ""
        for kind, content in (body or {}).items():
            described = content["schema"].get("properties", {})
            rows = "".join(
                f"<tr><td><code>{html.escape(name)}</code><td>{html.escape(each.get('description', ''))}"
                for name, each in described.items()
            )
            fields += f"<p>Body: <code>{kind}</code></p>" + (f"<table>{rows}</table>" if rows else "")
        statuses = "".join(f"<tr><td>{status}<td>{html.escape(_MEANING[status])}" for status in (success, *others))
        parts.append(
            f"<h2><code>{method.upper()} {html.escape(path)}</code></h2><p>{html.escape(summary)}</p>{fields}"
            f"<p>Answers</p><table>{statuses}</table>"
        )
    style = "body{font:16px sans-serif;max-width:50em;margin:2em auto;padding:0 1em}td{padding:0 1em 0 0}"
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>penstock serve</title><style>{style}</style>"
        f"<h1>penstock serve {__version__}</h1><p>The same as <a href=openapi.json>OpenAPI</a>.</p>{''.join(parts)}"
    )
