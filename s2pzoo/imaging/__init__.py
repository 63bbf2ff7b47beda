"""Pictures in and out: reading a drawing in any form, strokes, rasterising, contact sheets, writing.

Nothing is imported here, so that `import s2pzoo` stays light; import the module you need:

    from s2pzoo.imaging.read import read_sketch
    from s2pzoo.imaging.strokes import Strokes
    from s2pzoo.imaging.raster import rasterise

Everywhere in this package a drawing is a float array in [0, 1] where 1 is paper and 0 is ink.
"""
