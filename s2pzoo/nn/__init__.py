"""Blocks that two plugins share."""
