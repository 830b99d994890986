"""The one data structure that every stage reads and writes."""
