"""What alembic runs: the revisions, on the connection that it was lent."""

from alembic import context

from inboxlink.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
