"""Steps over named values: the graph (torch-free), the runtime, the result, the built-in adapters.

Nothing is imported here, so that checking and explaining a model needs no torch; import the module you need.
"""
