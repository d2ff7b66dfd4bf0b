"""What an operator sees of a server: health, metrics, logs, the admin API."""
