"""What alembic runs: the connection and its transaction are the caller's (``upgrade``)."""

from alembic import context

from venuenet.store.schema import metadata

# Batch mode rebuilds a table where SQLite cannot alter it.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
