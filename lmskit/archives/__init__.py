"""Files of archived terms: rows in Parquet, in a folder or a bucket, whole or not at all; no database."""
