"""Realistic programs: the numerical methods and models that people differentiate."""

import math

import numpy as np

from tests.programs.registry import definite, normal, positive, program, spread, static, uniform


@program(normal(5))
def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@program(np.array([1.0, 0.0]), 0.3, static(10))
def runge_kutta(state, damping, steps):
    def slope(y):
        return np.array([y[1], -np.sin(y[0]) - damping * y[1]])

    h = 0.1
    for _ in range(steps):
        k1 = slope(state)
        k2 = slope(state + h / 2 * k1)
        k3 = slope(state + h / 2 * k2)
        k4 = slope(state + h * k3)
        state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state @ state


@program(1.0, 0.5, 0.2, static(8))
def predator_prey(x, y, rate, steps):
    for _ in range(steps):
        x, y = x + 0.1 * (x - rate * x * y), y + 0.1 * (rate * x * y - 0.5 * y)
    return x * y


@program(2.0)
@program(7.3)
def newton_square_root(a):
    x = a
    for _ in range(6):
        x = 0.5 * (x + a / x)
    return x


@program(2.0, 1.0)
def newton_with_tolerance(a, x):
    while abs(x**3 - a) > 1e-12:
        x = x - (x**3 - a) / (3 * x**2)
    return x


@program(0.8, 0.3)
def kepler_equation(mean_anomaly, eccentricity):
    E = mean_anomaly
    for _ in range(10):
        E = E - (E - eccentricity * math.sin(E) - mean_anomaly) / (1 - eccentricity * math.cos(E))
    return E


@program(0.9)
def fixed_point(a):
    x = 1.0
    while True:
        new = math.cos(a * x)
        if abs(new - x) < 1e-13:
            return new
        x = new


@program(2.0)
def bisection(a):
    low, high = 0.0, a
    for _ in range(8):
        middle = (low + high) / 2
        if middle * middle * middle > 1.7:
            high = middle
        else:
            low = middle
    return (low + high) / 2


@program(normal(3), 0.1, normal(5, 3), static(np.array([1.0, 0.0, 1.0, 1.0, 0.0])))
def logistic_regression(w, b, X, y):
    p = 1 / (1 + np.exp(-(X @ w + b)))
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    return loss + 0.01 * np.sum(w**2)


@program(normal(3), normal(5, 3), static(np.array([1.0, -1.0, 1.0, 1.0, -1.0])))
def stable_logistic_loss(w, X, y):
    return np.mean(np.logaddexp(0.0, -y * (X @ w)))


@program(normal(2), positive(2), normal(2), normal(6))
def mixture_log_likelihood(means, widths, logits, x):
    log_weights = logits - np.log(np.sum(np.exp(logits)))
    z = (x[:, None] - means) / widths
    log_densities = log_weights - 0.5 * z**2 - np.log(widths) - 0.5 * np.log(2 * np.pi)
    highest = np.max(log_densities, axis=1, keepdims=True)
    return np.sum(highest[:, 0] + np.log(np.sum(np.exp(log_densities - highest), axis=1)))


