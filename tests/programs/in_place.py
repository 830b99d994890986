"""Programs that write into arrays: items, slices, masks, `op=`, views of all kinds, callees, `out=`."""

import numpy as np

import adjoint as ad
from tests.programs.registry import normal, positive, program, spread, static


@program(normal(4))
def items_assigned(x):
    y = np.zeros(4)
    y[0] = x[1] * x[2]
    y[1] = np.sin(x[0])
    y[-1] = y[0] * y[1]
    y[0] = x[3] ** 2
    return y @ y + y[0] * x[1]


@program(normal(3), normal())
def item_overwritten_between_uses(x, s):
    y = x * s
    a = y[1] ** 2
    y[1] = a * s
    b = y[1] ** 2
    y[1] = 1.0
    return a * b + np.sum(y * y)


@program(normal(3), normal(8))
def slices_with_steps(x, y):
    z = np.ones(8)
    z[1:4] = x
    z[::2] *= y[1::2]
    z[::-3] = x * z[5:8]
    z[6:2:-2] += x[:2]
    return np.sum(z**3) + z[4] * z[0]


@program(normal(2, 3), normal(2))
def slices_of_matrices(A, b):
    B = np.zeros((4, 3))
    B[:2] = A
    B[2:, 1:] = A[:, 1:] * A[:, :2]
    B[1:3, 0] = b
    B[..., 2] *= 2
    B[3] = B[0] * B[1]
    return np.sum(B * B) + np.sum(B[1] ** 3)


@program(normal(5))
def masks_written(x):
    y = x * 2
    y[y > 0] = 0.5
    y[x < -0.5] *= x[x < -0.5]
    z = np.exp(x)
    z[z > 1] = x[z > 1] ** 2
    return y @ x + z @ z


@program(normal(4), normal(2, 3))
def repeated_indices(x, A):
    y = x * x
    y[np.array([0, 2, 0])] = A[0] * A[1]
    z = x * 3
    z[[1, 1, 3]] += A[0]
    w = np.ones((4, 4))
    w[np.array([0, 1]), np.array([2, 2])] *= A[0, :2]
    w[[3, 3]] = x
    return y @ z + np.sum(w**2) + y @ y


@program(positive(4), positive(4))
def every_operator(x, y):
    a = x * 1.0
    view = a[:]
    a += y
    a -= 0.3 * x
    a *= y
    a /= x
    a **= 1.5
    c = x * 10
    c //= 3.0
    b = x * y
    alias = b
    b **= y
    b %= 10.0
    b += alias * view
    return b @ b + view @ x + c @ y


@program(positive(3, 3), normal(3, 3))
def matmul_assigned(A, B):
    C = A * 1.0
    view = C.T
    C @= B
    C[0] @= np.eye(3)
    return np.sum(C**2) + view[0] @ A[1]


@program(normal(3, 4), normal(4))
def rows_assigned(A, x):
    B = np.empty((3, 4))
    for i in range(3):
        B[i] = A[i] * x
        B[i, i] = x[i] ** 2
        B[i] /= 1 + np.sum(B[i] ** 2)
    return np.sum(B * A)


@program(normal(4), normal(3, 2))
def swaps(x, A):
    y = x * x
    y[0], y[2] = y[2], y[0]
    y[1], y[3] = y[3] * y[0], y[1]
    B = A * 2
    B[[0, 2]] = B[[2, 0]]
    row = B[1].copy()
    B[1] = B[0]
    B[0] = row
    return y @ x + np.sum(B**2 * A) + B[0, 1] * y[2]


@program(normal(3, 2))
def rows_swapped_as_views(A):
    """Both views are read after the first is written: one row is lost."""
    B = A * 2
    B[0], B[1] = B[1], B[0]
    return np.sum(B**2 * A)


@program(normal(7))
def overlapping_slices(x):
    y = x * 1.5
    y[1:] = y[:-1]
    y[:-2] += y[2:] * x[2:]
    y[::-1] *= y
    y[2:5] -= y[1:4]
    return np.sum(y * y * x)


