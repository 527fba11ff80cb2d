"""What Alembic runs to apply the steps, over the connection that `schema` hands to it."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
