"""A corpus of small programs as users write them, and a generator of random ones.

Nothing in here imports `adjoint`: the programs, their reference gradients (`differences`) and the
tests of their soundness stand on NumPy alone.
"""