@program(
    normal(3, 4),
    normal(4),
    normal(4, 3),
    normal(3),
    static(np.linspace(-1, 1, 15).reshape(5, 3)),
    static(np.array([0, 2, 1, 1, 0])),
)
def classifier(W1, b1, W2, b2, x, labels):
    hidden = np.tanh(x @ W1 + b1)
    logits = hidden @ W2 + b2
    logits = logits - logits.max(axis=1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()


@program(normal(2, 3), normal(3), normal(3, 1), normal(1), normal(4, 2), normal(4, 1))
@program(
    normal(2, 3, dtype=np.float32),
    normal(3, dtype=np.float32),
    normal(3, 1, dtype=np.float32),
    normal(1, dtype=np.float32),
    normal(4, 2, dtype=np.float32),
    normal(4, 1, dtype=np.float32),
)
def mlp_loss(W1, b1, W2, b2, x, y):
    hidden = np.tanh(x @ W1 + b1)
    error = hidden @ W2 + b2 - y
    return np.mean(error * error)


@program(
    [(normal(3, 2), normal(3)), (normal(3, 3), normal(3)), (normal(1, 3), normal(1))], normal(2)
)
def layers_in_a_list(parameters, x):
    for W, b in parameters[:-1]:
        x = np.maximum(W @ x + b, 0.1 * (W @ x + b))
    W, b = parameters[-1]
    return np.sum((W @ x + b) ** 2)


def normal_cdf(x):
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


@program(100.0, 95.0, 0.5, 0.03, 0.2)
@program(100, 95, 0.5, 0.03, 0.2)
def black_scholes(spot, strike, time, rate, volatility):
    spread_ = volatility * math.sqrt(time)
    d1 = (math.log(spot / strike) + (rate + volatility**2 / 2) * time) / spread_
    d2 = d1 - spread_
    return spot * normal_cdf(d1) - strike * math.exp(-rate * time) * normal_cdf(d2)


@program(100.0, 0.25, static(np.linspace(-1.5, 1.6, 7)))
def monte_carlo_option(spot, volatility, draws):
    final = spot * np.exp(-0.5 * volatility**2 + volatility * draws)
    return np.mean(np.maximum(final - 98.0, 0.0))


@program(100.0, 1.05, static(5))
def binomial_tree(spot, up, steps):
    down, p = 1 / up, 0.52
    values = [max(spot * up**j * down ** (steps - j) - 97.3, 0.0) for j in range(steps + 1)]
    for step in range(steps):
        values = [p * values[j + 1] + (1 - p) * values[j] for j in range(steps - step)]
    return values[0]


@program(normal(6), 0.5, 0.8)
def kalman_filter(observations, q, r):
    mean, variance, log_likelihood = 0.0, 1.0, 0.0
    for y in observations:
        variance = variance + q
        s = variance + r
        gain = variance / s
        residual = y - mean
        log_likelihood = log_likelihood - 0.5 * (np.log(2 * np.pi * s) + residual**2 / s)
        mean = mean + gain * residual
        variance = (1 - gain) * variance
    return log_likelihood


@program(normal(5), 0.3, 0.5, -0.2)
def garch_likelihood(returns, omega, alpha, beta):
    variance = omega / 0.5
    total = 0.0
    for r in returns:
        variance = omega + alpha**2 * r**2 + beta**2 * variance
        total += np.log(variance) + r**2 / variance
    return total


@program(definite(3))
def power_iteration(A):
    v = np.ones(3)
    for _ in range(12):
        v = A @ v
        v = v / np.linalg.norm(v)
    return v @ A @ v


@program(definite(3), normal(3))
def conjugate_gradients(A, b):
    x = np.zeros(3)
    r = b - A @ x
    p = r
    for _ in range(2):
        Ap = A @ p
        alpha = (r @ r) / (p @ Ap)
        x = x + alpha * p
        new = r - alpha * Ap
        p = new + (new @ new) / (r @ r) * p
        r = new
    return x @ x


@program(normal(6), 0.2, static(5))
def heat_equation(u, k, steps):
    for _ in range(steps):
        inner = u[1:-1] + k * (u[2:] - 2 * u[1:-1] + u[:-2])
        u = np.concatenate([u[:1], inner, u[-1:]])
    return np.sum(u**2)


@program(normal(4, 4), 0.1, static(3))
def diffusion_in_two_dimensions(u, k, steps):
    for _ in range(steps):
        laplacian = (
            np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, 1) - 4 * u
        )
        u = u + k * laplacian - 0.05 * u**3
    return np.mean(u**2)


@program(normal(8), 0.4, static(4))
def wave_equation(u, c, steps):
    before, now = u, u
    for _ in range(steps):
        curvature = np.concatenate([[0.0], now[2:] - 2 * now[1:-1] + now[:-2], [0.0]])
        before, now = now, 2 * now - before + c**2 * curvature
    return now @ now