@program(normal(6))
def view_of_a_view(x):
    y = x.copy()
    a = y[1:]
    b = a[::2]
    b *= b
    a[0] = b[1] * x[0]
    y[5] = a[0] + b[2]
    return b @ x[:3] + a @ a + y[1] ** 3


@program(normal(2, 3))
def transpose_written(A):
    B = A * A
    C = B.T
    C[0] = A[:, 2]
    B[1, 2] *= C[1, 0]
    C[2] += C[0]
    np.transpose(B)[1, 1] = A[0, 0] ** 3
    return np.sum(B**2) + np.sum(C @ A)


@program(normal(2, 6))
def reshapes_written(A):
    B = A * 2
    C = B.reshape(3, 4)
    C[1] = A[0, :4] ** 2
    D = B.ravel()
    D[::3] *= D[1::3]
    B.reshape(-1)[5] = C[0, 0] * C[1, 1]
    return np.sum(B * B) + np.sum(C**3) + D @ D


@program(normal(2, 3))
def reshape_that_copies(A):
    """Of a transposed array `ravel` is a copy: writing it leaves the array alone."""
    B = A * A
    c = B.T.ravel()
    c[2] = A[0, 0]
    c *= 2
    d = B.T.reshape(-1)
    d += c
    return np.sum(B * A) + c @ c + d @ c


@program(normal(2, 3, 2))
def axes_swapped_and_written(T):
    U = T * 2
    V = U.swapaxes(0, 2)
    V[0] *= V[1]
    W = np.moveaxis(U, 1, 0)
    W[2] = T[:, 0] ** 2
    X = U[:, None]
    X[1, 0, 1] += V[0, 1, 1]
    return np.sum(U**2) + np.sum(V * W[0, 0, 0])


@program(normal(5))
def reversed_view_written(x):
    y = x * 1.0
    z = y[::-1]
    z[0] = y[0] ** 2
    z[1:3] *= y[1:3]
    w = np.flip(y)
    w[2] = z[1]
    return y @ x + z @ z


@program(normal(3, 4))
def iteration_over_rows(A):
    B = A * 1.0
    for row in B:
        row *= 2
        row[0] = row[1] * row[2]
    for i, row in enumerate(B):
        row -= i * B[0]
    for row, other in zip(B, A):
        row += other * row
    return np.sum(B**2)


@program(normal(3, 4))
def iteration_over_columns(A):
    B = A * A
    for column in B.T:
        column /= np.sqrt(1 + column @ column)
    total = 0.0
    for row in B[::-1]:
        row[1:] += row[:-1]
        total += row[3] ** 2
    return total + np.sum(B)


@program(normal(6))
def parts_of_a_split(x):
    y = x * 2
    a, b, c = np.split(y, 3)
    a *= b
    c[0] = a[1] ** 2
    b[:] = x[4:]
    for part in np.split(y, 2):
        part += part[0]
    return y @ y + a @ c


@program(normal(6))
def parts_of_a_matrix(x):
    A = x.reshape(2, 3) * 1.0
    top, bottom = A
    top[1:] = bottom[:2] ** 2
    bottom *= top
    return np.sum(A**2) + top @ bottom


def normalise(v, size):
    v /= np.sqrt(np.sum(v**2))
    v *= size
    v[0] += 1.0


@program(normal(4), positive())
def callee_that_writes(x, s):
    y = x * 1.0
    normalise(y, s)
    normalise(y[1:], y[0])
    normalise(y.reshape(2, 2)[1], 2.0)
    return np.sum(y * x)


def apply_update(W, i, v=1.0, *, scale):
    W[i] = scale * W[i] + v
    return W


@program(normal(3, 2), normal(2))
def callee_that_returns_its_argument(A, v):
    B = A * 1.0
    C = apply_update(B, 0, v, scale=v[0])
    apply_update(C, (1, 1), scale=2.0)
    D = apply_update(B, slice(1, 3), v, scale=B[0, 0])
    return np.sum(B**2) + np.sum(C * D)


