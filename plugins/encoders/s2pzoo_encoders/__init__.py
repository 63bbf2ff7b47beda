"""Encoders of drawings that every method can take: timm's backbones, Sketch-BERT, Sketch-a-Net."""
