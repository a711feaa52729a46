"""The parts of one machine: Kafka (kafka.py), PostgreSQL (postgres.py), containers for either (docker.py)."""
