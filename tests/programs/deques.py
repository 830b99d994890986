"""Programs that work on `collections.deque`: windows, queues, stacks from both ends."""

from __future__ import annotations

from collections import deque

import numpy as np

from tests.programs.registry import normal, program, static, uniform


@program(0.7, 1.3)
def breadth_first(x, rate):
    """A queue of values and depths, served in the order of their coming."""
    queue, total = deque([(x, 0)]), 0.0
    while queue:
        value, depth = queue.popleft()
        total += value * value
        if depth < 3:
            queue.append((value * rate, depth + 1))
            queue.append((value + x, depth + 1))
    return total


class Window:
    """The mean of the last values, kept as they come."""

    def __init__(self, size):
        self.values, self.total = deque(maxlen=size), 0.0

    def push(self, value):
        if len(self.values) == self.values.maxlen:
            self.total -= self.values[0]
        self.values.append(value)
        self.total += value
        return self.total / len(self.values)


@program(normal(7), static(3))
def moving_means(xs, size):
    window, out = Window(size), 0.0
    for x in xs:
        out = out * 0.5 + window.push(x * x)
    return out


@program(uniform(0.5, 1.5, 5), static(3))
def window_with_weights(xs, size):
    """What leaves a full window at its other end has no influence any more."""
    window, out = deque([0.0] * size, maxlen=size), []
    for x in xs:
        window.append(x * x)
        out.append(sum([a * (i + 1) for i, a in enumerate(window)]))
    return out[-1] * out[2]


@program(0.7)
def turned_round(x):
    ring, total = deque([x * k for k in range(1, 5)]), 0.0
    for k in range(6):
        ring.rotate(k - 2)
        ring[0] = ring[0] * x
        total += ring[1] * (k + 1)
    ring.reverse()
    return total + ring[0] * ring[-1]


@program(0.7)
def limited_at_both_ends(x):
    items = deque([x, 1.0], maxlen=3)
    items.extend([x * x, 3.0 * x, x**3])
    items.extendleft([5.0 * x])
    items.insert(1, x) if len(items) < 3 else items.pop()
    return items[0] + items[1] * 2 + len(items) * x


@program(0.7)
def nested_and_shared(x):
    rows = deque([[x], [2.0]])
    same = rows
    rows[0].append(x * x)
    same.rotate()
    rows[1][0] *= 3
    rows[0].append(same[1][1])
    return sum(rows[0]) * sum(rows[1])


@program(0.7)
def copies_and_removals(x):
    a = deque([x, 2.0, x * x, 2.0])
    b, c = a.copy(), deque(a)
    a.remove(2.0)
    del a[0]
    b.append(a.popleft())
    b += [x, 3.0]
    c.clear()
    c.appendleft(b[-2] * a[0])
    return sum(b) * c[0] * len(a)


@program(normal(3))
def arrays_in_a_history(v):
    """Two-loop recursion over the last two steps, as a quasi-Newton method has it."""
    steps, changes = deque(maxlen=2), deque(maxlen=2)
    p = v * 1.0
    for k in range(4):
        g = 2 * p + k * 0.1
        new = p - 0.1 * g
        steps.append(new - p)
        changes.append(2 * (new - p))
        q = g
        for a, b in zip(reversed(steps), reversed(changes), strict=True):
            q = q - (a @ q) / (a @ b) * b
        p = new + 0.01 * q
    return np.sum(p * p) + np.sum(np.stack(steps)[0] * np.mean(changes, axis=0))


@program(0.7)
def read_only(x):
    items = deque((x * k for k in range(4)), 3)
    a, *rest = items
    return sum(v * v for v in items) + max(items) * a + items.index(rest[-1]) * x


@program(normal(3))
def joined_from_the_left(xs):
    """Items that another list gives, put in from the left, the last of them first."""
    queue = deque([xs[0], xs[1]])
    queue[0] = queue[0] * queue[1]
    queue.extendleft([xs[0] * xs[0], xs[2] * xs[1]])
    return queue[0] * queue[1] + queue[2] * queue[-1]
