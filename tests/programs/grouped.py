"""Programs that gather what they compute in dicts, heaps and sets, as they go."""

from __future__ import annotations

import bisect
import heapq
from collections import defaultdict

import numpy as np

from tests.programs.registry import normal, positive, program


@program(normal(6))
def squares_by_remainder(x):
    groups = defaultdict(list)
    for i, value in enumerate(x):
        groups[i % 2].append(value * value)
    return sum(groups[0]) * sum(groups[1])


@program(normal(6))
def running_totals(x):
    totals = defaultdict(float)
    for i, value in enumerate(x):
        totals[i % 3] += value * value
        if i in totals:
            totals[i] *= value
    return totals[0] * totals[1] + totals["none"] + len(totals)


@program(normal(6))
def vectors_by_key(x):
    rows = defaultdict(lambda: np.zeros(2))
    for i, value in enumerate(x):
        rows[i % 2][0] += value * value
        rows[i % 3] = rows[i % 3] * value + 1.0
    return sum(row.sum() for row in rows.values())


@program(normal(7))
def histogram_with_get(x):
    counts = {}
    for i, value in enumerate(x):
        counts[i % 3] = counts.get(i % 3, 0.0) + value**2
    return counts[0] * counts[1] - counts[2]


@program(normal(6))
def lists_by_default(x):
    groups = {}
    for i, value in enumerate(x):
        groups.setdefault(i % 2, []).append(value * value)
    return sum(groups[0]) * sum(groups[1])


@program(normal(2, 3), normal(2), normal(3))
def descent_of_a_dict(W, b, x):
    parameters = {"W": W * 1.0, "b": b * 2.0}
    for _ in range(3):
        error = parameters["W"] @ x + parameters["b"]
        slopes = {"W": np.outer(error, x), "b": error}
        for name in slopes:
            parameters[name] = parameters[name] - 0.1 * slopes[name]
    return np.sum(parameters["W"] ** 2) + parameters["b"].sum()


@program(normal(2, 3), normal(2), normal(3))
def descent_of_a_dict_in_place(W, b, x):
    parameters = {"W": W * 1.0, "b": b * 2.0}
    for _ in range(3):
        error = parameters["W"] @ x + parameters["b"]
        parameters["W"] -= 0.1 * np.outer(error, x)
        parameters["b"] -= 0.1 * error
    return np.sum(parameters["W"] ** 2) + parameters["b"].sum()


@program(normal(6))
def running_mean_in_a_dict(x):
    state = {"mean": 0.0, "count": 0, "name": "mean"}
    for value in x:
        state["count"] += 1
        state["mean"] += (value - state["mean"]) / state["count"]
    return state["mean"] * len(state["name"])


@program(positive(8))
def smallest_first(x):
    heap = []
    for value in x:
        heapq.heappush(heap, value * value)
    total = 0.0
    while heap:
        total = total * 0.5 + heapq.heappop(heap)
    return total


@program(positive(6))
def replaced_in_a_heap(x):
    heap = [x[3], x[0] * 2.0, x[1]]
    heapq.heapify(heap)
    least = heapq.heapreplace(heap, x[2] * x[4])
    other = heapq.heappushpop(heap, x[5])
    return least * other + heap[0] * 3.0


@program(positive(5))
def sorted_as_it_grows(x):
    items = []
    for value in x:
        bisect.insort(items, value * value)
    return sum(value * (i + 1) for i, value in enumerate(items))


GRAPH = {0: [1, 2], 1: [3], 2: [3, 4], 3: [5], 4: [5], 5: []}


@program(normal(6))
def breadth_first(x):
    seen, queue, distance = {0}, [0], {0: x[0]}
    while queue:
        node = queue.pop(0)
        for other in GRAPH[node]:
            if other not in seen:
                seen.add(other)
                queue.append(other)
                distance[other] = distance[node] * x[other] + other
    return sum(distance.values())


@program(positive(6))
def shortest_path(x):
    best, queue = {0: x[0]}, [(x[0], 0)]
    while queue:
        length, node = heapq.heappop(queue)
        if length > best[node]:
            continue
        for other in GRAPH[node]:
            found = length + x[other] * (1.0 + other % 2)
            if other not in best or found < best[other]:
                best[other] = found
                heapq.heappush(queue, (found, other))
    return best[5] ** 2


@program(normal(4))
def items_one_by_one(x):
    items = [x[0]]
    items.extend(value * len(items) for value in x[1:])
    table = {"a": items[-1]}
    table.update((key, table["a"] * items[1]) for key in ("a", "b"))
    return sum(items) + table["a"] * table["b"]
