"""Models and trainings on disk, in the safetensors format: arrays and JSON, nothing that runs.

A model's arrays are tensors named `model.` and their place, as in `model.layers.0.weight`; any reader of
safetensors can read them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from adjoint.data.extras import needed
from adjoint.data.loader import plain
from adjoint.optim import Slot, State, UpdateRule
from adjoint.optim.rule import everywhere, hyperparameters
from adjoint.optim.state import copied_rule, state_of
from adjoint.train.files import write_atomically
from adjoint.train.walk import arrays, generators

FORMAT = "adjoint 1"


class CheckpointMismatch(ValueError):
    """A file that belongs to another model or optimiser."""


# -- what users call -----------------------------------------------------------------------------------


def save(path: Any, model: Any, state: State | UpdateRule | None = None, **notes: Any) -> Path:
    """Write all arrays of a model, and what an optimiser remembers of them, to a safetensors file.

    notes: anything that JSON can hold, and arrays; `load` returns them.  The states of random generators
    in the model are saved too.  The file is written as a whole or not at all.
    """
    record = {"notes": notes, **model_record(model)}
    if state is not None:
        record["optimiser"] = state_record(state_of(state), model)
    return write(path, record)


def load(path: Any, model: Any, state: State | UpdateRule | None = None) -> dict[str, Any]:
    """Put what was saved back into the arrays of a model, in place, and into a state; returns the notes.

    Raises CheckpointMismatch, before anything changes, if the model has other arrays, or the optimiser is
    another one.
    """
    record = read(path)
    check_model(record, model, path)
    if state is not None:
        if "optimiser" not in record:
            raise CheckpointMismatch(f"{path} has a model, but no optimiser's state")
        fill_state(record["optimiser"], state_of(state), model)
    fill_model(record, model)
    return record["notes"]


def save_run(path: Any, run: Any) -> Path:
    """Write a training, for `fit(…, resume=path)`."""
    record = model_record(run.model)
    record["optimiser"] = state_record(run.state, run.model)
    record["run"] = {
        "epoch": run.epoch,
        "batch": run.batch,
        "first": run.first,
        "losses": np.array(run.history.losses, float),
        "epochs": run.history.epochs,
        "stopped": run.history.stopped,
        "data": run.data.state() if hasattr(run.data, "restore") else None,
        "callbacks": [[type(c).__name__, c.state()] for c in run.callbacks],
    }
    return write(path, {"notes": {}, **record})


def load_run(path: Any, run: Any) -> None:
    """Let a training go on where it was when it was written."""
    record = read(path)
    if "run" not in record:
        raise CheckpointMismatch(f"{path} holds a model, not a training: load it with `load`")
    saved = record["run"]
    names = [name for name, _ in saved["callbacks"]]
    if names != [type(c).__name__ for c in run.callbacks]:
        raise CheckpointMismatch(f"the training in {path} had the callbacks {names}: give the same")
    if hasattr(run.data, "restore") != (saved["data"] is not None):
        raise CheckpointMismatch(f"the training in {path} had data of another kind")
    check_model(record, run.model, path)
    fill_state(record["optimiser"], run.state, run.model)
    fill_model(record, run.model)
    run.epoch, run.batch, run.first = saved["epoch"], saved["batch"], saved["first"]
    run.history.losses, run.history.epochs = saved["losses"].tolist(), saved["epochs"]
    run.history.stopped = saved["stopped"]
    if saved["data"] is not None:
        run.data.restore(saved["data"])
    for callback, (_, state) in zip(run.callbacks, saved["callbacks"], strict=True):
        callback.restore(state)


# -- models --------------------------------------------------------------------------------------------


def model_record(model: Any) -> dict[str, Any]:
    random = {name: plain(rng.bit_generator.state) for name, rng in generators(model).items()}
    return {"model": arrays(model), "random": random}


def check_model(record: dict, model: Any, path: Any) -> None:
    ours, theirs = arrays(model), record["model"]
    if ours.keys() != theirs.keys():
        missing, extra = ours.keys() - theirs.keys(), theirs.keys() - ours.keys()
        raise CheckpointMismatch(
            f"{path} is of another model: "
            + "; ".join(
                f"{what} {', '.join(sorted(names)[:5])}"
                for what, names in (("it has no", missing), ("the model has no", extra))
                if names
            )
        )
    for name, x in ours.items():
        y = theirs[name]
        if (x.shape, x.dtype) != (y.shape, y.dtype):
            raise CheckpointMismatch(
                f"{name} is {x.dtype} {x.shape} in the model, but {y.dtype} {y.shape} in {path}"
            )


def fill_model(record: dict, model: Any) -> None:
    for name, x in arrays(model).items():
        x[...] = record["model"][name]
    for name, rng in generators(model).items():
        if name in record["random"]:
            rng.bit_generator.state = record["random"][name]


# -- optimisers ----------------------------------------------------------------------------------------


def state_record(state: State, model: Any) -> dict[str, Any]:
    leaves = {}
    for name, x in arrays(model).items():
        leaf = state.leaves.get(x)
        if leaf is not None:
            own = None if leaf.rule is state.rule else rule_record(leaf.rule)
            leaves[name] = {"slot": slot_record(leaf.slot), "frozen": leaf.frozen, "rule": own}
    return {"rule": rule_record(state.rule), "leaves": leaves}


def rule_record(rule: UpdateRule) -> list:
    """Of the rule and those inside it: the names of their classes, and their numbers."""
    return [[type(r).__name__, {n: getattr(r, n) for n in numbers(r)}] for r in everywhere(rule)]


def numbers(rule: UpdateRule) -> list[str]:
    """The names of hyperparameters, and of counts, that are numbers, texts or tuples of them."""
    names = [*hyperparameters(rule), *(["skipped"] if hasattr(rule, "skipped") else [])]
    simple = (bool, int, float, str, np.number)
    return [
        n
        for n in names
        if isinstance(v := getattr(rule, n), simple)
        or isinstance(v, tuple)
        and all(isinstance(item, simple) for item in v)
    ]


def slot_record(value: Any) -> Any:
    if isinstance(value, Slot):
        return {name: slot_record(v) for name, v in vars(value).items() if name != "label"}
    return [slot_record(v) for v in value] if isinstance(value, tuple) else value


def fill_state(record: dict, state: State, model: Any) -> None:
    check_rule(record["rule"], state.rule)
    named = arrays(model)
    unknown = record["leaves"].keys() - named.keys()
    if unknown:
        raise CheckpointMismatch(
            f"the optimiser remembers {sorted(unknown)}, which the model has not"
        )
    slots = {}
    for name, saved in record["leaves"].items():
        rule = state.rule
        if saved["rule"] is not None:
            rule = copied_rule(state.rule)
            fill_rule(saved["rule"], rule)
        slots[name] = rule, filled(saved["slot"], rule.start(named[name]), name)
    fill_rule(record["rule"], state.rule)
    for name, (rule, slot) in slots.items():
        leaf = state.leaf(named[name])
        leaf.rule, leaf.slot, leaf.frozen = rule, slot, record["leaves"][name]["frozen"]


def check_rule(record: list, rule: UpdateRule) -> None:
    theirs, ours = [name for name, _ in record], [type(r).__name__ for r in everywhere(rule)]
    if theirs != ours:
        raise CheckpointMismatch(
            f"the optimiser was {' of '.join(theirs)}, not {' of '.join(ours)}"
        )


def fill_rule(record: list, rule: UpdateRule) -> None:
    check_rule(record, rule)
    for r, (_, values) in zip(list(everywhere(rule)), record, strict=True):
        for name, value in values.items():
            setattr(r, name, tuple(value) if isinstance(value, list) else value)


def filled(record: Any, like: Any, name: str) -> Any:
    """What was saved, in the form of a new slot."""
    if isinstance(like, Slot):
        ours = {n: v for n, v in vars(like).items() if n != "label"}  # of `Partition`: anything
        if record.keys() != ours.keys():
            raise CheckpointMismatch(
                f"the optimiser remembered {', '.join(record)} of {name}, not {', '.join(ours)}"
            )
        return Slot(
            **vars(like) | {n: filled(record[n], v, f"{name}.{n}") for n, v in ours.items()}
        )
    if isinstance(like, tuple):
        return tuple([filled(r, v, name) for r, v in zip(record, like, strict=True)])
    if isinstance(like, np.ndarray):
        if not isinstance(record, np.ndarray) or record.shape != like.shape:
            raise CheckpointMismatch(f"what the optimiser remembered as {name} has another shape")
        return np.array(record, like.dtype)
    return record


# -- files ---------------------------------------------------------------------------------------------


def write(path: Any, record: dict) -> Path:
    """A record of dicts, lists, numbers, texts and arrays as a safetensors file."""
    path, tensors = Path(path), {}
    text = json.dumps(packed(record, "", tensors))
    save_file = needed("safetensors.numpy", "A checkpoint", "safetensors").save_file
    metadata = {"format": FORMAT, "record": text}
    write_atomically(path, lambda partial: save_file(tensors, partial, metadata))
    return path


def packed(value: Any, name: str, tensors: dict[str, np.ndarray]) -> Any:
    """The value for JSON, its arrays by the names under which they are put into `tensors`."""
    if isinstance(value, dict):
        named = {
            str(k): packed(v, f"{name}.{k}" if name else str(k), tensors) for k, v in value.items()
        }
        return {"entries": list(named.items())} if named.keys() & {"array", "entries"} else named
    if isinstance(value, list | tuple):
        return [packed(v, f"{name}.{i}", tensors) for i, v in enumerate(value)]
    if isinstance(value, np.generic):
        return value.item()
    if not isinstance(value, np.ndarray):
        return value
    while name in tensors:
        name += "'"
    x = value if value.flags.c_contiguous else value.copy(order="C")
    if value.dtype.kind == "c":  # as pairs of reals, which every reader knows
        tensors[name] = x.view(np.real(x).dtype).reshape(*x.shape, 2)
        return {"array": name, "complex": True}
    tensors[name] = x
    return {"array": name}


def read(path: Any) -> dict:
    """The record that was written."""
    safe_open = needed("safetensors", "A checkpoint").safe_open
    if not Path(path).exists():
        raise FileNotFoundError(f"there is no checkpoint {path}")
    with safe_open(str(path), framework="numpy") as file:
        metadata = file.metadata() or {}
        if metadata.get("format") != FORMAT:
            raise CheckpointMismatch(f"{path} was not written by `adjoint.train`")
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    return unpacked(json.loads(metadata["record"]), tensors)


def unpacked(value: Any, tensors: dict[str, np.ndarray]) -> Any:
    if isinstance(value, list):
        return [unpacked(v, tensors) for v in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("array"), str) and value.keys() <= {"array", "complex"}:
        x = tensors[value["array"]]
        return x.view(np.result_type(x.dtype, np.complex64))[..., 0] if "complex" in value else x
    if value.keys() == {"entries"}:
        return {k: unpacked(v, tensors) for k, v in value["entries"]}
    return {k: unpacked(v, tensors) for k, v in value.items()}
