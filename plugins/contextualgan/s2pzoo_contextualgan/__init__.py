"""Contextual GAN: the sketch as context, the photo completed by back-propagation."""
