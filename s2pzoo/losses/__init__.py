"""Losses that two plugins share."""
