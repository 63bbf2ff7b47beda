"""What this plugin gives to s2pzoo: the face corpus as a dataset, and the tool that makes one. Data only, no torch."""

from __future__ import annotations

from s2pzoo.host.hooks import hookimpl
from s2pzoo.spec.fields import Field
from s2pzoo.spec.model import DatasetEntry, Declaration, Input, Model, Step, TaskEntry, ToolEntry, Weights
from s2pzoo_faces.config import CENTERNET, LocatorConfig
from s2pzoo_faces.frame import FACE

S2PZOO_API = 2


@hookimpl
def s2pzoo_plugin() -> Declaration:
    return Declaration(
        components=[LocatorConfig],
        models=[
            Model("faces.locator", steps=[Step("locator", LocatorConfig())], output="heads", size=128, blank_ok=True,
                  weights=Weights(bundled="weights/locator"), licence="CC-BY-4.0",
                  summary="Where heads are in a drawing: their pupils", paper=f"After {CENTERNET}"),
        ],
        tasks=[
            TaskEntry("faces/locator", factory="s2pzoo_faces.locator:Locating",
                      example="s2pzoo_faces.example:locator",
                      summary="drawn heads on sheets of all kinds, and where they are"),
        ],
        datasets=[
            DatasetEntry("faces/corpus", reader="s2pzoo_faces.corpus:open_corpus", frame=FACE,
                         locate="s2pzoo_faces.locator:locate", shaded=True,
                         summary="recombined faces of a few portraits, each drawn in every style and roughness"),
        ],
        tools=[
            ToolEntry(
                "corpus", method="s2pzoo_faces.corpus:build_corpus", model=False, seeded=True, gives="folder",
                summary="Recombine the features of portraits into a corpus of faces.",
                inputs=[
                    Input("portraits", "folder", "The folder of portraits with landmarks."),
                    Input("out", "new folder", "The folder for the corpus; a new or an empty one."),
                ],
                options=[
                    Field("count", "int", 10_000, low=1, help="Faces to make; at 256 pixels 0.26 MB each."),
                    Field("size", "int", 256, low=16, help="Side of the photos in pixels."),
                    Field("split", "str", "train", help="The people to take: train or test."),
                    Field("noncommercial", "bool", False, help="Take those too whose licence forbids commercial use."),
                    Field("workers", "int", 2, low=1, help="Processes that work side by side."),
                ],
            ),
        ],
    )  # fmt: skip
