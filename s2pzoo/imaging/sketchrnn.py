"""sketch-rnn's files: .npz of lists of drawings (`train`, `valid`, `test`), each rows (dx, dy, if the pen is lifted).

Such lists are pickles, which may run anything where they are opened as such. Here their opcodes are followed as far as
arrays go, and nothing that they name is looked up.
"""

from __future__ import annotations

import functools
import zipfile
from collections.abc import Callable
from pathlib import Path
from pickletools import genops
from typing import Any, cast

import numpy as np
from attrs import define

from s2pzoo.errors import BadInputError

SUFFIX = ".npz"
MAX_BYTES = 1_000_000_000
"""Of one list, unpacked."""
_PARTS = ("train", "valid", "test")


def places(path: Path) -> range:
    """The numbers of a file's drawings, from 0: those of `train`, then `valid`, then `test`. Raises BadInputError."""
    return range(len(_drawings(path)))


def drawing_at(path: Path, place: int) -> list[list[float]]:
    """The rows of one. Raises BadInputError."""
    rows = _drawings(path)[place]
    if not isinstance(rows, np.ndarray) or rows.ndim != 2 or rows.shape[1] != 3:
        raise BadInputError(f"{path}#{place + 1} is no drawing.", why="It is not rows of (dx, dy, lifted).")
    return rows.tolist()


def _drawings(path: Path) -> list[Any]:
    try:
        told = path.stat()
        return _read(path, told.st_mtime_ns, told.st_size)
    except OSError as error:
        raise BadInputError(f"{path} cannot be read.", why=error.strerror or str(error)) from error


@functools.lru_cache(maxsize=2)
def _read(path: Path, changed: int, size: int) -> list[Any]:
    found: list[Any] = []
    try:
        with zipfile.ZipFile(path) as archive:
            held = {Path(one.filename).stem: one for one in archive.infolist() if one.filename.endswith(".npy")}
            for name in [one for one in _PARTS if one in held] or sorted(held):
                if held[name].file_size > MAX_BYTES:
                    raise ValueError(f"{name} has more than {MAX_BYTES:,} bytes")
                with archive.open(held[name]) as file:
                    found += list(_array(file))
    except OSError:
        raise
    except Exception as error:  # broken archives, lists and arrays have many errors
        raise BadInputError(
            f"{path} is no file of sketch-rnn.", why=str(error) or type(error).__name__,
            fix="Give an .npz of the sketch-rnn data set, or another form of strokes.",
        ) from error  # fmt: skip
    return found


def _array(file: Any) -> np.ndarray:
    version = np.lib.format.read_magic(file)
    read_head = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_head(file)
    made = _followed(file) if dtype.hasobject else np.frombuffer(file.read(), dtype)[: int(np.prod(shape))]
    if not isinstance(made, _Array | np.ndarray):
        raise ValueError("it holds no array")
    return made.reshape(shape) if isinstance(made, np.ndarray) else made.value


@define
class _Type:
    """A dtype to be: its code, then its byte order too."""

    code: str

    def build(self, state: tuple[Any, ...]) -> None:
        order = state[1] if state[1] in "<>" else ""
        self.code = order + self.code.lstrip("<>|=")


@define
class _Array:
    """An array to be."""

    value: Any = None

    def build(self, state: tuple[Any, ...]) -> None:
        """`state`: version, shape, dtype, Fortran's order, bytes or a list."""
        _, shape, dtype, fortran, data = state
        if isinstance(data, list):
            self.value = [one.value if isinstance(one, _Array) else one for one in data]
            return
        kind = np.dtype(dtype.code)
        if kind.kind not in "iuf":
            raise ValueError(f"it holds an array of {kind}")
        data = data.encode("latin1") if isinstance(data, str) else data
        self.value = np.frombuffer(data, kind).reshape(shape, order="F" if fortran else "C")


_CALLS: dict[tuple[str, str], Callable[..., Any]] = {
    ("multiarray", "_reconstruct"): lambda *_: _Array(),
    ("numpy", "dtype"): lambda code, *_: _Type(code if isinstance(code, str) else code.decode("latin1")),
    ("_codecs", "encode"): lambda text, _: text.encode("latin1"),  # how Python 3 writes bytes in Python 2's form
}
"""By the last part of its module and its name, what stands for what a list may call."""


def _followed(file: Any) -> Any:
    """What the opcodes of a pickle make, where these are arrays and nothing else. Raises ValueError."""
    stack: list[Any] = []
    marks: list[int] = []
    memo: dict[int, Any] = {}

    def since_mark() -> list[Any]:
        at = marks.pop()
        several, stack[at:] = stack[at:], []
        return several

    for opcode, argument, _ in genops(file):
        name, told = opcode.name, cast(Any, argument)
        if name in ("PROTO", "FRAME"):
            continue
        if name == "STOP":
            break
        if name == "MARK":
            marks.append(len(stack))
        elif name in ("MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"):
            memo[len(memo) if told is None else told] = stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(memo[told])
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            module, called = told.split(" ") if name == "GLOBAL" else (stack.pop(-2), stack.pop())
            if (module, called) != ("numpy", "ndarray") and (module.split(".")[-1], called) not in _CALLS:
                raise ValueError(f"it asks for {module}.{called}, and drawings are arrays alone")
            stack.append((module.split(".")[-1], called))
        elif name == "REDUCE":
            given = stack.pop()
            stack.append(_CALLS[stack.pop()](*given))
        elif name == "BUILD":
            state = stack.pop()
            stack[-1].build(state)
        elif name in ("APPEND", "APPENDS"):
            several = since_mark() if name == "APPENDS" else [stack.pop()]
            stack[-1].extend(several)
        elif name in ("LIST", "TUPLE"):
            stack.append((list if name == "LIST" else tuple)(since_mark()))
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            count = int(name[-1])
            several, stack[-count:] = tuple(stack[-count:]), []
            stack.append(several)
        elif name in ("EMPTY_LIST", "EMPTY_TUPLE"):
            stack.append([] if name == "EMPTY_LIST" else ())
        elif name in ("NONE", "NEWTRUE", "NEWFALSE"):
            stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[name])
        elif isinstance(told, int | str | bytes):
            stack.append(told)
        else:
            raise ValueError(f"its opcode {name} is none of an array's")
    return stack[-1]
