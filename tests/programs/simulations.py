"""Whole programs as scientists write them, with arrays that are filled and updated in place."""

import numpy as np

from tests.programs.registry import definite, normal, positive, program, spread, static, uniform


def pendulum(state, params):
    d = np.zeros_like(state)
    d[0] = state[1]
    d[1] = -params[0] * np.sin(state[0]) - params[1] * state[1]
    return d


@program(normal(2), positive(2), static(5))
def euler_trajectory(start, params, steps):
    dt = 0.1
    path = np.zeros((steps + 1, 2))
    path[0] = start
    for k in range(steps):
        path[k + 1] = path[k] + dt * pendulum(path[k], params)
    return np.sum(path[:, 0] ** 2) + path[-1, 1]


@program(normal(2), positive(2), static(4))
def runge_kutta_trajectory(start, params, steps):
    h = 0.2
    path = np.empty((steps + 1, 2))
    path[0] = start
    for k in range(steps):
        y = path[k]
        k1 = pendulum(y, params)
        k2 = pendulum(y + h / 2 * k1, params)
        k3 = pendulum(y + h / 2 * k2, params)
        k4 = pendulum(y + h * k3, params)
        path[k + 1] = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.mean(path**2) + path[-1] @ path[0]


@program(normal(5, 5), positive())
def heat_stencil(T, alpha):
    u = T.copy()
    for _ in range(3):
        u[1:-1, 1:-1] += (
            0.1
            * alpha
            * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1])
        )
        u[0, :] = u[1, :]
        u[:, -1] = 0.0
    return np.sum(u**2)


@program(definite(4), normal(4))
def gauss_seidel(A, b):
    x = np.zeros(4)
    for _ in range(4):
        for i in range(4):
            x[i] = (b[i] - A[i, :i] @ x[:i] - A[i, i + 1 :] @ x[i + 1 :]) / A[i, i]
    return x @ x


@program(definite(4))
def cholesky_by_hand(A):
    n = A.shape[0]
    L = np.zeros((n, n))
    for j in range(n):
        s = A[j, j]
        for k in range(j):
            s -= L[j, k] ** 2
        L[j, j] = np.sqrt(s)
        for i in range(j + 1, n):
            L[i, j] = (A[i, j] - L[i, :j] @ L[j, :j]) / L[j, j]
    return np.sum(np.log(np.diag(L))) + np.sum(L**2 * A)


@program(normal(4, 4), normal(4))
def elimination_with_pivoting(A, b):
    A = A.copy()
    x = b.copy()
    n = len(b)
    for k in range(n):
        p = k + np.argmax(np.abs(A[k:, k]))
        if p != k:
            A[[k, p]] = A[[p, k]]
            x[k], x[p] = x[p], x[k]
        for i in range(k + 1, n):
            factor = A[i, k] / A[k, k]
            A[i, k:] -= factor * A[k, k:]
            x[i] -= factor * x[k]
    for i in range(n - 1, -1, -1):
        x[i] = (x[i] - A[i, i + 1 :] @ x[i + 1 :]) / A[i, i]
    return x @ x + np.sum(np.log(np.abs(np.diag(A))))


@program(definite(4), normal(4))
def triangular_solves(A, b):
    """L Lᵀ x = b by forward and back substitution with the lower triangle of A."""
    n = len(b)
    y = np.zeros(n)
    for i in range(n):
        y[i] = (b[i] - np.dot(A[i, :i], y[:i])) / A[i, i]
    x = np.zeros_like(y)
    for i in reversed(range(n)):
        x[i] = (y[i] - np.dot(A[i + 1 :, i], x[i + 1 :])) / A[i, i]
    return x @ y


@program(normal(4, 3))
def gram_schmidt(A):
    Q = A.copy()
    R = np.zeros((3, 3))
    for j in range(3):
        for i in range(j):
            R[i, j] = Q[:, i] @ Q[:, j]
            Q[:, j] -= R[i, j] * Q[:, i]
        R[j, j] = np.sqrt(np.sum(Q[:, j] ** 2))
        Q[:, j] /= R[j, j]
    return np.sum(R**3) + Q[0] @ R[0]


@program(normal(4, 3))
def householder(A):
    R = A * 1.0
    for j in range(3):
        v = R[j:, j].copy()
        v[0] += np.sign(v[0]) * np.linalg.norm(v)
        v /= np.linalg.norm(v)
        R[j:, j:] -= 2 * np.outer(v, v @ R[j:, j:])
    return np.sum(np.triu(R)[:3] ** 3)


