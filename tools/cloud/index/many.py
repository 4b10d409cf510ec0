# Statements for many rows at once: what a row costs is what limits how many requests there can be.

from sqlalchemy import text


class Many:
    """A statement that works on many rows, in one go in PostgreSQL, one by one in SQLite.

    `table` is a Table, `names` those of the columns that the rows have.
    """

    def __init__(self, table, names):
        self._table = table
        self._names = names
        self._each = self._one()
        self._done = None

    def run(self, connection, rows):
        """Do it for `rows`, a list of dicts."""
        if not rows:
            return
        if connection.dialect.name == "sqlite":
            # Its driver knows :name, and passes over what a row has more: no work for each one.
            connection.exec_driver_sql(self._each, rows)
        else:
            columns = {name: [row[name] for row in rows] for name in self._names}
            connection.execute(self._all(connection.dialect), columns)

    def _all(self, dialect):
        if self._done is None:
            self._done = self._made(dialect)
        return self._done

    def _made(self, dialect):
        types = [self._table.c[name].type.compile(dialect) for name in self._names]
        pairs = zip(self._names, types, strict=True)
        arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in pairs)
        return text(self._whole(f"unnest({arrays}) AS new ({', '.join(self._names)})"))

    def _one(self):
        raise NotImplementedError

    def _whole(self, rows):
        raise NotImplementedError


class Insert(Many):
    """Inserts rows, or changes those that have the same `key` (names of columns) already."""

    def __init__(self, table, names, key=()):
        self._key = key
        super().__init__(table, names)

    def _begin(self):
        return f"INSERT INTO {self._table.name} ({', '.join(self._names)})"

    def _end(self):
        if not self._key:
            return ""
        rest = [name for name in self._names if name not in self._key]
        changes = ", ".join(f"{name} = excluded.{name}" for name in rest)
        return f" ON CONFLICT ({', '.join(self._key)}) DO UPDATE SET {changes}"

    def _one(self):
        values = ", ".join(":" + name for name in self._names)
        return f"{self._begin()} VALUES ({values}){self._end()}"

    def _whole(self, rows):
        return f"{self._begin()} SELECT * FROM {rows}{self._end()}"


class Update(Many):
    """Changes rows that are there, by their `id`, which is among the names."""

    def _changes(self, source):
        names = [name for name in self._names if name != "id"]
        return ", ".join(f"{name} = {source}{name}" for name in names)

    def _one(self):
        return f"UPDATE {self._table.name} SET {self._changes(':')} WHERE id = :id"

    def _whole(self, rows):
        table = self._table.name
        return f"UPDATE {table} SET {self._changes('new.')} FROM {rows} WHERE {table}.id = new.id"
