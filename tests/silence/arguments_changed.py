"""Lists, dicts and objects among the arguments that change, by whatever name."""

from tests.silence.listed import VECTOR, Record, given

ARGUMENTS = ([[0.7, 1.4], [0.5, 1.0]],)
REFUSED = {}
TUPLE = ([0.7, 1.4], [0.5, 1.0])
TABLE = {"a": [0.7, 1.4], "b": [0.5, 1.0]}


def row_by_a_name(rows):
    row, x = rows[0], rows[0][0]
    row[1] = x**3
    return rows[0][1] + rows[1][1] * rows[0][0]


def last_item_of_every_row(rows):
    x = rows[0][0]
    for row in rows:
        row[-1] = x**3
    return rows[0][1] + rows[1][1] * rows[0][0]


def every_row_grows(rows):
    for row in rows:
        row.append(row[0] * row[1])
    return rows[0][2] + rows[1][2] * rows[0][0]


@given(TUPLE)
def every_list_of_a_tuple_grows(rows):
    for row in rows:
        row.append(row[0] * row[1])
    return rows[0][2] + rows[1][2] * rows[0][0]


def rows_numbered(rows):
    x = rows[0][0]
    for i, row in enumerate(rows):
        row[i] = x**3
    return rows[0][1] + rows[1][1] * rows[0][0]


def row_is_added_and_all_are_changed(rows):
    rows.append([rows[0][0], 2.0])
    for row in rows:
        row[-1] = rows[0][0] ** 3
    return rows[0][1] * rows[1][0] * rows[2][1]


def row_is_added_and_all_are_changed_backwards(rows):
    rows.append([rows[0][0], 2.0])
    for row in reversed(rows):
        row[0] = row[1] * row[0]
    return rows[0][1] * rows[1][0] * rows[2][1] * rows[0][0]


def row_is_added_and_all_are_weighted(rows):
    rows.append([rows[0][0], 2.0])
    for weight, row in zip((1.0, 2.0, 3.0), rows):
        row[0] = row[1] * row[0] + weight
    return rows[0][1] * rows[1][0] * rows[2][1] * rows[0][0]


def rows_unpacked(rows):
    a, b = rows
    a[0] = b[0] ** 2
    b.append(a[0] * a[1])
    return rows[0][0] * rows[1][2]


def row_changed_by_a_function(rows):
    for row in rows:
        _multiply(row, 3.0)
    return rows[0][0] * rows[1][0]


def _multiply(row, x):
    row[0] = row[0] * x


def rows_exchanged(rows):
    rows[0], rows[1] = rows[1], rows[0]
    rows[0].insert(0, rows[1][0])
    rows[1].reverse()
    return rows[0][0] * rows[0][1] + rows[1][0]


@given(TABLE)
def lists_of_a_dict_grow(table):
    for row in table.values():
        row.append(row[0] * row[1])
    return table["a"][2] * table["b"][1] + table["b"][2]


@given(TABLE)
def lists_of_a_dict_by_items(table):
    for _, row in table.items():
        row[0] = row[0] * row[1]
    return table["a"][0] * table["b"][1] + table["b"][0]


@given(TABLE)
def lists_of_a_dict_by_keys(table):
    for key in table:
        table[key][0] = table[key][0] * table[key][1]
    return table["a"][0] * table["b"][1] + table["b"][0]


@given(Record([[0.7, 1.4], [0.5, 1.0]]))
def lists_of_an_object_grow(record):
    for row in record.value:
        row.append(row[0] * row[1])
    return record.value[0][2] * record.value[1][2]


@given(Record([[0.7, 1.4], [0.5, 1.0]]))
def item_of_an_object_twice(record):
    record.value[0][1] = record.value[1][0] ** 2
    record.value[0][1] = record.value[0][1] * record.value[0][0]
    return record.value[0][1] * record.value[1][1]


@given([Record(0.7, [0.3]), Record(1.3, [0.2])])
def objects_exchanged(records):
    records[0], records[1] = records[1], records[0]
    records[0].other.append(records[1].value)
    records[1].other = records[0].other
    records[0].value *= records[1].other[0]
    records.append(Record(records[0].value, records[1].other))
    records[2].other[0] *= 2
    return sum(r.value * sum(r.other) for r in records)


@given(Record(VECTOR * 1))
def array_replaced_and_written(record):
    record.value = record.value * 2
    record.value[0] = record.value[1] ** 2
    return (record.value**2).sum()


@given(Record(VECTOR * 1))
def array_written_and_replaced(record):
    old = record.value
    record.value[0] = record.value[1] ** 2
    record.value = record.value * 2
    old[1] = 3.0 * record.value[2]
    return (record.value**2).sum() + old.sum()


@given([VECTOR, VECTOR * 2])
def arrays_in_a_list(arrays):
    arrays[0] = arrays[0] * arrays[1]
    arrays[0][0] = arrays[1][2]
    arrays[1] += arrays[0]
    arrays.append(arrays[0][1:])
    arrays[2][0] *= 3
    return sum((a**2).sum() for a in arrays)


@given({"weights": [VECTOR, VECTOR * 2], "rate": 0.5})
def parameters_that_learn(parameters):
    for _ in range(2):
        for i, w in enumerate(parameters["weights"]):
            parameters["weights"][i] = w - 0.1 * w**3 * parameters["rate"]
    parameters["weights"][0][1] = parameters["rate"]
    return sum((w**2).sum() for w in parameters["weights"])


class Scale:
    def __init__(self, w):
        self.w, self.calls = w, []

    def __call__(self, x):
        y = self.w * x
        self.calls.append(y)
        return y


class Model:
    def __init__(self, *layers):
        self.layers, self.out = list(layers), None

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        self.out = x
        return x


@given(Model(Scale(0.7), Scale(1.3)), 0.9)
def model_that_keeps_what_it_gave(model, x):
    model(x)
    model(model.out)
    model.layers[0].w = model.layers[0].w * 2
    return model(x) * model.layers[0].calls[1] * model.layers[1].calls[0]


@given(Model(Scale(VECTOR * 1), Scale(VECTOR * 2)), VECTOR)
def model_of_arrays(model, x):
    model(x)
    model.layers[0].w *= 2
    model.layers[1].w = model.layers[0].w
    model.layers[0].w[0] = x[2]
    return (model(x) * model.layers[0].calls[0] * model.layers[1].calls[0]).sum()


@given(Model(Scale(0.7)), 0.9)
def model_that_gets_layers(model, x):
    model.layers.append(Scale(x * model.layers[0].w))
    model.layers.insert(0, Scale(x))
    y = model(x)
    last = model.layers.pop(1)
    last.w = 5.0 * x
    return y * model(x) * last.w


@given(0.7, [0.3, 0.4], {"a": 0.5})
def by_star_and_keyword(x, items, table):
    def change(*lists, **tables):
        lists[0].append(x)
        tables["y"]["b"] = x * x
        return sum(lists[0])

    total = change(items, y=table)
    items[0] *= total
    return total * table["b"] * sum(items)
