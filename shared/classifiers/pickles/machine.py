"""A pickle read as data: our own loop over a fixed set of operations.

It builds lists, tuples, dictionaries, numbers, texts, and the descriptions in `tokens` and
`arrays`. Nothing that a file names is imported, and no method of an object is called that is not
defined in this package. What joblib writes (raw bytes of arrays between the operations) is read
too.
"""

from collections.abc import Callable

from shared.classifiers.pickles.arrays import StoredArray, StoredDtype, raw_array
from shared.classifiers.pickles.stream import (
    CODES,
    LITERALS,
    PROTOCOLS,
    NotDataError,
    RefusedError,
    Stream,
)
from shared.classifiers.pickles.tokens import Instance, Opaque, Token, token

MAX_KEY = 2**31
_NAMES = {code: name for name, code in CODES.items()}
_WRAPPER = "NumpyArrayWrapper"


def contents(pickled: bytes) -> object:
    """Read the one object in a pickle.

    Parameters
    ----------
    pickled : bytes
        A whole pickle of protocol 2 to 5, as `pickle` or `joblib` write it, not compressed.

    Returns
    -------
    object
        None, bool, int, float, str, bytes, list, tuple or dict of these, `Instance`, `Opaque`,
        `Moment`, `StoredArray`, `StoredDtype` or `Token`. It may contain itself.

    Raises
    ------
    RefusedError
        If the pickle is damaged, too long, or does anything but describe data.
    """
    stream = Stream(pickled)
    found = _Machine(stream).run()
    if stream.n_left:
        raise RefusedError(f"more after the end of the pickle: {stream.n_left} B")
    return found


class _Machine:
    """The stack and the memo of one pickle."""

    __slots__ = ("_is_nested", "memo", "outer", "stack", "stream")

    def __init__(self, stream: Stream, is_nested: bool = False) -> None:
        self.stream = stream
        self.stack: list[object] = []
        self.outer: list[list[object]] = []
        self.memo: dict[int, object] = {}
        self._is_nested = is_nested

    def run(self) -> object:
        """Carry out operations until the one that stops."""
        self._check_protocol()
        stream, stop = self.stream, CODES["STOP"]
        while (code := stream.opcode()) != stop:
            literal = LITERALS.get(code)
            if literal is not None:
                self.stack.append(literal(stream))
            else:
                self._step(code)
        if len(self.stack) != 1 or self.outer:
            raise RefusedError("damaged: the pickle ends with more or less than one object")
        return self.stack[0]

    def _step(self, code: int) -> None:
        step = _STEPS.get(code)
        if step is not None:
            step(self)
        elif code in _NAMES:
            raise NotDataError(f"uses the pickle operation {_NAMES[code]}, which is not read")
        else:
            where = f"byte {self.stream.position - 1} of the pickle"
            raise RefusedError(f"damaged: {where} is no operation (0x{code:02x})")

    def _check_protocol(self) -> None:
        if self.stream.opcode() != CODES["PROTO"] or self.stream.unsigned(1) not in PROTOCOLS:
            raise RefusedError("damaged: no pickle of protocol 2 to 5")

    def pop(self) -> object:
        """Take the top of the stack."""
        if not self.stack:
            raise _underflow(self)
        return self.stack.pop()

    def top(self) -> object:
        """Look at the top of the stack."""
        if not self.stack:
            raise _underflow(self)
        return self.stack[-1]

    def pop_mark(self) -> list[object]:
        """Take all that was put on the stack since the last mark."""
        if not self.outer:
            raise _underflow(self)
        items, self.stack = self.stack, self.outer.pop()
        return items

    def nested(self) -> object:
        """Read the pickle within the pickle that joblib writes for an array of objects."""
        if self._is_nested:
            raise RefusedError("a pickle in a pickle in a pickle")
        return _Machine(self.stream, is_nested=True).run()


def _underflow(machine: _Machine) -> RefusedError:
    return RefusedError(f"damaged: too few objects at byte {machine.stream.position} of the pickle")


def _frame(machine: _Machine) -> None:
    length = machine.stream.unsigned(8)
    if length > machine.stream.n_left:
        left = machine.stream.n_left
        raise RefusedError(f"truncated or damaged: a frame of {length} bytes, {left} are left")


def _mark(machine: _Machine) -> None:
    machine.outer.append(machine.stack)
    machine.stack = []


def _tuple(machine: _Machine) -> None:
    items = machine.pop_mark()
    machine.stack.append(tuple(items))


