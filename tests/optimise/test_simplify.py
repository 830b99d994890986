"""`simplify`, one rewrite at a time: the text of the program before and after."""

import operator

import numpy as np
import pytest

from adjoint import tree
from adjoint.ir.nodes import Block, Call, Const, Function, Parameter, Value
from adjoint.ir.printer import show
from adjoint.ir.types import Array, Length, Scalar
from adjoint.optimise.dead import remove_dead
from adjoint.optimise.simplify import simplify
from adjoint.rules.reductions import widen
from adjoint.rules.signatures import result_type

N, M = Length(("x", 0), 0, True), Length(("x", 1), 0, True)
FLOAT = np.dtype(float)
KINDS = {
    "x": Scalar(float), "y": Scalar(float), "i": Scalar(int), "h": Scalar(np.float32),
    "V": Array(FLOAT, (N,)), "W": Array(FLOAT, (N,)), "A": Array(FLOAT, (N, M)),
    "B": Array(FLOAT, (N, M)), "R": Array(FLOAT, (M,)), "H": Array(np.dtype(np.float32), (N,)),
    "C": Array(np.dtype(complex), (N,)), "U": Array(FLOAT, (None,)),
    "I": Array(np.dtype(int), (N,)),
}  # fmt: skip


def operation(function, reflected=False):
    def method(self, *other):
        return self.of(function, *((*other, self) if reflected else (self, *other)))

    return method


class Term:
    """Builds calls with Python's operators."""

    def __init__(self, builder, operand):
        self.builder, self.operand = builder, operand

    def of(self, function, *args, kind=None):
        operands = [a.operand if isinstance(a, Term) else Const(a) for a in args]
        kind = kind or result_type(function, operands, [])
        target = Value("", kind)
        self.builder.append(Call(target, Const(function), operands))
        return Term(self.builder, target)

    __add__, __radd__ = operation(operator.add), operation(operator.add, True)
    __sub__, __rsub__ = operation(operator.sub), operation(operator.sub, True)
    __mul__, __rmul__ = operation(operator.mul), operation(operator.mul, True)
    __truediv__, __rtruediv__ = operation(operator.truediv), operation(operator.truediv, True)
    __pow__, __neg__ = operation(operator.pow), operation(operator.neg)


def simplified(build):
    """The statements of the program that `build` writes, simplified, as text."""
    statements, names = [], build.__code__.co_varnames[: build.__code__.co_argcount]
    inputs = [Value(name, KINDS[name]) for name in names]
    result = build(*(Term(statements, v) for v in inputs))
    result.operand.name = "out"
    function = Function("f", list(map(Parameter, inputs)), Block(statements, [result.operand]))
    lines = show(remove_dead(simplify(function)), types=False).splitlines()[1:]
    return "; ".join(line.strip() for line in lines).replace("_.0", "_")


def spread(s, like):
    return s.of(np.broadcast_to, s, like.of(np.shape, like, kind=None), kind=like.operand.type)