def upper_half(A):
    n = A.shape[0] // 2
    return A[:n]


def columns_of(A):
    return A[:, 0], A[:, -1]


@program(normal(4, 2))
def view_returned_by_a_callee(A):
    B = A**2
    top = upper_half(B)
    top[1] *= B[3]
    first, last = columns_of(B)
    first -= last
    last[0] = first[1] * top[0, 0]
    return np.sum(B * A) + np.sum(top)


@program(normal(4))
def writes_by_a_closure(x):
    y = x * 1.0

    def put(i, v):
        y[i] = v * y[i]

    put(0, x[1])
    put(2, y[0])
    for i in range(3):
        put(i + 1, y[i])
    return y @ y


@program(normal(6))
def views_in_a_tuple(x):
    y = x * 2
    halves = (y[:3], y[3:])
    halves[0][1] = x[5] ** 2
    halves[1][:] *= halves[0]
    a, b = halves
    a += b
    return y @ y + halves[0] @ x[:3]


@program(normal(6))
def views_in_a_list(x):
    y = x * 2
    parts = [y[i : i + 2] for i in range(0, 6, 2)]
    for part in parts:
        part *= part[0]
    parts[1][0] = parts[2][1] * x[0]
    return y @ y + sum(p[0] * p[1] for p in parts)


@program(normal(3), normal(3))
def arrays_in_a_dict(x, y):
    state = {"a": x * 1.0, "b": np.zeros(3)}
    state["b"][1:] = x[:2]
    state["a"] *= y
    state["b"] += state["a"] * y
    state["a"][0] = state["b"][0]
    return state["a"] @ state["b"] + np.sum(state["b"] ** 2)


@program(normal(6))
def double_buffering(x):
    u = x.copy()
    w = np.zeros_like(u)
    for _ in range(4):
        w[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2]) * u[1:-1]
        w[0] = u[1]
        w[-1] = u[-2]
        u, w = w, u
    return u @ u + w[2] * u[3]


@program(normal(6), static(3))
@program(normal(6), static(0))
def three_buffers(x, steps):
    old, now, new = x * 1.0, x**2, np.empty(6)
    for k in range(steps):
        new[:] = 2 * now - 0.5 * old
        new[k] = old[k] * now[k]
        old, now, new = now, new, old
    return old @ now + np.sum(now**2)


@program(normal(4), normal())
@program(normal(4), 2.0)
def writes_in_branches(x, s):
    y = x * s
    if s > 1:
        y[0] = y[1] * s
    elif s > 0:
        y[1:] *= x[:3]
        y[2] = s
    else:
        y = y[::-1]
        y[0] += x[0] ** 2
    if x[0] > 0:
        z = y
    else:
        z = y * 1.0
    z[3] = s * x[1]
    return y @ y + z @ x


@program(np.array([0.5, -0.4, 0.8, 1.2]))
@program(np.array([0.5, 0.4, 0.8, 1.2]))
def writes_before_leaving_early(x):
    y = np.zeros(4)
    for i in range(4):
        y[i] = x[i] ** 2
        if x[i] < 0:
            y[0] = 3 * x[i]
            return y @ x
        if y[i] > 1:
            y[:2] *= x[2:]
            break
        y[i] += 0.1
    return np.sum(y**2)


@program(np.array([0.5, -0.4, 0.8, 1.2]))
def writes_with_continue(x):
    y = x * x
    for i in range(1, 4):
        if x[i] < 0:
            y[i] = y[i - 1]
            continue
        y[i] *= y[i - 1]
        y[i - 1] = x[i]
    return y @ y


@program(normal(4), 0.9)
def writes_in_a_while_loop(x, decay):
    y = x * 1.0
    k = 0
    while np.sum(y**2) > 1e-1 and k < 7:
        y *= decay * 0.7
        y[k % 4] *= np.cos(y[(k + 1) % 4])
        k += 1
    return y @ x + y[0] ** 2


