"""The one door to the database: tables, connection, and the statements that the flow needs."""
