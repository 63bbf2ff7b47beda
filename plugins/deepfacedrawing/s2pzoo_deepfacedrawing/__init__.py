"""DeepFaceDrawing: deep generation of face images from sketches (Chen et al., SIGGRAPH 2020)."""
