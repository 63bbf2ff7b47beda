"""Data that methods share: declared datasets and unpaired collections."""
