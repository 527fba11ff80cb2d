"""What Alembic runs to apply the steps; the connection is handed over by `shared.database.schema`."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
