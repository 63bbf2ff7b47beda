"""The plugin is what it says."""

from s2pzoo.testing import plugin_suite

test_conformance = plugin_suite("patches")
