# Versions of the tables, by Alembic.