@program(normal(5, 1), positive(), positive())
def kalman_filter(ys, q, r):
    F, H = np.array([[1.0, 0.5], [0.0, 1.0]]), np.array([[1.0, 0.0]])
    x, P = np.zeros(2), np.eye(2)
    means = np.zeros((len(ys), 2))
    loglik = 0.0
    for t in range(len(ys)):
        x = F @ x
        P = F @ P @ F.T
        P[0, 0] += q
        P[1, 1] += q**2
        S = H @ P @ H.T
        S[0, 0] += r
        K = P @ H.T / S[0, 0]
        innovation = ys[t] - H @ x
        x += K @ innovation
        P -= K @ H @ P
        means[t] = x
        loglik -= 0.5 * (np.log(S[0, 0]) + innovation[0] ** 2 / S[0, 0])
    return loglik + np.sum(means**2)


@program(positive(3, 3), positive(3, 2), positive(3))
def forward_algorithm(T, E, start):
    observed = [0, 1, 1, 0]
    alpha = np.zeros((4, 3))
    alpha[0] = start * E[:, observed[0]]
    scale = np.zeros(4)
    for t in range(1, 4):
        alpha[t] = (alpha[t - 1] @ T) * E[:, observed[t]]
        scale[t] = np.sum(alpha[t])
        alpha[t] /= scale[t]
    return np.sum(np.log(scale[1:])) + np.sum(alpha[-1] ** 2)


