"""For authors of plugins: `plugin_suite`, the conformance kit; `hub`, a Hugging Face Hub on this machine; `painted`,
small collections to train on."""

from s2pzoo.testing.conformance import Finding, examine, plugin_suite

__all__ = ["Finding", "examine", "plugin_suite"]
