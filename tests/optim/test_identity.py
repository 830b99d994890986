import copy
import gc
import pickle

import numpy as np

from adjoint.optim.identity import IdentityMap


def test_equal_arrays_are_different_keys():
    a, b = np.zeros(2), np.zeros(2)
    slots = IdentityMap()
    slots[a] = 1
    slots[b] = 2
    assert (slots.get(a), slots.get(b), len(slots)) == (1, 2, 2)
    assert slots.get(np.zeros(2)) is None


def test_an_entry_goes_with_its_array():
    slots = IdentityMap()
    for _ in range(100):
        slots[np.zeros(1000)] = None
    gc.collect()
    assert len(slots) == 0


def test_copies_and_pickles_follow_the_arrays():
    a = np.arange(3.0)
    slots = IdentityMap()
    slots[a] = "slot"
    for copied in (copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))):
        b, others = copied((a, slots))
        assert b is not a
        assert others.get(b) == "slot"
        assert others.get(a) is None
