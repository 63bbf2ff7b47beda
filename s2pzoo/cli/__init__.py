"""The command line: `s2pzoo VERB ...`.

Each verb is a function of its own that returns an `Answer` (see `s2pzoo.cli.output`); `s2pzoo.cli.app` gathers them.
Looking (list, info, explain, plugins, --help) imports neither torch nor numpy.
"""

from __future__ import annotations


def main() -> int:
    """Run what the command line says; the result is the exit code."""
    import faulthandler
    import sys

    if sys.stderr is not None:
        faulthandler.enable()  # a crash below Python says at least where it was
    try:
        from s2pzoo.cli.app import run
        from s2pzoo.cli.output import own_stdout
    except KeyboardInterrupt:
        return 130
    for stream in (sys.stdout, sys.stderr):
        # A name that this terminal cannot show must not lose the result.
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # pyright: ignore[reportAttributeAccessIssue]
    with own_stdout(sys.argv[1:]):
        code = run(sys.argv[1:])
    from s2pzoo.host.guard import end_in_time

    end_in_time(code)
    return code