CASES = {
    "one": (lambda x: 1.0 * x, "return x"),
    "one of an int is a float": (lambda i: 1.0 * i, "out = mul(1.0, i); return out"),
    "one of float32": (lambda H: H * 1.0, "return H"),
    "np.float64 one of float32": (
        lambda H: H.of(operator.mul, np.float64(1.0), H),
        "out = mul(np.float64(1.0), H); return out",
    ),
    "minus one": (lambda x: x * -1, "out = neg(x); return out"),
    "signs": (lambda x: -(-x), "return x"),
    "constants": (lambda x: 3.0 * (2 * x), "out = mul(6.0, x); return out"),
    "constant over": (lambda x: 2 * (0.5 / x), "out = truediv(1.0, x); return out"),
    "left to right": (lambda x, y: x * (2 * y), "_ = mul(2, x); out = mul(_, y); return out"),
    "twice": (lambda x: x + x, "out = mul(2, x); return out"),
    "three times": (lambda x: x + 2 * x, "out = mul(3, x); return out"),
    "twice after another": (lambda x, y: x + y + y, "_ = mul(2, y); out = add(x, _); return out"),
    "minus": (lambda x, y: x + -y, "out = sub(x, y); return out"),
    "minus a product": (
        lambda x, y: x + -2.0 * y,
        "_ = mul(2.0, y); out = sub(x, _); return out",
    ),
    "minus minus": (lambda x, y: x - -y, "out = add(x, y); return out"),
    "difference turned": (lambda x, y: -(x - y), "out = sub(y, x); return out"),
    "zero": (lambda V: 0.0 + V, "return V"),
    "zero of ints": (lambda I: 0.0 + I, "out = add(I, 0.0); return out"),
    "power": (lambda x: x**1, "return x"),
    "reciprocal": (lambda x, y: x * (1 / y), "out = truediv(x, y); return out"),
    "numbers first": (
        lambda x, V, W: (x * (V * 2.0)) * W,
        "_ = mul(2.0, x); _.1 = mul(_, V); out = mul(_.1, W); return out",
    ),
    "common factor": (
        lambda x, V, W: x * V + x * W,
        "_ = add(V, W); out = mul(x, _); return out",
    ),
    "conjugate": (lambda V: V.of(np.conj, V), "return V"),
    "complex conjugate": (lambda C: C.of(np.conj, C), "out = conjugate(C); return out"),
    "int conjugate": (lambda I: I.of(np.real, I), "out = real(I); return out"),
    "transpose": (lambda A: A.of(np.transpose, A), "out = getattr(A, 'T'); return out"),
    "transposed twice": (lambda A: A.of(np.transpose, A.of(np.transpose, A)), "return A"),
    "transpose of a vector": (lambda V: V.of(np.transpose, V), "return V"),
    "project": (lambda V, W: V.of(tree.project, V, W, kind=KINDS["V"]), "return V"),
    "project of another length": (
        lambda R, V: R.of(tree.project, R, V, kind=KINDS["V"]),
        "out = project(R, V); return out",
    ),
    "project of unknown length": (
        lambda U, V: U.of(tree.project, U, V, kind=KINDS["V"]),
        "out = project(U, V); return out",
    ),
    "astype": (lambda V: V.of(np.ndarray.astype, V, FLOAT, kind=KINDS["V"]), "return V"),
    "astype that does something": (
        lambda H: H.of(np.ndarray.astype, H, FLOAT, kind=KINDS["V"]),
        "out = astype(H, dtype('float64')); return out",
    ),
    "widen a full reduction": (lambda x: x.of(widen, x, None, kind=KINDS["x"]), "return x"),
    "widen": (
        lambda V: V.of(widen, V, 1, kind=Array(FLOAT, (N, 1))),
        "out = getitem(V, (slice(None, None, None), None)); return out",
    ),
    "widen in front": (
        lambda R: R.of(widen, R, 0, kind=Array(FLOAT, (1, M))),
        "out = getitem(R, None); return out",
    ),
    "broadcast": (lambda x, V: spread(x, V) * V, "out = mul(x, V); return out"),
    "broadcast beside a smaller array": (
        lambda x, A, R: spread(x, A) * R,
        "_ = getattr(A, 'shape'); _.1 = broadcast_to(x, _); out = mul(_.1, R); return out",
    ),
    "broadcast beside an unknown length": (
        lambda x, V, U: spread(x, V) * U,
        "_ = getattr(V, 'shape'); _.1 = broadcast_to(x, _); out = mul(_.1, U); return out",
    ),
    "broadcast then scaled": (
        lambda x, y, V: -spread(x, V) * y * V,
        "_ = neg(x); _.1 = mul(_, y); out = mul(_.1, V); return out",
    ),
    "zeros": (
        lambda V: V.of(tree.zeros_like, V, kind=KINDS["V"]),
        "_ = getattr(V, 'shape'); out = zeros(_); return out",
    ),
    "inner product": (lambda V, W: V.of(np.sum, V * W), "out = vdot(V, W); return out"),
    "no inner product of one row": (
        lambda A, R: A.of(np.sum, A * R),
        "_ = mul(A, R); out = sum(_); return out",
    ),
    "sum of a multiple": (
        lambda x, V: V.of(np.sum, x * V),
        "_ = sum(V); out = mul(x, _); return out",
    ),
    "shape of a result": (
        lambda V: V.of(np.zeros, V.of(getattr, V * V, "size", kind=Scalar(int)), kind=KINDS["V"]),
        "_ = getattr(V, 'size'); out = zeros(_); return out",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_rewrite(case):
    build, expected = CASES[case]
    assert simplified(build) == expected


def test_an_array_that_is_written_to_is_not_replaced_by_another():
    x, index = Value("x", KINDS["V"]), Const(0)
    a, b = Value("a", KINDS["V"]), Value("b", KINDS["V"])
    body = Block([
        Call(a, Const(operator.mul), [Const(1.0), x]),
        Call(b, Const(tree.index_add), [a, index, Const(2.0)]),
    ], [b])  # fmt: skip
    function = simplify(Function("f", [Parameter(x)], body))
    assert "a = mul(1.0, x)" in show(function, types=False)


def test_the_forward_half_is_left_alone():
    def marker():
        pass

    x, a, b, seed = (Value(name, KINDS["x"]) for name in ("x", "a", "b", "seed"))
    body = Block([
        Call(a, Const(operator.mul), [Const(1.0), x]),
        Call(seed, Const(marker), [a]),
        Call(b, Const(operator.mul), [Const(1.0), seed]),
    ], [a, b])  # fmt: skip
    function = simplify(Function("f", [Parameter(x)], body), lambda c: c is marker)
    lines = show(remove_dead(function, lambda c: c is marker), types=False).splitlines()[1:]
    assert [line.strip() for line in lines] == [
        "a = mul(1.0, x)", "seed = marker(a)", "return a, seed",
    ]  # fmt: skip
