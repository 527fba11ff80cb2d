"""What does the metadata know? Picture hash -> vector and facts of its file, in JSON or Parquet.

Nothing here knows of archives, classifiers or the database.
"""
