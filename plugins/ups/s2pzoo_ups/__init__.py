"""UPS: unsupervised sketch-to-photo synthesis in two stages (Liu, Yu, Yu; ECCV 2020)."""
