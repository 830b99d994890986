"""Of the public names of NumPy: what has nothing to differentiate, and what is refused, and why."""

from __future__ import annotations

#: section -> names of what has nothing to differentiate; None for all of them
PLAIN: dict[str, str | None] = {
    "numpy": """
        base_repr binary_repr busday_count busday_offset busdaycalendar datetime_as_string datetime_data
        format_float_positional format_float_scientific get_include get_printoptions getbufsize geterr
        geterrcall info is_busday isdtype isfortran mintypecode ndarray packbits printoptions
        set_printoptions setbufsize seterr seterrcall show_config show_runtime test typename ufunc unpackbits
        """,
    "numpy.ndarray": "device dtype flags itemsize nbytes ndim shape size strides",
    "numpy.ufunc": "identity nargs nin nout ntypes resolve_dtypes signature types",
    "numpy.random": """
        BitGenerator Generator MT19937 PCG64 PCG64DXSM Philox RandomState SFC64 SeedSequence bytes
        default_rng get_state rand randint randn random random_integers random_sample ranf sample seed
        set_state standard_cauchy standard_exponential standard_normal
        """,
    "numpy.random.Generator": """
        bit_generator bytes integers random spawn standard_cauchy standard_exponential standard_normal
        """,
    "numpy.random.RandomState": """
        bytes get_state rand randint randn random random_integers random_sample seed set_state
        standard_cauchy standard_exponential standard_normal tomaxint
        """,
    "numpy.polynomial": "set_default_printstyle",
    "numpy.polynomial.polyutils": "format_float",
    "numpy.lib": "NumpyVersion add_docstring add_newdoc",
    "numpy.lib.array_utils": "byte_bounds",
    "numpy.lib.mixins": None,
    "numpy.lib.introspect": None,
    "numpy.strings": None,
    "numpy.char": None,
    "numpy.testing": None,
    "numpy.dtypes": None,
    "numpy.typing": None,
}
FILES = "reads or writes files or bytes, where a derivative would be lost"
MEMORY = "the memory of an array, or numbers taken for their bits: use `astype`, slices, copies"
SHAPES = "a sample is a constant, and with respect to the parameters no derivative of it is known"
SHAPED = "noncentral_chisquare noncentral_f"
COUNTS = """binomial geometric hypergeometric logseries multinomial multivariate_hypergeometric
    negative_binomial poisson zipf"""
#: section -> why -> names; or why, of all names that have no rule
NOT: dict[str, str | dict[str, str]] = {
    "numpy": {
        FILES: """fromfile frombuffer fromregex fromstring genfromtxt load loadtxt memmap save savetxt savez
            savez_compressed from_dlpack""",
        "of matrices: use arrays, and `@` for their product": "asmatrix bmat matrix",
        "iterators over several arrays in one: use `zip` of `flat`, or `np.broadcast_arrays`": """
            broadcast nditer nested_iters""",
        "what it makes has no source: use `np.vectorize`, or a loop": "frompyfunc",
        "of records: keep arrays in a dict": "recarray",
    },
    "numpy.ndarray": {
        MEMORY: "base byteswap ctypes data getfield resize setfield",
        FILES: "dump dumps tofile",
    },
    "numpy.random": {SHAPES: f"{SHAPED} {COUNTS}"},
    "numpy.random.Generator": {SHAPES: f"{SHAPED} {COUNTS}"},
    "numpy.random.RandomState": {SHAPES: f"{SHAPED} {COUNTS}"},
    "numpy.lib": {FILES: "Arrayterator"},
    "numpy.lib.format": FILES,
    "numpy.lib.npyio": FILES,
    "numpy.ma": "masked arrays: compute with the data, `np.where` and the mask, or the nan-functions",
    "numpy.rec": "of records: keep arrays in a dict",
    "numpy.ctypeslib": MEMORY,
}

#: Of what is refused, calls that show it.
REFUSED = [
    "np.matrix(A) * np.matrix(B)",
    "np.asmatrix(A)",
    "[a * b for a, b in np.nditer([x, y])]",
    "[a * b for a, b in np.broadcast(x, y)]",
    "np.frompyfunc(lambda a: a * a, 1, 1)(x).astype(float)",
    "np.asarray(np.poly1d(x))",
    "np.cos(np.poly1d(x))",
    "np.frombuffer(x.tobytes()) * y",
    "x.byteswap().byteswap()",
    "x.getfield(float)",
    "np.asarray(x.data)",
    "x.base is None and x",
    "(c := x.copy(), c.resize(3, refcheck=False), c)[-1]",
    "(c := x.copy(), c.setfield(2.0, float), c)[-1]",
    "np.ma.masked_array(x, mask=[0, 1, 0, 0, 1]).sum()",
    "np.ma.masked_greater(x, 1.0).mean()",
    "np.ma.sqrt(x)",
    "np.ma.add(x, y)",
    "np.ma.array(x) * y",
    "np.rec.fromarrays([x, y]).f0",
    "x.view(np.recarray)",
    "np.random.default_rng(1).noncentral_f(x, y, 1.0)",
    "np.random.default_rng(1).vonmises(0.0, x)",
    "np.random.default_rng(1).poisson(x) * y",
    "np.random.default_rng(1).multivariate_normal(x[:3], A @ A.T)",
    "np.random.poisson(x) * y",
    "np.random.default_rng(1).choice(x, 3, p=y / y.sum())",
    "np.random.RandomState(1).choice(5, 3, p=y / y.sum()) * 1.0",
    "(c := [x[0], x[1] * 2], np.random.default_rng(1).shuffle(c), np.array(c))[-1]",
]
