"""Faces: portraits with landmarks, corpora of recombined faces, the face frame."""
