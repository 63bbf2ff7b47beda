"""Data that methods share: the face corpus and its sketches."""