@program(normal(3), normal(3))
def results_written_to_out(x, y):
    z = np.zeros(3)
    np.multiply(x, y, out=z)
    np.add(z, x, z)
    np.exp(z, out=z)
    np.sqrt(z, out=z[:])
    w = np.add(z, y, out=z)
    np.multiply(w, x, out=w, where=np.array([True, False, True]))
    np.negative(z[1:], out=z[:2])
    return z @ x + w @ w


@program(normal(2, 3), normal(3, 2), normal(3))
def contractions_written_to_out(A, B, x):
    C = np.empty((2, 2))
    np.matmul(A, B, out=C)
    C[0] *= C[1]
    d = np.ones(2)
    np.dot(A, x, out=d)
    D = np.empty((2, 3))
    np.cumsum(A, axis=1, out=D)
    e = np.zeros(3)
    np.sum(D, axis=0, out=e)
    np.dot(A, B, out=C[:, :])
    return np.sum(C**2) + d @ d + np.sum(D * A) + e @ x


@program(normal(4), normal(6))
def scattered_additions(x, v):
    y = x * 2
    index = np.array([0, 1, 0, 3, 3, 0])
    np.add.at(y, index, v * v)
    y[1] = y[0] * y[3]
    np.add.at(y, [2, 2], x[:2])
    np.add.at(y, 1, x[0])
    return y @ y


@program(normal(5), normal(5))
def copies_where_it_holds(x, y):
    z = x * 1.0
    np.copyto(z, y * y, where=y > 0)
    w = np.empty(5)
    np.copyto(w, z)
    np.copyto(z, 2.0, where=np.array([True, False, False, False, True]))
    w *= z
    return w @ w + z @ x


@program(normal(4), normal())
def filled(x, s):
    y = x * 2
    y.fill(s * s)
    y[1] = x[0]
    z = np.empty((2, 2))
    z.fill(y[0])
    z[0] *= x[:2]
    z[1][:] = s
    return y @ x + np.sum(z**2)


@program(spread(5))
def sorted_in_place(x):
    y = x * 2
    y[1:].sort()
    y[0] *= y[4]
    y.sort()
    B = x[:4].reshape(2, 2) * 1.0
    B.sort(axis=0)
    return y @ np.arange(5.0) + y[0] ** 2 + np.sum(B[0] * B[1])


@program(normal(3, 3), normal())
def diagonal_filled(A, s):
    B = A * A
    np.fill_diagonal(B, s * 2)
    C = B @ B
    np.fill_diagonal(B, 0.0)
    return np.sum(C**2) + np.sum(B * A)


@program(normal(2, 3), normal(3), normal())
def put_and_putmask(A, v, s):
    B = A * 2
    np.put(B, [0, 4, 2], v)
    np.putmask(B, A < 0, s)
    c = v * v
    np.putmask(c, v > 0, v * s)
    np.put(c, 1, s)
    return np.sum(B**2) + c @ c


@program(normal(3, dtype=np.float32), normal(3))
def single_precision_written_with_doubles(x, y):
    z = x * np.float32(2.0)
    z[:2] = y[1:] * y[:2]
    z *= y
    z[2] += y[0]
    z[::2] -= y[1]
    return np.sum(z * z)


@program(np.array([0.33, 1.61, -2.27]))
def integers_written_with_floats(x):
    """What is written is truncated: nothing of the derivative is left."""
    n = np.zeros(3, dtype=int)
    n[:] = x * 10
    m = np.arange(3)
    m[1] = x[0] * 7
    y = x * n
    y[0] += m[1] * x[2]
    return np.sum(y * y)


@program(normal(3), normal())
def booleans_written(x, s):
    chosen = np.zeros(3, dtype=bool)
    chosen[0] = s < 10
    chosen[1:] = x[1:] > 0
    chosen |= x > 0.5
    y = x * s
    y[chosen] *= x[chosen]
    return np.sum(np.where(chosen, y**2, y))