@program(normal(3), normal(6), static(np.linspace(-1, 1, 6)))
def polynomial_fit(w, y, x):
    prediction = sum([w[i] * x**i for i in range(3)])
    return np.sqrt(np.sum((y - prediction) ** 2))


@program(normal(4), 0.7)
def horner(coefficients, x):
    y = 0.0
    for c in coefficients[::-1]:
        y = y * x + c
    return y


@program(normal(5, 2), normal(5))
def least_squares(X, y):
    w = np.linalg.solve(X.T @ X + 0.1 * np.eye(2), X.T @ y)
    residual = y - X @ w
    return residual @ residual


@program(positive(2), positive(), normal(4, 2), normal(4))
def gaussian_process(lengths, noise, X, y):
    z = X / lengths
    squares = np.sum((z[:, None, :] - z[None, :, :]) ** 2, axis=-1)
    K = np.exp(-0.5 * squares) + noise * np.eye(4)
    L = np.linalg.cholesky(K)
    alpha = np.linalg.solve(K, y)
    return 0.5 * y @ alpha + np.sum(np.log(np.diag(L)))


@program(normal(3, 2), normal(4, 2))
def pairwise_distances(X, Y):
    squares = np.sum(X**2, 1)[:, None] + np.sum(Y**2, 1)[None, :] - 2 * X @ Y.T
    return np.mean(np.sqrt(squares + 1e-3))


@program(normal(3, 4), normal(3, 4), normal(3, 4))
def attention(Q, K, V):
    scores = Q @ K.T / np.sqrt(Q.shape[-1])
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)
    return np.sum((weights @ V) ** 2)


@program(normal(3, 4), positive(4), normal(4))
def layer_normalisation(x, gain, shift):
    mean = np.mean(x, axis=-1, keepdims=True)
    variance = np.var(x, axis=-1, keepdims=True)
    y = (x - mean) / np.sqrt(variance + 1e-5) * gain + shift
    return np.sum(y**3)


@program(normal(3, 2), normal(3, 3), normal(3), normal(4, 2))
def recurrent_network(Wx, Wh, b, xs):
    h = np.zeros(3)
    outputs = []
    for x in xs:
        h = np.tanh(Wx @ x + Wh @ h + b)
        outputs = outputs + [h]
    return np.mean(np.stack(outputs) ** 2)


@program(normal(8), normal(3), 0.1)
def convolution_by_windows(x, kernel, bias):
    windows = np.stack([x[i : i + 3] for i in range(6)])
    features = np.maximum(windows @ kernel + bias, 0.0)
    return np.sum(features.reshape(3, 2).max(axis=1) ** 2)


@program(0.5, 0.8, static(6))
def simpson(a, b, n):
    h = (b - a) / n
    total = np.exp(-(a**2)) + np.exp(-(b**2))
    for i in range(1, n):
        total += (4 if i % 2 else 2) * np.exp(-((a + i * h) ** 2))
    return total * h / 3


@program(positive(4), positive(4))
def kl_divergence(p, q):
    p, q = p / p.sum(), q / q.sum()
    return np.sum(p * np.log(p / q))


@program(normal(3, 3), static(8))
def matrix_exponential(A, terms):
    result = np.eye(3)
    term = np.eye(3)
    for k in range(1, terms):
        term = term @ A / k
        result = result + term
    return np.trace(result) + result[0, 1]


@program(normal(4, 2))
def lennard_jones(positions):
    energy = 0.0
    for i in range(4):
        for j in range(i):
            r2 = np.sum((positions[i] - positions[j]) ** 2) + 0.5
            energy = energy + r2**-6 - r2**-3
    return energy


@program(np.array([0.1, 1.0]), 1.5)
def pendulum_leapfrog(state, length):
    angle, momentum = state[0], state[1]
    for _ in range(10):
        momentum = momentum - 0.05 * 9.81 / length * np.sin(angle)
        angle = angle + 0.1 * momentum
        momentum = momentum - 0.05 * 9.81 / length * np.sin(angle)
    return 0.5 * momentum**2 - np.cos(angle)


