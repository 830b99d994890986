"""Rules of SciPy's functions, one file per family.

`import adjoint` imports neither SciPy nor these files: the rules of a part of SciPy are declared once
the program itself has imported that part.
"""

from adjoint.rules.registry import when_imported

PARTS = (
    "special",
    "linalg",
    "stats",
    "fft",
    "signal",
    "integrate",
    "interpolate",
    "optimize",
    "sparse",
    "spatial.distance",
)

for part in PARTS:
    when_imported(f"scipy.{part}", f"adjoint.rules.scipy.{part.replace('.', '_')}")