@program(normal(3), normal(2), writes=True)
def writes_into_an_argument(x, y):
    x[0] = y[0] * x[1]
    x[1:] *= y
    y[1] = x[2]
    return x @ x + y @ y


@program(normal(2, 3), normal(3), writes=True)
def writes_into_rows_of_an_argument(A, v):
    for row in A:
        row *= v
    A.T[1] = v[:2]
    normalise(A[0], v[2])
    return np.sum(A**2) + v @ v


@program({"w": normal(3), "m": normal(3)}, [normal(2), normal(2)], writes=True)
def writes_into_arguments_in_containers(state, pair):
    state["m"] *= 0.9
    state["m"] += state["w"] ** 2
    state["w"] -= 0.1 * state["m"]
    pair[0][1] = pair[1][0] * state["w"][2]
    return state["w"] @ state["m"] + pair[0] @ pair[1]


@program(normal(3), writes=True)
def argument_overwritten_altogether(x):
    total = np.sum(x**3)
    x[:] = 0.0
    x += total
    return x @ x


class Accumulator:
    def __init__(self, n):
        self.total = np.zeros(n)
        self.count = 0.0

    def add(self, x):
        self.total += x * x
        self.total[0] *= x[1]


@program(normal(3))
def writes_into_an_attribute(x):
    kept = Accumulator(3)
    total = kept.total
    kept.add(x)
    kept.add(total * x)
    return total @ x + kept.total @ kept.total


class Field:
    """Supports `field[i] = v` itself."""

    def __init__(self, data):
        self.data = data

    def __getitem__(self, i):
        return self.data[i]

    def __setitem__(self, i, v):
        self.data[i] = v * v


@program(normal(4))
def class_that_supports_item_assignment(x):
    field = Field(x * 1.0)
    field[0] = x[1]
    field[1] += field[0]
    field[2:] = x[:2]
    return field.data @ x + field[3] ** 2


@program(normal(4))
def copies_are_apart(x):
    y = x * 2
    before = y.copy()
    y[:] = y[[3, 0, 1, 2]] * x
    picked = y[[0, 1]]
    picked *= 5
    masked = y[x > -10]
    masked[0] = 7.0
    astype = y.astype(float)
    astype[1] = x[0]
    same = np.asarray(y)
    same[3] = before[0] ** 2
    return before @ y + picked @ picked + masked @ y + astype @ x


@program(normal(3), static(5))
def value_needed_before_and_after(x, n):
    y = np.tanh(x)
    total = 0.0
    for i in range(n):
        z = np.exp(y)
        total += z @ x
        y *= 0.5
        y[i % 3] = np.sin(y[i % 3]) * z[0]
        z[1] = y[2]
        total += z @ z
    return total


@program(normal(2, 2), normal(2, 2))
def array_of_arrays(A, B):
    stack = np.zeros((3, 2, 2))
    stack[0] = A
    stack[1] = B @ stack[0]
    stack[2] = stack[1] @ stack[0].T
    stack[1:, 0, :] *= stack[0, 0]
    stack[:, 1][0] = B[1]
    return np.sum(stack**2) + np.trace(stack[2])


@program(normal(4))
def tuples_and_lists_written(x):
    y = np.zeros(4)
    y[:2] = x[0] * x[1], x[2]
    y[2:] = [x[3] ** 2, 1.0]
    A = np.zeros((2, 2))
    A[:] = [[x[0], 2.0], [x[1], x[0] * x[2]]]
    return y @ y + np.sum(A @ A)


@program(normal(3), normal(2, 3))
def broadcast_writes(x, A):
    B = A * 1.0
    B[:] = x
    B[0] += A[1]
    B *= x
    B[:, 1] = A[0, 0]
    C = np.zeros((2, 2, 3))
    C[:] = B
    C[1] -= x
    C[:, :, 0] = x[:2]
    return np.sum(C**2) + np.sum(B)


