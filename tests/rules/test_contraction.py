"""Rules of products that sum over axes."""

import operator

import numpy as np
import pytest

from adjoint import check_gradient, gradient
from adjoint.rules.contraction import columns
from adjoint.rules.einsum import (
    einsum_cotangent,
    einsum_cotangents,
    numbered_cotangents,
    with_item,
)
from adjoint.testing import case, check_rule, expand, normal

MATMUL = [np.matmul, operator.matmul, np.linalg.matmul]
DOT = [np.dot, np.ndarray.dot]
OUTER = [np.outer, np.multiply.outer, np.add.outer, np.subtract.outer]


def z(*shape):
    return normal(*shape, dtype=complex)


CASES = [
    *(
        case(MATMUL, normal(*a), normal(*b))
        for a, b in [
            ((3,), (3,)),
            ((2, 3), (3,)),
            ((3,), (3, 4)),
            ((2, 3), (3, 4)),
            ((1, 3), (3, 4)),
            ((5, 2, 3), (3,)),
            ((3,), (5, 3, 4)),
            ((5, 2, 3), (3, 4)),
            ((2, 3), (5, 3, 4)),
            ((6, 1, 2, 3), (5, 3, 4)),
        ]
    ),
    case(MATMUL, z(2, 3), z(3, 4)),
    case(MATMUL, z(5, 2, 3), normal(3, 4)),
    case(MATMUL, z(3), z(3)),
    *(
        case(DOT, normal(*a), normal(*b))
        for a, b in [
            ((3,), (3,)),
            ((2, 3), (3,)),
            ((3,), (3, 4)),
            ((2, 3), (3, 4)),
            ((5, 2, 3), (3,)),
            ((3,), (5, 3, 4)),
            ((5, 2, 3), (6, 3, 4)),
        ]
    ),
    case(np.dot, normal(), normal(3, 2)),
    case(np.dot, normal(3, 2), normal()),
    case(DOT, z(5, 2, 3), z(6, 3, 4)),
    case(np.inner, normal(3), normal(3)),
    case(np.inner, normal(), normal(3)),
    case(np.inner, normal(2, 3), normal(4, 5, 3)),
    case(np.inner, z(2, 3), z(3)),
    case(np.vdot, normal(2, 3), normal(3, 2)),
    case(np.vdot, z(3), z(3)),
    case(OUTER, normal(3), normal(2)),
    case(OUTER, z(2, 2), z(3)),
    case(OUTER, normal(), normal(2)),
    case(np.linalg.outer, z(3), z(2)),
    case(np.vecdot, z(2, 3), z(3)),
    case(np.vecdot, normal(2, 3), normal(2, 1), axis=0),
    case(np.linalg.vecdot, z(4, 2, 3), z(2, 3)),
    case(np.linalg.vecdot, normal(2, 3), normal(2, 3), axis=[-1, -2]),
    case(np.matvec, z(5, 2, 3), z(3)),
    case(np.matvec, normal(2, 3), normal(5, 3)),
    case(np.vecmat, z(2), z(5, 2, 3)),
    case(np.vecmat, normal(5, 2), normal(2, 3)),
    case(np.tensordot, normal(2, 3, 4), normal(3, 4, 5)),
    case(np.tensordot, z(2, 3), z(3, 4), axes=1),
    case(np.tensordot, normal(2, 3), normal(4), axes=0),
    case(np.tensordot, normal(2, 3, 4), normal(4, 5, 2), axes=([0, 2], [2, 0])),
    case(np.tensordot, normal(2, 3, 4), normal(4, 5, 3), axes=([-1, 1], [0, -1])),
    case(np.tensordot, normal(2, 3, 4), normal(4, 3, 2), axes=([0, 1, 2], [2, 1, 0])),
    case(np.linalg.tensordot, normal(2, 3), normal(5, 3), axes=((1,), (1,))),
    case(np.kron, normal(2, 3), normal(3, 2)),
    case(np.kron, z(2), z(3, 2)),
    case(np.kron, normal(3, 2, 2), normal(2)),
    case(np.cross, z(3), z(3)),
    case(np.cross, normal(5, 3), normal(3)),
    case(np.cross, normal(3, 5), normal(7, 5, 3), axisa=0, axisc=[0, -1]),
    case(np.cross, normal(3, 5), normal(3, 5), axis=0),
    case(np.linalg.cross, z(5, 3), z(3)),
    *(
        case(np.einsum, subscripts, *(normal(*shape) for shape in shapes))
        for subscripts, shapes in [
            ("ij,jk->ik", [(2, 3), (3, 4)]),
            ("ij,jk", [(2, 3), (3, 4)]),
            ("ba", [(2, 3)]),
            ("ii", [(3, 3)]),
            ("ii->i", [(3, 3)]),
            ("iij->j", [(3, 3, 2)]),
            ("ij->", [(2, 3)]),
            ("i,i->", [(3,), (1,)]),
            ("ij,kl->il", [(2, 3), (4, 5)]),
            ("ij,ij->ij", [(1, 3), (2, 3)]),
            ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 5)]),
            ("...ij,...jk->...ik", [(5, 2, 3), (3, 4)]),
            ("...ij,jk", [(5, 2, 3), (3, 4)]),
            ("i...,i...->...", [(3, 2), (3, 4, 2)]),
            ("iijj,j->i", [(2, 2, 3, 3), (3,)]),
        ]
    ),
    case(np.einsum, "ij,jk->ik", z(2, 3), z(3, 4), optimize=[False, True]),
    case(np.einsum, normal(2, 3), [0, 1], [1, 0]),
    case(np.einsum, normal(2, 3), [1, 0]),
    case(np.einsum, normal(3, 3), [30, 30]),
    case(np.einsum, normal(2, 3), [0, 1], normal(3, 4), [1, 27], optimize=[False, True]),
    case(np.einsum, z(2, 3), [0, 1], z(3, 4), (1, 2), z(4), np.array([2]), [0]),
    case(np.einsum, normal(3, 2), [0, ...], normal(3, 4, 2), [0, ...], [...]),
    case(numbered_cotangents, normal(2, 4), [normal(2, 3), [0, 1], normal(3, 4), [1, 2], [0, 2]]),
    case(columns, normal(2, 3, 4)),
    case(einsum_cotangent, normal(2, 4), "ij,jk->ik", [normal(2, 3), normal(3, 4)], 0),
    case(einsum_cotangent, z(2), "iij,j->i", [z(2, 2, 3), z(3)], 0),
    case(einsum_cotangent, z(2), "iij,j->i", [z(2, 2, 3), z(3)], 1),
    case(einsum_cotangents, normal(2, 4), "ij,jk->ik", [normal(2, 3), normal(3, 4)]),
    case(with_item, [normal(2), normal(3)], 1, normal(4)),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case)


def test_labels_that_are_numbers_say_nothing_of_the_result_but_by_their_values():
    def numbered(A, B, x):
        a = np.einsum(A, [0, 1], B, [1, 2])
        return np.einsum(a, [0, 1], x, [1]) @ x + np.einsum(a, [0, 0])

    def lettered(A, B, x):
        a = np.einsum("ij,jk", A, B)
        return np.einsum("ij,j", a, x) @ x + np.einsum("ii", a)

    random = np.random.default_rng(0)
    args = random.normal(size=(2, 3)), random.normal(size=(3, 2)), random.normal(size=2)
    found, expected = gradient(numbered, *args), gradient(lettered, *args)
    for bar, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(bar, right, rtol=1e-12)
    check_gradient(numbered, *args, modes=("reverse", "forward"))
