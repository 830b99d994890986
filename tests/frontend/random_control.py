"""Random functions of nested branches, loops, jumps, `try`s, comprehensions and inner functions."""

import random

NAMES = list("abcde")
ERRORS = ["ZeroDivisionError", "ValueError", "(KeyError, TypeError)", "AssertionError"]


class Writer:
    """Writes the lines of a function body; each statement and expression is chosen at random."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.count = 0

    def name(self):
        return self.random.choice(NAMES)

    def pick(self, **weighted):
        """One of the methods named, by weight."""
        return getattr(self, self.random.choices(list(weighted), list(weighted.values()))[0])

    # -- expressions -----------------------------------------------------------------------------

    def expression(self, depth=0):
        if depth > 2 or self.random.random() < 0.4:
            return self.random.choice([*NAMES, str(self.random.randint(-3, 4))])
        return self.pick(
            binary=4, conditional=2, logical=2, walrus=1, loud=1, total=1, decided=1, first=1,
            applied=1,
        )(depth + 1)  # fmt: skip

    def binary(self, depth):
        op = self.random.choice(["+", "-", "*", "%", "//"])
        return f"({self.expression(depth)} {op} {self.expression(depth)})"

    def conditional(self, depth):
        return f"({self.expression(depth)} if {self.test(depth)} else {self.expression(depth)})"

    def logical(self, depth):
        op = self.random.choice(["and", "or"])
        return f"({self.expression(depth)} {op} {self.expression(depth)})"

    def walrus(self, depth):
        return f"({self.name()} := {self.expression(depth)})"

    def loud(self, depth):
        return f"loud({self.expression(depth)})"

    def item(self):
        return self.random.choice([*NAMES, "q"])

    def quiet(self):
        """An expression that binds nothing, for comprehensions and inner functions."""
        return f"({self.name()} {self.random.choice('+-*')} {self.name()})"

    def total(self, depth):
        return f"sum([{self.quiet()} for {self.item()} in range(3) if {self.quiet()} > 1])"

    def decided(self, depth):
        function = self.random.choice(["any", "all"])
        return f"{function}({self.quiet()} > 2 for {self.item()} in range(3) if {self.quiet()})"

    def first(self, depth):
        default = self.expression(depth)
        return f"next((loud({self.quiet()}) for q in range(3) if {self.quiet()} > q), {default})"

    def applied(self, depth):
        return f"(lambda {self.name()}: {self.quiet()})({self.expression(depth)})"

    def test(self, depth=0):
        chain = f" < {self.expression(depth + 1)}" if self.random.random() < 0.15 else ""
        op = self.random.choice(["<", ">", "==", "!="])
        return f"{self.expression(depth + 1)} {op} {self.expression(depth + 1)}{chain}"

    # -- statements ------------------------------------------------------------------------------

    def block(self, depth, in_loop):
        lines = []
        for _ in range(self.random.randint(1, 4)):
            lines += self.statement(depth, in_loop)
        return ["    " + line for line in lines]

    def statement(self, depth, in_loop):
        self.count += 1
        compound = (
            {}
            if depth > 3 or self.count > 50
            else dict(branch=6, for_loop=4, while_loop=3, attempt=3)
        )
        jump = dict(leave_loop=2) if in_loop else {}
        return self.pick(
            assign=9, augment=2, swap=1, show=2, leave=1, fail=0.5, define=0.5, check=1,
            **jump, **compound,
        )(depth, in_loop)  # fmt: skip

    def assign(self, *_):
        return [f"{self.name()} = {self.expression()}"]

    def augment(self, *_):
        return [f"{self.name()} {self.random.choice(['+=', '-=', '*='])} {self.expression()}"]

    def swap(self, *_):
        return [f"{self.name()}, {self.name()} = {self.expression()}, {self.expression()}"]

    def show(self, *_):
        return [f"print({self.expression()}, {self.name()})"]

    def leave(self, *_):
        return [f"return {self.expression()}"]

    def fail(self, *_):
        return [f"raise {self.random.choice(['ValueError', 'KeyError'])}({self.expression()})"]

    def define(self, *_):
        name = self.name()
        return [f"def f(v={self.expression()}):", f"    return {self.quiet()} + v", f"{name} = f()"]

    def check(self, *_):
        return [f"assert {self.test()}, {self.expression()}"]

    def leave_loop(self, *_):
        return [self.random.choice(["break", "continue"])]

    def optional_else(self, depth, in_loop):
        if self.random.random() < 0.4:
            return ["else:", *self.block(depth + 1, in_loop)]
        return []

    def branch(self, depth, in_loop):
        lines = [f"if {self.test()}:", *self.block(depth + 1, in_loop)]
        if self.random.random() < 0.3:
            lines += [f"elif {self.test()}:", *self.block(depth + 1, in_loop)]
        return lines + self.optional_else(depth, in_loop)

    def for_loop(self, depth, in_loop):
        head = f"for {self.name()} in range({self.random.randint(0, 4)}):"
        return [head, *self.block(depth + 1, True), *self.optional_else(depth, in_loop)]

    def while_loop(self, depth, in_loop):
        counter = f"n{self.count}"
        test = self.random.choice([self.test(), self.test(), "True"])
        head = [f"{counter} = 0", f"while {test}:"]
        head += [f"    {counter} += 1", f"    if {counter} > 5:", "        break"]
        return [*head, *self.block(depth + 1, True), *self.optional_else(depth, in_loop)]

    def attempt(self, depth, in_loop):
        lines = ["try:", *self.block(depth + 1, in_loop)]
        final = self.random.random() < 0.4
        handlers = self.random.sample(ERRORS, self.random.randint(0 if final else 1, 3))
        for error in handlers:
            name = self.random.choice(["", " as error"])
            lines += [f"except {error}{name}:", *self.block(depth + 1, in_loop)]
            if self.random.random() < 0.2:
                lines += ["    raise"]
        lines += self.optional_else(depth, in_loop) if handlers else []
        return lines + (["finally:", *self.block(depth + 1, in_loop)] if final else [])


def write(seed):
    """The source of `program(a, b, c=2, d=4, e=5)`."""
    writer = Writer(seed)
    body = writer.block(0, False) + writer.block(0, False)
    return "\n".join(
        ["def loud(x):", "    print(x)", "    return x", "",
         "def program(a, b, c=2, d=4, e=5):", *body, "    return a, b, c, d, e", ""]
    )  # fmt: skip