@program(normal(3), 0.05, static(5))
def gradient_descent_unrolled(x, rate, steps):
    for _ in range(steps):
        slope = 2 * x + 0.4 * x**3
        x = x - rate * slope
    return x @ x


@program(normal(3), static(4))
def adam_unrolled(x, steps):
    m, v = np.zeros(3), np.zeros(3)
    for t in range(1, steps + 1):
        g = 2 * x * np.array([1.0, 3.0, 0.5])
        m = 0.9 * m + 0.1 * g
        v = 0.99 * v + 0.01 * g**2
        x = x - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-8)
    return np.sum(x**2)


@program(normal(4), normal(4, 4))
def hopfield_energy(s, W):
    symmetric = (W + W.T) / 2 * (1 - np.eye(4))
    return -0.5 * s @ symmetric @ s


@program(spread(5), 0.5)
def quantile_loss(errors, level):
    return np.mean(np.where(errors > 0, level * errors, (level - 1) * errors))


@program(0.3, 0.2, static(7))
def logistic_map(x, r, n):
    for _ in range(n):
        x = (3.2 + r) * x * (1 - x)
    return x


@program(uniform(0.2, 0.8, 3), uniform(0.2, 0.8, 3))
def beta_log_density(a, x):
    log_beta = np.array([math.lgamma(v) + math.lgamma(2.0) - math.lgamma(v + 2.0) for v in a])
    return np.sum((a - 1) * np.log(x) + np.log(1 - x) - log_beta)


@program(0.4, 1.3, static(12))
def bessel_series(x, nu, terms):
    total, term = 0.0, 1.0
    for k in range(terms):
        total = total + term
        term = -term * (x / 2) ** 2 / ((k + 1) * (k + 1 + nu))
    return total


@program(0.9, static(1e-10))
def series_until_small(x, tolerance):
    total, term, n = 0.0, x, 1
    while abs(term) > tolerance:
        total = total + term
        n = n + 2
        term = -term * x * x / (n * (n - 1))
    return total


@program(normal(3), normal(3), normal(3))
def quaternion_like_rotation(axis, v, w):
    axis = axis / np.linalg.norm(axis)
    angle = 0.7
    rotated = (
        v * np.cos(angle)
        + np.cross(axis, v) * np.sin(angle)
        + axis * (axis @ v) * (1 - np.cos(angle))
    )
    return rotated @ w


@program(normal(3, 3))
def gram_schmidt(A):
    basis = []
    for column in A.T:
        for b in basis:
            column = column - (b @ column) * b
        basis = basis + [column / np.sqrt(column @ column)]
    return basis[2] @ np.array([1.0, 2.0, 3.0]) + basis[0] @ A[1]


@program(positive(3), positive(3))
def sinkhorn(p, q):
    cost = np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 1.0], [2.0, 1.0, 0.0]])
    p, q = p / np.sum(p), q / np.sum(q)
    kernel = np.exp(-cost / 0.7)
    u = np.ones(3)
    for _ in range(5):
        v = q / (kernel.T @ u)
        u = p / (kernel @ v)
    return np.sum(u[:, None] * kernel * v * cost)


@program(normal(5), 0.9)
def exponential_smoothing(x, alpha):
    level = x[0]
    error = 0.0
    for t in range(1, len(x)):
        error += (x[t] - level) ** 2
        level = alpha * x[t] + (1 - alpha) * level
    return error


@program(normal(4), normal(4))
def soft_dynamic_alignment(x, y):
    previous = [0.0] + [50.0] * 4
    for i in range(4):
        row = [50.0]
        for j in range(4):
            options = np.array([previous[j], previous[j + 1], row[j]])
            smallest = -np.log(np.sum(np.exp(-options)))
            row = row + [(x[i] - y[j]) ** 2 + smallest]
        previous = row
    return previous[-1]


@program(np.array([[0.3, 0.7, -0.4], [0.9, -0.2, 0.5]]))
def mask_beside_true(m):
    rows = m[np.array([True, False]), True]
    return np.sum(rows * rows) + np.sum(rows.sum(axis=0) ** 2)
