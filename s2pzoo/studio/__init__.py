"""The browser studio: a page to draw on, and the server behind it (`s2pzoo studio`, docs/studio.md).

`wire` says how the two talk, `live` keeps what a drawing's photo was made of, `engine` runs models for all pages,
`server` is the door. The page is in `static`, plain JavaScript. Nothing here knows a plugin: models, options and tools
are shown as they are declared.
"""
