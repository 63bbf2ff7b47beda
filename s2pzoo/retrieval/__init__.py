"""Sketch-based retrieval: which photos of a folder are nearest to a drawing?

Nothing is imported here; import the module you need:

    from s2pzoo.retrieval.embedder import load_embedder
    from s2pzoo.retrieval.gallery import open_gallery
    from s2pzoo.retrieval.nearest import nearest

Features are compared in L2. Nothing here is trained: any model of the zoo that makes photos can be used.
"""
