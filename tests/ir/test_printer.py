"""The printed form of the IR is stable and complete."""

import textwrap

from adjoint.frontend import lower
from adjoint.ir.printer import show


def energy(x, *xs, k=2, **others):
    total = 0.0
    for i, v in enumerate(xs):
        if v > k:
            total = total + max(v, *xs, **others)
        elif not i:
            break
    while total > 10:
        total = total / 2
    try:
        scale = lambda y, z=k: y * z * x  # noqa: E731
        total = scale(total)
    except ValueError as error:
        raise TypeError("no") from error
    return total, [v for v in xs]


def test_show():
    assert show(lower(energy)) == textwrap.dedent("""\
        function energy(x, *xs, k=…, **others)  [globals enumerate, max, ValueError, TypeError]
          _.0 = enumerate(xs)
          total.1 = for (i, v) in _.0 carrying total = 0.0:
            _.1 = gt(v, k)
            broke, total.2 = if _.1:
              _.2 = max(v, *xs, **others)
              total.3 = add(total, _.2)
              yield False, total.3
            else:
              _.3 = not_(i)
              broke.1 = if _.3:
                yield True
              else:
                yield False
              yield broke.1, total
            yield total.2
            stop broke
          total.5 = while carrying total.4 = total.1:
            test:
              _.4 = gt(total.4, 10)
              yield _.4
            total.6 = truediv(total.4, 2)
            yield total.6
          total.7 = try:
            scale = closure(x=x, z:=k)
              function <lambda>(y, z=…)  [captures x]
                _.0 = mul(y, z)
                _.1 = mul(_.0, x)
                return _.1
            total.8 = scale(total.5)
            yield total.8
          except ValueError as error:
            _.5 = TypeError('no')
            _.6 = raise_exception(_.5, error, True)
            yield undefined
          _.7 = for v.1 in xs:
            gather v.1
          _.8 = make_tuple(total.7, _.7)
          return _.8""")
