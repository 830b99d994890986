"""What the patterns of `match` ask of their subject, and the parts that they take of it."""

from __future__ import annotations

from adjoint import runtime
from adjoint.rules.registry import nondifferentiable, source_of

nondifferentiable(
    runtime.is_sequence, runtime.is_mapping, runtime.is_instance_of, runtime.positional_name,
    runtime.has_part,
)  # fmt: skip


@source_of(runtime.part_of)
def part_of(subject, name):
    return subject if name is None else getattr(subject, name)


@source_of(runtime.without_keys)
def without_keys(mapping, *keys):
    return {key: mapping[key] for key in mapping if key not in keys}
