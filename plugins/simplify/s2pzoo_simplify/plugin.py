"""What this plugin gives to s2pzoo. Data only, no torch."""

from __future__ import annotations

from s2pzoo.host.hooks import hookimpl
from s2pzoo.spec.model import Declaration, Input, Model, Step, TaskEntry, ToolEntry, Weights
from s2pzoo_simplify.config import PRESETS, SIMPLIFY, SimplifyConfig

S2PZOO_API = 2


def steps(config: SimplifyConfig) -> tuple[Step, ...]:
    """sketch -> clean_sketch."""
    return (Step("network", config, writes={"sketch": "clean_sketch"}),)


@hookimpl
def s2pzoo_plugin() -> Declaration:
    shared = {"output": "clean_sketch", "paper": SIMPLIFY, "blank_ok": True}
    return Declaration(
        components=[SimplifyConfig],
        models=[
            Model("simplify.light", steps=steps(PRESETS["light"]), default=True, licence="CC-BY-4.0",
                  weights=Weights(bundled="weights/light"), **shared,
                  summary="Rough drawings made clean, a light network"),
            Model("simplify.paper", steps=steps(PRESETS["paper"]), **shared,
                  summary="Rough drawings made clean, layer for layer the published network; no weights here"),
        ],
        tasks=[
            TaskEntry("simplify/cleanup", factory="s2pzoo_simplify.simplify:Cleanup",
                      example="s2pzoo_simplify.example:cleanup",
                      summary="rough drawings of clean lines, and the lines"),
        ],
        tools=[
            ToolEntry("clean", method="s2pzoo_simplify.tools:clean", run_options=True, seeded=True,
                      inputs=[Input("sketch", "drawings", "Drawings, or folders of them.")],
                      summary="Draw drawings anew, with less of what does not belong to them."),
        ],
    )  # fmt: skip