@program(spread(4), spread(3))
def dynamic_time_warping(a, b):
    n, m = len(a), len(b)
    D = np.full((n + 1, m + 1), np.inf)
    D[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            cost = (a[i - 1] - b[j - 1]) ** 2
            D[i, j] = cost + min(D[i - 1, j], D[i, j - 1], D[i - 1, j - 1])
    return D[n, m]


@program(normal(3), normal(4), positive())
def soft_edit_distance(a, b, gap):
    n, m = a.size, b.size
    D = np.zeros((n + 1, m + 1))
    D[:, 0] = gap * np.arange(n + 1)
    D[0, :] = gap * np.arange(m + 1)
    choices = np.empty(3)
    for i in range(n):
        for j in range(m):
            choices[0] = D[i, j + 1] + gap
            choices[1] = D[i + 1, j] + gap
            choices[2] = D[i, j] + (a[i] - b[j]) ** 2
            D[i + 1, j + 1] = -np.log(np.sum(np.exp(-choices)))
    return D[-1, -1]


@program(normal(8), normal(8))
def radix_two_transform(re, im):
    re, im = re.copy(), im.copy()
    n = len(re)
    j = 0
    for i in range(1, n):
        bit = n >> 1
        while j & bit:
            j ^= bit
            bit >>= 1
        j ^= bit
        if i < j:
            re[i], re[j] = re[j], re[i]
            im[i], im[j] = im[j], im[i]
    size = 2
    while size <= n:
        for start in range(0, n, size):
            for k in range(size // 2):
                angle = -2 * np.pi * k / size
                c, s = np.cos(angle), np.sin(angle)
                p, q = start + k, start + k + size // 2
                tr = c * re[q] - s * im[q]
                ti = c * im[q] + s * re[q]
                re[q], im[q] = re[p] - tr, im[p] - ti
                re[p] += tr
                im[p] += ti
        size *= 2
    power = re**2 + im**2
    return power[1] * power[3] + np.sum(re**3)


@program(spread(4, 2), normal(4, 2))
def particles(x, v):
    x, v = x.copy(), v.copy()
    n = len(x)
    for _ in range(2):
        force = np.zeros((n, 2))
        for i in range(n):
            for j in range(i + 1, n):
                d = x[j] - x[i]
                f = d / (d @ d + 0.5) ** 1.5
                force[i] += f
                force[j] -= f
        v += 0.1 * force
        x += 0.1 * v
    return 0.5 * np.sum(v**2) + np.sum(x[0] * x[1])


@program(normal(3), normal(3), positive())
def leapfrog(q, p, k):
    q, p = q.copy(), p.copy()
    energy = np.zeros(4)
    p -= 0.05 * k * q**3
    for t in range(4):
        q += 0.1 * p
        if t != 3:
            p -= 0.1 * k * q**3
        energy[t] = 0.5 * p @ p + 0.25 * k * np.sum(q**4)
    p[:] = -p + 0.05 * k * q**3
    return energy @ np.arange(4.0) + p @ q


@program(positive(2))
def newton_until_it_converges(a):
    x = np.array([1.5, 1.5])
    J = np.zeros((2, 2))
    r = np.zeros(2)
    for _ in range(50):
        r[0] = x[0] ** 2 + x[1] - a[0] - 3
        r[1] = x[0] - x[1] ** 3 + a[1]
        if np.sum(r**2) < 1e-24:
            break
        J[0, 0] = 2 * x[0]
        J[0, 1] = 1.0
        J[1, 0] = 1.0
        J[1, 1] = -3 * x[1] ** 2
        x -= np.linalg.solve(J, r)
    return x[0] * x[1] ** 2


@program(normal(6))
def prefix_sums(x):
    s = x * x
    for i in range(1, len(s)):
        s[i] += s[i - 1]
    t = x.copy()
    step = 1
    while step < len(t):
        t[step:] = t[step:] + t[:-step]
        step *= 2
    return s @ t


@program(uniform(0.05, 3.95, 7), normal(7))
def weighted_histogram(x, w):
    counts = np.zeros(5)
    for xi, wi in zip(x, w):
        i = int(xi)
        part = xi - i
        counts[i] += wi * (1 - part)
        counts[i + 1] += wi * part
    return counts @ counts


@program(normal(4), positive(5), normal(4), normal(5))
def thomas(a, b, c, d):
    n = len(b)
    cp = np.zeros(n - 1)
    dp = np.zeros(n)
    cp[0] = c[0] / (b[0] + 4)
    dp[0] = d[0] / (b[0] + 4)
    for i in range(1, n):
        m = b[i] + 4 - a[i - 1] * cp[i - 1]
        if i < n - 1:
            cp[i] = c[i] / m
        dp[i] = (d[i] - a[i - 1] * dp[i - 1]) / m
    x = dp
    for i in range(n - 2, -1, -1):
        x[i] -= cp[i] * x[i + 1]
    return x @ x


@program(normal(7), positive())
def cumulative_simpson(y, h):
    out = np.zeros(4)
    for k in range(1, 4):
        i = 2 * k
        out[k] = out[k - 1] + h / 3 * (y[i - 2] + 4 * y[i - 1] + y[i])
    return np.sum(out**2)


@program(normal(5), normal(3))
def horner(coefficients, x):
    value = np.zeros_like(x)
    slope = np.zeros_like(x)
    for c in coefficients:
        slope *= x
        slope += value
        value *= x
        value += c
    return value @ slope


@program(normal(6), 2.3)
def de_boor(control, t):
    knots = np.arange(10.0) - 2
    p, k = 3, 4
    d = np.zeros(p + 1)
    for j in range(p + 1):
        d[j] = control[j + k - p]
    for r in range(1, p + 1):
        for j in range(p, r - 1, -1):
            low = knots[j + k - p]
            alpha = (t - low) / (knots[j + 1 + k - r] - low)
            d[j] = (1 - alpha) * d[j - 1] + alpha * d[j]
    return d[p] ** 2


@program(definite(3), normal(3))
def jacobi_iteration(A, b):
    x, new = np.zeros(3), np.empty(3)
    for _ in range(5):
        for i in range(3):
            total = b[i]
            for j in range(3):
                if j != i:
                    total -= A[i, j] * x[j]
            new[i] = total / A[i, i]
        x[:] = new
    return x @ x


@program(definite(3), normal(3))
def power_iteration(A, start):
    v = start.copy()
    w = np.empty_like(v)
    for _ in range(6):
        np.dot(A, v, out=w)
        w /= np.sqrt(w @ w)
        v, w = w, v
    return v @ A @ v + v[0] ** 2


@program(definite(4), normal(4), second=False)
def conjugate_gradient(A, b):
    x = np.zeros_like(b)
    r = b - A @ x
    p = r.copy()
    rs = r @ r
    for _ in range(3):
        Ap = A @ p
        alpha = rs / (p @ Ap)
        x += alpha * p
        r -= alpha * Ap
        new = r @ r
        if new < 1e-20:
            break
        p *= new / rs
        p += r
        rs = new
    return x @ b + r @ r


@program(normal(4, 4), 1.3)
def over_relaxation(f, omega):
    u = np.zeros((6, 6))
    for _ in range(2):
        for i in range(1, 5):
            for j in range(1, 5):
                near = u[i + 1, j] + u[i - 1, j] + u[i, j + 1] + u[i, j - 1]
                u[i, j] += omega * ((near - f[i - 1, j - 1]) / 4 - u[i, j])
    return np.sum(u**2)


@program(normal(6), np.array([0.5, -0.3, 0.8, 0.2, -0.6, 0.4]))
def upwind_advection(u, c):
    u = u.copy()
    for _ in range(3):
        flux = np.zeros(len(u) + 1)
        for i in range(1, len(u)):
            flux[i] = c[i] * (u[i - 1] if c[i] > 0 else u[i])
        u -= 0.2 * (flux[1:] - flux[:-1])
    return u @ u


@program(positive(), positive(), uniform(0.01, 0.1))
def black_scholes_grid(strike, sigma, rate):
    n, steps = 8, 4
    s = np.linspace(0.1, 4.0, n)
    V = np.zeros((steps + 1, n))
    V[0] = np.log(1 + np.exp(4 * (s - strike))) / 4
    for t in range(steps):
        inner = V[t, 1:-1]
        delta = (V[t, 2:] - V[t, :-2]) / 2
        gamma = V[t, 2:] - 2 * inner + V[t, :-2]
        V[t + 1, 1:-1] = inner + 0.05 * (
            0.5 * sigma**2 * s[1:-1] ** 2 * gamma + rate * s[1:-1] * delta - rate * inner
        )
        V[t + 1, 0] = 0.0
        V[t + 1, -1] = s[-1] - strike * np.exp(-rate * 0.05 * (t + 1))
    return V[-1, 3] + V[-1, 5] ** 2


@program(normal(4), static((1, 2, 2, 3)), static(5))
def soft_knapsack(values, weights, capacity):
    best = np.zeros(capacity + 1)
    for v, w in zip(values, weights):
        for c in range(capacity, w - 1, -1):
            best[c] = np.logaddexp(best[c], best[c - w] + v)
    return best[-1] + best[2] ** 2


@program(normal(4, 2), normal(2, 2))
def belief_propagation(unary, pair):
    n = len(unary)
    right, left = np.zeros((n, 2)), np.zeros((n, 2))
    for i in range(1, n):
        message = np.exp(pair).T @ np.exp(unary[i - 1] + right[i - 1])
        right[i] = np.log(message)
    for i in range(n - 2, -1, -1):
        left[i] = np.log(np.exp(pair) @ np.exp(unary[i + 1] + left[i + 1]))
    belief = unary + right + left
    belief -= np.log(np.sum(np.exp(belief), axis=1, keepdims=True))
    return belief[1, 0] + np.sum(np.exp(belief[:, 1]) ** 2)


@program(normal(5, 4), normal(2, 2))
def convolution_by_loops(image, kernel):
    h, w = image.shape
    out = np.zeros((h - 1, w - 1))
    for i in range(h - 1):
        for j in range(w - 1):
            for a in range(2):
                for b in range(2):
                    out[i, j] += image[i + a, j + b] * kernel[a, b]
    out[out < 0] *= 0.1
    return np.sum(out**2)


@program(positive(4, 4))
def floyd_warshall(W):
    D = W.copy()
    for i in range(4):
        D[i, i] = 0.0
    for k in range(4):
        D[:] = np.minimum(D, D[:, k : k + 1] + D[k : k + 1, :])
    return np.sum(D[0] * D[:, 3]) + np.sum(D)


@program(np.array([4.0, 1.2, -0.7, 0.4]))
def levinson_durbin(r):
    n = len(r) - 1
    a = np.zeros(n + 1)
    a[0] = 1.0
    error = r[0]
    for k in range(1, n + 1):
        acc = r[k]
        for j in range(1, k):
            acc += a[j] * r[k - j]
        reflection = -acc / error
        old = a.copy()
        for j in range(1, k):
            a[j] = old[j] + reflection * old[k - j]
        a[k] = reflection
        error *= 1 - reflection**2
    return a @ a + error


@program(normal(3), positive(4), normal(4))
def momentum_descent(theta, x, y):
    theta = theta.copy()
    velocity = np.zeros_like(theta)
    history = []
    for _ in range(4):
        residual = theta[0] + theta[1] * x + theta[2] * x**2 - y
        g = np.empty(3)
        g[0] = np.mean(residual)
        g[1] = np.mean(residual * x)
        g[2] = np.mean(residual * x**2)
        velocity *= 0.9
        velocity -= 0.05 * g
        theta += velocity
        history.append(theta[0])
    return theta @ theta + sum(history)


@program(normal(3, 3), normal(4, 3))
def recurrent_states(W, xs):
    states = np.zeros((len(xs) + 1, 3))
    gates = np.empty((len(xs), 3))
    for t, x in enumerate(xs):
        gates[t] = 1 / (1 + np.exp(-x))
        states[t + 1] = gates[t] * np.tanh(W @ states[t] + x) + (1 - gates[t]) * states[t]
    states[1:] *= gates
    return np.sum(states[1:] ** 2)
