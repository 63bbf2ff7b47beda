"""Trained weights: one format everywhere, a folder that is checked before a byte of it is used.

Nothing is imported here, so that reading a manifest needs no torch; import the module you need.
"""