@program(normal(4), normal(4))
def chained_and_walrus_assignments(x, y):
    a = b = x * 2
    a[0] = y[1]
    c = np.zeros(4)
    c[1] = d = y[2] * b[0]
    if (top := c[1:])[0] != 7.0:
        top *= d
        top[1] = x[2]
    return a @ b + c @ y


@program(normal(3), normal(3))
def complex_arrays_written(x, y):
    z = np.zeros(3, dtype=complex)
    z[:] = x + 1j * y
    z[0] *= 2j
    z[1:] += y[:2]
    z.real[2] = x[0]
    return np.sum(np.abs(z) ** 2) + np.real(z[0] * z[2])


@program(normal(4))
def hook_of_an_array_that_is_written(x):
    u = x * 2.0
    u[0] = x[1] * x[2]
    u = ad.hook(lambda bar: None, u)
    u[3] *= u[0]
    return np.sum(u * u)


@program(positive(4))
def checkpointed_writes_of_its_own(x):
    def running(v):
        total = v.copy()
        for i in range(1, len(total)):
            total[i] += total[i - 1] * v[i]
        return total

    return np.sum(ad.checkpoint(running)(x) ** 2)


@program(positive(4))
def scaled_after_it_was_written(x):
    u = np.zeros(4)
    for i in range(4):
        u[i] = 1.0 / x[i]
    u *= 2
    return np.sum(u)


@program(positive(4))
def a_constant_times_what_was_written(x):
    u = np.zeros(4)
    for i in range(4):
        u[i] = x[i] * x[i - 1]
    return np.sum(-(u * 3.0)) + np.sum(u / 2.0)


@program(normal(4), 0.3, writes=True)
def copies_by_arithmetic(c, s):
    """Each is a new array, whose tangent must not be that of what is written to."""
    added, divided, positive, multiplied = c + 1.0, c / 1.0, +c, 1.0 * c
    c[0] = np.cos(s)
    added[1] = s * s
    return np.sum(np.sin(added) * divided) + np.sum(positive * multiplied * c)


@program(positive(4))
def masks_written_out(x):
    y = x * x
    y[[True, False, False, True]] *= x[0]
    chosen = np.array([False, True, True, False])
    y[chosen] += x[:2]
    A = np.outer(x, y)
    A[chosen] = y
    A[chosen, 1] **= 2
    return y @ x + np.sum(A * A)


@program(normal(3), normal(2))
def copies_of_what_was_broadcast(x, s):
    y = x * 2.0
    grid = np.broadcast_to(x, (2, 3)).copy()
    grid[0] = y
    grid[:, 1] *= s
    return np.sum(grid**2)


@program(normal(3), normal(3))
def parts_of_complex_arrays_assigned(x, y):
    z = x + 1j * y
    z.imag *= x
    z.real = y**2
    z.real[0] += x[1]
    z.imag[1:] -= z.real[:2]
    return np.sum(np.abs(z * z))


@program(normal(5), normal(5))
def slices_from_computed_whole_numbers(x, y):
    peak = int(np.argmax(x))
    half = int(np.floor(x[0] * x[0]) % 2)
    z = x * 1.0
    tail = z[peak:]
    tail *= y[0]
    z[half : half + 2] += y[int(bool(x[1] > 0))]
    return np.sum(z**2) * y[int(round(y[0] * y[0])) % 5]


@program(positive(3))
def written_in_a_branch_between_read_and_write(x):
    y = x * x
    first = y[0]
    if x[1] > 0:
        y[0] = x[1] * 2
    y[0] = first + 1.0
    return np.sum(y) * y[0]


@program(positive(3))
def read_and_written_in_a_branch_between_read_and_write(x):
    y = x * x
    first = y[0]
    if x[1] > 0:
        square = y[0] * y[0]
        y[0] = square * 3
    y[0] = first + 1.0
    return np.sum(y**2)


@program(positive(3), 0.6)
def written_in_a_loop_between_read_and_write(x, a):
    y = x * x
    second = y[1]
    for _ in range(2):
        square = y[1] * y[1]
        y[1] = square * a
    y[1] = second * 1.0
    return np.sum(y**2)