def _tuple_of(n_items: int) -> Callable[[_Machine], None]:
    def step(machine: _Machine) -> None:
        items = [machine.pop() for _ in range(n_items)]
        machine.stack.append(tuple(reversed(items)))

    return step


def _append(machine: _Machine) -> None:
    item = machine.pop()
    _extend(machine.top(), [item])


def _appends(machine: _Machine) -> None:
    items = machine.pop_mark()
    _extend(machine.top(), items)


def _extend(target: object, items: list[object]) -> None:
    if not isinstance(target, list):
        raise RefusedError("damaged: appends to what is no list")
    target.extend(items)


def _set_item(machine: _Machine) -> None:
    value, key = machine.pop(), machine.pop()
    _update(machine.top(), [key, value])


def _set_items(machine: _Machine) -> None:
    items = machine.pop_mark()
    _update(machine.top(), items)


def _update(target: object, items: list[object]) -> None:
    if not isinstance(target, dict) or len(items) % 2:
        raise RefusedError("damaged: sets items of what is no dictionary")
    for key, value in zip(items[::2], items[1::2], strict=True):
        # Texts hash with a secret; of integers only small ones cannot be made to collide.
        if not isinstance(key, str) and not (isinstance(key, int) and abs(key) <= MAX_KEY):
            raise RefusedError("a dictionary whose key is neither text nor a small integer")
        if key in target:
            raise RefusedError("a dictionary with one key twice")
        target[key] = value


def _put(n_bytes: int) -> Callable[[_Machine], None]:
    def step(machine: _Machine) -> None:
        machine.memo[machine.stream.unsigned(n_bytes)] = machine.top()

    return step


def _memoize(machine: _Machine) -> None:
    machine.memo[len(machine.memo)] = machine.top()


def _get(n_bytes: int) -> Callable[[_Machine], None]:
    def step(machine: _Machine) -> None:
        index = machine.stream.unsigned(n_bytes)
        if index not in machine.memo:
            raise RefusedError("damaged: refers to an object that was not remembered")
        machine.stack.append(machine.memo[index])

    return step


def _global(machine: _Machine) -> None:
    module, name = machine.stream.line(), machine.stream.line()
    machine.stack.append(token(module, name))


def _stack_global(machine: _Machine) -> None:
    name, module = machine.pop(), machine.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise RefusedError("damaged: a name that is no text")
    machine.stack.append(token(module, name))


def _call(machine: _Machine) -> None:
    args, callee = machine.pop(), machine.pop()
    if not isinstance(callee, Token):
        raise RefusedError("calls what is no class")
    if not isinstance(args, tuple):
        raise RefusedError(f"calls {callee.name} without a tuple of arguments")
    machine.stream.spend(sum(len(arg) for arg in args if isinstance(arg, str | bytes)))
    machine.stack.append(callee.call(args))


def _build(machine: _Machine) -> None:
    state, target = machine.pop(), machine.pop()
    if not isinstance(target, Instance | Opaque | StoredArray | StoredDtype):
        raise RefusedError("gives a state to what has none")
    target.build(state)
    if isinstance(target, Instance) and target.class_name == _WRAPPER:
        machine.stack.append(_unwrapped(machine, target))
    else:
        machine.stack.append(target)


def _unwrapped(machine: _Machine, wrapper: Instance) -> StoredArray:
    state = wrapper.state or {}
    dtype = state.get("dtype")
    if not (isinstance(dtype, StoredDtype) and dtype.is_object):
        return raw_array(state, machine.stream)
    array = machine.nested()
    if not isinstance(array, StoredArray):
        raise RefusedError("an array of objects that is no array")
    return array


_STEPS: dict[int, Callable[[_Machine], None]] = {
    CODES[name]: step
    for name, step in {
        "FRAME": _frame,
        "MARK": _mark,
        "TUPLE": _tuple,
        "TUPLE1": _tuple_of(1),
        "TUPLE2": _tuple_of(2),
        "TUPLE3": _tuple_of(3),
        "APPEND": _append,
        "APPENDS": _appends,
        "ADDITEMS": _appends,
        "FROZENSET": _tuple,
        "SETITEM": _set_item,
        "SETITEMS": _set_items,
        "BINPUT": _put(1),
        "LONG_BINPUT": _put(4),
        "MEMOIZE": _memoize,
        "BINGET": _get(1),
        "LONG_BINGET": _get(4),
        "GLOBAL": _global,
        "STACK_GLOBAL": _stack_global,
        "NEWOBJ": _call,
        "REDUCE": _call,
        "BUILD": _build,
    }.items()
}
