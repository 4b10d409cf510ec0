# Alembic runs this; the connection comes from upgrade.py.

from alembic import context

# Loaded by its file: it has no package to import from relatively.
context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
