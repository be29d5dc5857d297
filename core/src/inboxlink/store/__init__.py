"""Where connections, sign-ins and the ledger are kept: SQLAlchemy Core, SQLite by default.

`schema` is the shape, `migrations` how it came to be, `engine` opens it safely, and each other
module keeps one kind of thing.
"""
