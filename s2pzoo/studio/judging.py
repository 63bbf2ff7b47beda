"""What the page of a study asks for: the next photo, pictures of a drawing, a place for answers."""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse

from s2pzoo.errors import BadInputError
from s2pzoo.imaging.write import write_bytes
from s2pzoo.studio.engine import Engine
from s2pzoo.studio.server import Extra, apart, body
from s2pzoo.studio.study import Study

DRAWN = 4 * 2**20
"""Bytes of a drawing at most."""


def judging(study: Study, engine: Engine, painter: str) -> Extra:
    """The page of a study, for one painter."""

    def paint(name: str) -> list[int]:
        """The pictures of all models are there; their places."""
        drawing, order = study.drawing(painter, known(name)), study.order(painter, name)
        if drawing is None:
            raise BadInputError(f"There is no drawing of {name}.", fix="Send one.")
        for model in order:
            file = study.made(painter, name, model)
            if not file.exists():
                engine.call(lambda m=model, f=file: engine.pipeline(m).run(drawing, seed=study.seed).save(f))
        return list(range(len(order)))

    def known(name: str) -> str:
        if name not in study.photos:
            raise BadInputError("The study has no such photo.")
        return name

    async def sent(request: Request) -> Any:
        try:
            return json.loads(await body(request, limit=DRAWN))
        except ValueError as error:
            raise BadInputError("That is no JSON.", why=str(error)) from error

    def add(app: FastAPI) -> None:
        @app.get("/api/study")
        async def state() -> dict[str, Any]:
            left = study.left(painter)
            name = left[0] if left else None
            return {
                "painter": painter, "photos": len(study.photos), "left": len(left), "photo": name,
                "seconds": study.seconds, "drawn": bool(name and study.drawing(painter, name)),
            }  # fmt: skip

        @app.get("/api/study/photo")
        async def photo(name: str) -> FileResponse:
            return FileResponse(study.photo(known(name)))

        @app.post("/api/study/drawing")
        async def drawing(request: Request, name: str) -> dict[str, Any]:
            drawn = await sent(request)
            if drawn is not None and study.drawing(painter, known(name)) is None:
                write_bytes(json.dumps(drawn).encode(), study.folder / "drawings" / painter / f"{name}.json")
            return {"made": await apart(paint, name)}

        @app.get("/api/study/made")
        async def made(name: str, place: int) -> FileResponse:
            order = study.order(painter, known(name))
            if not 0 <= place < len(order):
                raise BadInputError(f"There is no picture {place}.")
            return FileResponse(study.made(painter, name, order[place]))

        @app.post("/api/study/answer")
        async def answer(request: Request, name: str) -> dict[str, Any]:
            told = await sent(request)
            try:
                study.answer(painter, known(name), list(told["meant"]), list(told["better"]))
            except (KeyError, TypeError) as error:
                raise BadInputError("This does not answer the questions.", why=str(error)) from error
            return {"left": len(study.left(painter))}

    return Extra("study.html", add)
