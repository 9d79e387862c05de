"""Reports: findings and lists out to Excel, CSV, JSON and Parquet. Knows no rules and runs nothing."""
